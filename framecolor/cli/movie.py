"""framecolor movie: painted frames as a movie for review."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framecolor.cli.shots import find_output
from framecolor.errors import InputError

if TYPE_CHECKING:
    from framecolor.timing import Timing

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
@click.argument("shot", metavar="SHOT|OUT", type=click.Path(path_type=Path))
@click.option("-o", "--out", "path", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="The movie: .mov, .mkv or .mp4.")  # fmt: skip
@click.option(
    "--codec", type=click.Choice(_CODECS), help="By the ending if not given: .mov prores, .mkv ffv1, .mp4 h264."
)
@click.option("--fps", type=FpsType(), help="Frames a second; the exposure sheet's, or 24, if not given.")
@click.option("--sheet", type=click.Path(path_type=Path), metavar="FILE",
              help="Exposure sheet, .xdts or .csv; that of SHOT if not given.")  # fmt: skip
@click.option("--on", "held", type=click.IntRange(1, 1000), metavar="N",
              help="Show every drawing for N frames, whatever a sheet says.")  # fmt: skip
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
    background: tuple[int, int, int],
) -> None:
    """Write painted frames as a movie: ProRes 4444 (with alpha), FFV1 (lossless) or H.264.

    SHOT is a painted shot; its exposure sheet, if it has one, tells how long each drawing is shown. OUT is a folder of
    painted frames, also of recolored ones. Without a sheet every number is shown for one frame, and a number that has
    no frame shows the one before it.

    \b
    Examples:
      framecolor movie cut_012 -o review.mp4
      framecolor movie cut_012/color-night -o night.mov --on 2
    """
    from framecolor.review import USUAL_FPS, list_painted, plan_exposures, write_movie

    if held is not None and sheet is not None:
        raise click.UsageError("--on and --sheet both say how long drawings are shown: give one of them")
    files = list_painted(_find_frames(shot))
    timing = None if held is not None else _find_timing(shot, sheet, next(iter(files.values())))
    plan = plan_exposures(files, timing and timing.exposures, held or 1)
    rate = fps or (USUAL_FPS if timing is None else Fraction(timing.fps).limit_denominator(1001))
    frames = write_movie(path, plan, codec=codec, fps=rate, background=background)
    click.echo(f"{path}: {frames} frames, {float(frames / rate):.2f} s")


def _find_frames(path: Path) -> Path:
    """The folder of frames: a shot's painted one, or any folder of numbered pictures. Raises InputError."""
    try:
        return find_output(path)
    except InputError:
        if path.is_dir() and not (path / "line").is_dir():
            return path
        raise


def _find_timing(path: Path, sheet: Path | None, frame: Path) -> Timing | None:
    """The timing of a shot's own sheet, or of one that is given; `frame` is named as its drawings are.

    Raises InputError where the sheet cannot be read.
    """
    from framecolor.errors import ShotError
    from framecolor.media.shot_files import ShotPlace, locate_shot
    from framecolor.timing import find_timing

    try:
        place = locate_shot(path, has_keys=False)
    except ShotError:  # a folder of frames: only a sheet that is named tells how long they are shown
        if sheet is None:
            return None
        place = ShotPlace(path.resolve().name, path, path)
    return find_timing(place, sheet, frame, is_folder=path.is_dir())[0]
