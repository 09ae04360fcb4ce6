"""framecolor sheet: write the timing of painted frames as an exposure sheet."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import click

from framecolor.cli.movie import FpsType
from framecolor.cli.options import PATH, cel_option
from framecolor.cli.shots import list_shots


@click.command()
@click.argument("shot", metavar="SHOT|OUT", type=PATH)
@click.option("-o", "--out", "path", required=True, type=PATH, metavar="FILE",
              help="The sheet: .xdts, .csv or, for TVPaint, .json.")  # fmt: skip
@click.option("--fps", type=FpsType(), help="Frames a second; if not given, those of the exposure sheet, or 24.")
@click.option("--sheet", type=PATH, metavar="FILE",
              help="Exposure sheet that has the timing; that of SHOT if not given.")  # fmt: skip
@click.option("--on", "held", type=click.IntRange(1, 1000), metavar="N",
              help="Show every drawing for N frames; ignores the exposure sheet.")  # fmt: skip
@cel_option
def sheet(
    shot: Path, path: Path, fps: Fraction | None, sheet: Path | None, held: int | None, cels: tuple[str, ...]
) -> None:
    """Write when painted frames are shown as an exposure sheet: XDTS, CSV or TVPaint's JSON.

    The timing is that of the shot's own exposure sheet, whatever program wrote it: an export of TVPaint or Krita, SXF,
    TDTS, XDTS or CSV. XDTS opens in OpenToonz and CLIP STUDIO PAINT, CSV in any table. The JSON also names the painted
    frames: written beside their folders, as an export of TVPaint has its pictures. Without a sheet, every number is
    shown for one frame.

    For a cut folder, the sheet has all painted cels, or those of --cel.

    \b
    Examples:
      framecolor sheet Cut-005 -o Cut-005_Cell/Cut-005.xdts
      framecolor sheet Cut-005 --cel A -o a.csv
      framecolor sheet cut_012 -o cut_012/color/twos.xdts --on 2
    """
    from framecolor.core.text import count_of
    from framecolor.movie.sheet import write_sheet

    if held is not None and sheet is not None:
        raise click.UsageError("--on and --sheet both set how long drawings are shown: give one of them")
    done = write_sheet([one.path for one in list_shots([shot], cels)], path, sheet=sheet, held=held, fps=fps)
    for note in done.notes:
        click.echo(f"note: {note}", err=True)
    tracks = ", ".join(done.sheet.names)
    click.echo(
        f"{path}: {count_of(done.sheet.frames, 'frame')} of {tracks}, at {done.sheet.fps or 24:g} frames a second"
    )
