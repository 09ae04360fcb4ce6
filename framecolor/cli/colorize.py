"""framecolor colorize: paint shots."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from framecolor.cli.frame_log import FrameLog
from framecolor.cli.options import (
    ShotPath,
    cel_option,
    corrections_option,
    gather_settings,
    list_shots,
    open_shot,
    overwrite_option,
    paint_options,
    shot_options,
)
from framecolor.cli.progress import STYLES, ProgressPrinter, Style
from framecolor.cli.summary import Row, print_summary
from framecolor.errors import FramecolorError, OutputError
from framecolor.version import VERSION

if TYPE_CHECKING:
    from framecolor.shot import Shot


@click.command()
@click.argument("shots", nargs=-1, required=True, type=click.Path(), metavar="SHOT...")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder for the frames; SHOT/color if not given.")
@shot_options
@cel_option
@corrections_option
@paint_options
@overwrite_option
@click.option("--report", is_flag=True, help="Write report.html beside the frames.")
@click.option("--progress", type=click.Choice(STYLES), default="auto", show_default=True)
@click.option("--log", metavar="FILE", help="Add a line per frame to this file: timings, confidence; - for stdout.")
@click.option("--part", is_flag=True, help="Other tasks paint other --frames now; `farm finish` tells of them all.")
def colorize(
    shots: tuple[str, ...],
    out: Path | None,
    keys: Path | None,
    hints: Path | None,
    stencils: Path | None,
    sheet: Path | None,
    frames: str | None,
    cels: tuple[str, ...],
    corrections: Path | None,
    report: bool,
    progress: str,
    log: str | None,
    part: bool,
    **given: Any,
) -> None:
    """Paint every frame of a shot from its painted keys.

    SHOT is a folder with line/ and keys/, a sequence pattern (cut.####.png, %04d) or a movie (these two with --keys).
    Several shots are painted one after the other; one that fails does not stop the rest. A cut folder (Cut-005/Line/A,
    Cut-005/Keys/A) is as many shots as it has cels, painted into Cut-005_Cell/A; Line/A.R1 holds A's first retake.
    Of a whole cut, --keys, --hints and --stencils name folders that have one for each cel, and -o gets one for each.

    An exposure sheet in the shot's or the cut's folder tells which drawings are shown: others are not painted.

    Strokes in hints/, also of single regions of single frames, go where the regions go. Without a key, colors are
    proposed. With --stencils only painted frames that have a mask change, inside of it; each then becomes a key.

    \b
    Examples:
      framecolor colorize cut_012 --report
      framecolor colorize 'sh010.####.png' --keys painted -o sh010_color
      framecolor colorize cut_012 --corrections corrections.json --fit keep
      framecolor colorize Cut-005 --cel A,B --sheet Cut-005/take2.xdts
    """
    from framecolor.pipeline import colorize as paint
    from framecolor.report import write_report

    chosen = list_shots(shots, cels)
    if corrections is not None and len(chosen) > 1:
        raise click.UsageError("--corrections are of one shot: paint each shot with its own")
    if part and (stencils is not None or report):
        raise click.UsageError("--part takes neither --stencils nor --report: they are of the whole shot")
    frame_log = FrameLog(log)
    rows = []
    outs: dict[Path, ShotPath] = {}
    for position, one in enumerate(chosen):
        name = one.name
        printer = ProgressPrinter(name, cast(Style, progress), position, len(chosen))
        try:
            shot = open_shot(one.path, *one.find_given(keys, hints, stencils), frames, corrections, sheet)
            target = _choose_out(shot, one, out, several=len(shots) > 1)
            other = outs.setdefault(target.resolve(), one)
            if other is not one:
                raise OutputError(target, f"is where {other.path} goes already", "paint one of them with another -o")
            frame_log.begin(name, len(shot.wanted), len(shot.keys), VERSION)
            settings = gather_settings(shot.root, given)
            listener = partial(frame_log.note, name)
            outcome = paint(
                shot, target, settings, printer, stencils=stencils is not None, part=part, listener=listener
            )
            if report:
                write_report(outcome.out)
            rows.append(Row(name, outcome))
        except FramecolorError as error:
            rows.append(Row(name, error=str(error)))
        finally:
            printer.close()
        frame_log.end(name, rows[-1].outcome, rows[-1].exit_code, rows[-1].error)
    frame_log.close()
    print_summary(rows, progress)
    code = max(row.exit_code for row in rows)
    if code == 2 and any(row.outcome is not None for row in rows):
        code = 1  # some work was done
    if code == 1 and part:
        code = 0  # to try the task again would not mend a drawing; `farm finish` ends with 1
    raise click.exceptions.Exit(code)


def _choose_out(shot: Shot, one: ShotPath, out: Path | None, *, several: bool) -> Path:
    """The folder that a shot's frames go to; `several` tells whether -o is of more than one shot or cut."""
    if out is None:
        return shot.out
    if several:
        return out / shot.name
    return out if one.cel is None else out / one.cel
