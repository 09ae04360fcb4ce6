"""framecolor movie: write painted frames as a movie for review."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from framecolor.cli.options import PATH, cel_option
from framecolor.cli.shots import list_shots

_CODECS = ("prores", "ffv1", "h264")
_NTSC = {"23.976": Fraction(24000, 1001), "29.97": Fraction(30000, 1001), "59.94": Fraction(60000, 1001)}


class FpsType(click.ParamType):
    """An exact frame rate as a Fraction: 24, 12.5, 24000/1001. 23.976, 29.97 and 59.94 are the NTSC rates."""

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
    """A color #rrggbb as (red, green, blue)."""

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
    "--codec", type=click.Choice(_CODECS), help="Codec; if not given, .mov is prores, .mkv ffv1 and .mp4 h264."
)
@click.option("--fps", type=FpsType(), help="Frames a second; if not given, those of the exposure sheet, or 24.")
@click.option("--sheet", type=PATH, metavar="FILE",
              help="Exposure sheet; that of SHOT if not given.")  # fmt: skip
@click.option("--on", "held", type=click.IntRange(1, 1000), metavar="N",
              help="Show every drawing for N frames; ignores the exposure sheet.")  # fmt: skip
@cel_option
@click.option(
    "--background", type=ColorType(), default="#ffffff", show_default=True, help="Color under the frames, with h264."
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

    SHOT is a painted shot. OUT is a folder of painted or recolored frames. An exposure sheet of the shot decides how
    long each drawing is shown. Without one, every number is shown for one frame, and a missing number shows the frame
    before it.

    For a cut folder, all cels (or those of --cel) are composited in the order of the exposure sheet, the first at the
    bottom. A retake replaces the drawings that it has; the others come from the take before it.

    \b
    Examples:
      framecolor movie cut_012 -o review.mp4
      framecolor movie cut_012/color-night -o night.mov --on 2
      framecolor movie Cut-005 -o cut.mov
      framecolor movie Cut-005 --cel A -o a.mov
    """
    from framecolor.movie.movie import write_movie

    if held is not None and sheet is not None:
        raise click.UsageError("--on and --sheet both set how long drawings are shown: give one of them")
    shots = [one.path for one in list_shots([shot], cels)]
    done = write_movie(shots, path, codec=codec, fps=fps, sheet=sheet, held=held, background=background)
    for note in done.notes:
        click.echo(f"note: {note}", err=True)
    click.echo(f"{path}: {done.frames} frames, {done.seconds:.2f} s")
