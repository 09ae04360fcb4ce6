"""framecolor movie: painted frames as a movie for review."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framecolor.cli.options import PATH, cel_option
from framecolor.cli.shots import find_output, list_shots
from framecolor.errors import InputError

if TYPE_CHECKING:
    from framecolor.movie.tracks import Layer

_CODECS = ("prores", "ffv1", "h264")
_NTSC = {"23.976": Fraction(24000, 1001), "29.97": Fraction(30000, 1001), "59.94": Fraction(60000, 1001)}


class FpsType(click.ParamType):
    """Frames a second, exactly: 24, 12.5, 24000/1001; 23.976 and its kin are taken as what they stand for."""

    name = "RATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, Fraction):
            return value
        number = re.fullmatch(r"\d{1,6}(\.\d{1,6})?(/\d{1,6})?", str(value))
        try:
            rate = _NTSC.get(str(value)) or (Fraction(str(value)) if number else Fraction(0))
        except (ValueError, ZeroDivisionError):
            rate = Fraction(0)
        if not 1 <= rate <= 1000:
            self.fail(f"{value!r} is not a rate from 1 to 1000, such as 24, 23.976 or 24000/1001", param, ctx)
        return rate


class ColorType(click.ParamType):
    """A color, as #rrggbb."""

    name = "#RRGGBB"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, tuple):
            return value
        if not re.fullmatch(r"#?[0-9a-fA-F]{6}", str(value)):
            self.fail(f"{value!r} is not a color such as #808080", param, ctx)
        return tuple(bytes.fromhex(str(value).removeprefix("#")))


@click.command()
@click.argument("shot", metavar="SHOT|OUT", type=PATH)
@click.option("-o", "--out", "path", required=True, type=PATH, metavar="FILE",
              help="The movie: .mov, .mkv or .mp4.")  # fmt: skip
@click.option(
    "--codec", type=click.Choice(_CODECS), help="By the ending if not given: .mov prores, .mkv ffv1, .mp4 h264."
)
@click.option("--fps", type=FpsType(), help="Frames a second; the exposure sheet's, or 24, if not given.")
@click.option("--sheet", type=PATH, metavar="FILE",
              help="Exposure sheet, .xdts or .csv; that of SHOT if not given.")  # fmt: skip
@click.option("--on", "held", type=click.IntRange(1, 1000), metavar="N",
              help="Show every drawing for N frames, whatever a sheet says.")  # fmt: skip
@cel_option
@click.option(
    "--background", type=ColorType(), default="#ffffff", show_default=True, help="With h264: under the frames."
)
def movie(
    shot: Path,
    path: Path,
    codec: Any,
    fps: Fraction | None,
    sheet: Path | None,
    held: int | None,
    cels: tuple[str, ...],
    background: tuple[int, int, int],
) -> None:
    """Write painted frames as a movie: ProRes 4444 (with alpha), FFV1 (lossless) or H.264.

    SHOT is a painted shot; its exposure sheet, if it has one, tells how long each drawing is shown. OUT is a folder of
    painted frames, also of recolored ones. Without a sheet every number is shown for one frame, and a number that has
    no frame shows the one before it.

    Of a cut folder all cels are shown over each other, the first of the exposure sheet below the others, or those that
    --cel names; in place of a cel its last retake with what that does not replace.

    \b
    Examples:
      framecolor movie cut_012 -o review.mp4
      framecolor movie cut_012/color-night -o night.mov --on 2
      framecolor movie Cut-005 -o cut.mov
      framecolor movie Cut-005 --cel A -o a.mov
    """
    from framecolor.movie.timeline import USUAL_FPS, plan_exposures, stack_exposures, write_movie

    if held is not None and sheet is not None:
        raise click.UsageError("--on and --sheet both say how long drawings are shown: give one of them")
    layers = _open_layers(shot, cels, sheet, held)
    timing = None if held is not None else layers[0].timing
    plans = [plan_exposures(layer.files, timing and layer.timing and layer.timing.exposures, held or 1)
             for layer in layers]  # fmt: skip
    rate = fps or (USUAL_FPS if timing is None else Fraction(timing.fps).limit_denominator(1001))
    frames = write_movie(path, stack_exposures(plans), codec=codec, fps=rate, background=background)
    click.echo(f"{path}: {frames} frames, {float(frames / rate):.2f} s")


def _open_layers(shot: Path, cels: tuple[str, ...], sheet: Path | None, held: int | None) -> list[Layer]:
    """What is shown, the lowest layer first; tells what the user should know of it. Raises InputError."""
    from framecolor.movie.tracks import open_layer, order_layers
    from framecolor.shot.cut import split_retake

    latest = {one.cel and split_retake(one.cel)[0]: one for one in list_shots([shot], cels)}
    several = len(latest) > 1
    if several and held is not None:
        raise click.UsageError("--on is of drawings that are shown one after the other: choose one cel with --cel")
    # With --on no sheet is asked for.
    given = sheet if held is None else Path("none")
    layers = [
        open_layer(one.path, _find_frames(one.path, in_cut=one.cel is not None), given) for one in latest.values()
    ]
    notes = [layer.note for layer in layers if layer.note]
    if several:
        layers, notes = order_layers(shot, layers)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    return layers


def _find_frames(path: Path, *, in_cut: bool) -> Path:
    """The folder of frames: a shot's painted one, or any folder of numbered pictures. Raises InputError."""
    from framecolor.media import PAINTED_SUFFIXES
    from framecolor.shot.sequence import list_images

    try:
        return find_output(path, in_cut=in_cut)
    except InputError:
        if not in_cut and path.is_dir() and not (path / "line").is_dir() and list_images(path, PAINTED_SUFFIXES):
            return path
        raise
