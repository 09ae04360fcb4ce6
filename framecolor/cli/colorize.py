"""framecolor colorize: paint shots."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framecolor.cli.frame_log import FrameLog
from framecolor.cli.options import corrections_option, gather_settings, out_option, paint_options, shot_options
from framecolor.cli.progress import ProgressPrinter, Style, progress_option
from framecolor.cli.shots import ShotPath, list_notes, list_shots, open_shot
from framecolor.cli.summary import Row, print_summary
from framecolor.config.settings import NO_FILE
from framecolor.errors import FramecolorError, OutputError
from framecolor.version import VERSION

if TYPE_CHECKING:
    from framecolor.pipeline.events import Event
    from framecolor.shot.shot import Shot

_PLACES = ("keys", "hints", "stencils", "references", "frames", "corrections", "sheet")


@click.command()
@click.argument("shots", nargs=-1, required=True, type=click.Path(), metavar="SHOT...")
@out_option
@shot_options
@corrections_option
@paint_options
@click.option("--report", is_flag=True, help="Write report.html beside the frames.")
@progress_option
@click.option("--log", metavar="FILE", help="Append a line per frame to this file: times, confidence; - for stdout.")
@click.option("--part", is_flag=True, help="Paint --frames as one of several tasks; `farm finish` gathers their work.")
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

    SHOT is a folder with line/ and keys/, a sequence pattern (cut.####.png, %04d) or a movie; the last two need --keys.
    Several shots are painted one after the other; one that fails does not stop the rest.

    A cut folder (Cut-005/Line/A, Cut-005/Keys/A) holds one shot for each cel, painted into Cut-005_Cell/A. Line/A.R1
    holds the first retake of A. For a whole cut, the folders of --keys, --hints, --stencils and -o have a subfolder for
    each cel.

    If the shot or the cut has an exposure sheet, only the drawings that it shows are painted.

    A stroke in hints/ colors its region in every frame. Painted drawings of other cuts in references/, in the shot or
    beside it, are used as well. A shot with neither a key nor a reference gets proposed colors. With --stencils,
    painted frames change only inside of their mask, and each of them becomes a key.

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
    if str(places["corrections"] or NO_FILE) != NO_FILE and len(chosen) > 1:
        raise click.UsageError("--corrections belongs to one shot: paint each shot with its own file")
    if part and (places["stencils"] is not None or report):
        raise click.UsageError("--part takes neither --stencils nor --report: they concern the whole shot")
    outs = _Outs(out, several=len(shots) > 1)
    frame_log = FrameLog(log)
    rows = []
    for position, one in enumerate(chosen):
        printer = ProgressPrinter(one.name, progress, position, len(chosen))
        try:
            shot = open_shot(one, **places)
            settings = gather_settings(shot.root, given)
            for note in list_notes(shot, settings):
                printer.note(note)
            target = outs.choose(shot, one)
            frame_log.begin(one.name, len(shot.wanted), len(shot.keys), VERSION)
            paint = colorize_part if part else colorize_stencils if places["stencils"] is not None else colorize_shot
            listener = partial(_listen, printer, frame_log, one.name)
            outcome = paint(shot, target, settings, listener)
            written = write_report(outcome.out) if report else None
            rows.append(Row(one.name, outcome, report=written, warned=printer.warned))
        except FramecolorError as error:
            rows.append(Row(one.name, error=str(error)))
        finally:
            printer.close()
        frame_log.end(one.name, rows[-1].outcome, rows[-1].exit_code, rows[-1].error)
    frame_log.close()
    print_summary(rows, progress)
    code = _choose_exit_code(rows, part)
    # All frames are there, but a script must not take half a log for a whole one.
    raise click.exceptions.Exit(2 if frame_log.is_cut and code == 0 else code)


class _Outs:
    """Chooses the output folder of each shot; several: the command line names more than one shot or cut."""

    def __init__(self, given: Path | None, *, several: bool) -> None:
        self._given, self._several = given, several
        self._taken: dict[Path, ShotPath] = {}

    def choose(self, shot: Shot, one: ShotPath) -> Path:
        """Choose the folder for a shot's frames. Raises OutputError if another shot of this call has it already."""
        out = shot.out
        if self._given is not None:
            out = self._given / shot.name if self._several else self._given / (one.cel or "")
        other = self._taken.setdefault(out.resolve(), one)
        if other is not one:
            raise OutputError(out, f"already gets the frames of {other.path}", "paint one of them with another -o")
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
    # A farm would retry the task, which does not repair a drawing; `farm finish` ends with 1 instead.
    return 0 if code == 1 and part else code
