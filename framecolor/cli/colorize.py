"""framecolor colorize: paint shots."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framecolor.cli.frame_log import FrameLog
from framecolor.cli.options import corrections_option, gather_settings, out_option, paint_options, shot_options
from framecolor.cli.progress import ProgressPrinter, Style, progress_option
from framecolor.cli.shots import ShotPath, list_shots, open_shot
from framecolor.cli.summary import Row, print_summary
from framecolor.errors import FramecolorError, OutputError
from framecolor.version import VERSION

if TYPE_CHECKING:
    from framecolor.pipeline.events import Event
    from framecolor.shot.shot import Shot

_PLACES = ("keys", "hints", "stencils", "frames", "corrections", "sheet")


@click.command()
@click.argument("shots", nargs=-1, required=True, type=click.Path(), metavar="SHOT...")
@out_option
@shot_options
@corrections_option
@paint_options
@click.option("--report", is_flag=True, help="Write report.html beside the frames.")
@progress_option
@click.option("--log", metavar="FILE", help="Add a line per frame to this file: timings, confidence; - for stdout.")
@click.option("--part", is_flag=True, help="Other tasks paint other --frames now; `farm finish` tells of them all.")
def colorize(
    shots: tuple[str, ...],
    out: Path | None,
    cels: tuple[str, ...],
    report: bool,
    progress: Style,
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
    from framecolor.pipeline.colorize import colorize as colorize_shot
    from framecolor.pipeline.colorize import colorize_part, colorize_stencils
    from framecolor.report import write_report

    chosen = list_shots(shots, cels)
    places = {name: given.pop(name) for name in _PLACES}
    if places["corrections"] is not None and len(chosen) > 1:
        raise click.UsageError("--corrections are of one shot: paint each shot with its own")
    if part and (places["stencils"] is not None or report):
        raise click.UsageError("--part takes neither --stencils nor --report: they are of the whole shot")
    outs = _Outs(out, several=len(shots) > 1)
    frame_log = FrameLog(log)
    rows = []
    for position, one in enumerate(chosen):
        printer = ProgressPrinter(one.name, progress, position, len(chosen))
        try:
            shot = open_shot(one, **places)
            target = outs.choose(shot, one)
            frame_log.begin(one.name, len(shot.wanted), len(shot.keys), VERSION)
            paint = colorize_part if part else colorize_stencils if places["stencils"] is not None else colorize_shot
            listener = partial(_listen, printer, frame_log, one.name)
            outcome = paint(shot, target, gather_settings(shot.root, given), listener)
            written = write_report(outcome.out) if report else None
            rows.append(Row(one.name, outcome, report=written, warned=printer.warned))
        except FramecolorError as error:
            rows.append(Row(one.name, error=str(error)))
        finally:
            printer.close()
        frame_log.end(one.name, rows[-1].outcome, rows[-1].exit_code, rows[-1].error)
    frame_log.close()
    print_summary(rows, progress)
    raise click.exceptions.Exit(_choose_exit_code(rows, part))


class _Outs:
    """Which folder each shot's frames go to; `several` tells whether -o is of more than one shot or cut."""

    def __init__(self, given: Path | None, *, several: bool) -> None:
        self._given, self._several = given, several
        self._taken: dict[Path, ShotPath] = {}

    def choose(self, shot: Shot, one: ShotPath) -> Path:
        """The folder. Raises OutputError where another shot has it already."""
        out = shot.out
        if self._given is not None:
            out = self._given / shot.name if self._several else self._given / (one.cel or "")
        other = self._taken.setdefault(out.resolve(), one)
        if other is not one:
            raise OutputError(out, f"is where {other.path} goes already", "paint one of them with another -o")
        return out


def _listen(printer: ProgressPrinter, frame_log: FrameLog, shot: str, event: Event) -> None:
    from framecolor.pipeline.events import FrameDone

    printer.listen(event)
    if isinstance(event, FrameDone):
        frame_log.note(shot, event)


def _choose_exit_code(rows: list[Row], part: bool) -> int:
    code = max(row.exit_code for row in rows)
    if code == 2 and any(row.outcome is not None for row in rows):
        code = 1  # some work was done
    # To try the task again would not mend a drawing; `farm finish` ends with 1.
    return 0 if code == 1 and part else code
