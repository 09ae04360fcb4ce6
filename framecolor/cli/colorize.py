"""framecolor colorize: paint shots."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from framecolor.cli.frame_log import FrameLog
from framecolor.cli.options import gather_settings, open_shot, paint_options, shot_options
from framecolor.cli.progress import STYLES, ProgressPrinter, Style
from framecolor.errors import FramecolorError, OutputError
from framecolor.version import VERSION

if TYPE_CHECKING:
    from framecolor.outcome import Outcome


@dataclass(frozen=True)
class _Row:
    """What became of one shot: an outcome or an error."""

    name: str
    outcome: Outcome | None = None
    error: str = ""

    @property
    def exit_code(self) -> int:
        if self.outcome is None:
            return 2
        return 1 if self.outcome.failed else 0


@click.command()
@click.argument("shots", nargs=-1, required=True, type=click.Path(), metavar="SHOT...")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder for the frames; SHOT/color if not given.")
@shot_options
@click.option("--corrections", type=click.Path(path_type=Path), metavar="FILE",
              help="Regions set right on the report page: final in their frame, and votes in others.")  # fmt: skip
@paint_options
@click.option("--overwrite", is_flag=True, default=None, help="Paint again what is up to date.")
@click.option("--report", is_flag=True, help="Write report.html beside the frames.")
@click.option("--progress", type=click.Choice(STYLES), default="auto", show_default=True)
@click.option("--log", metavar="FILE", help="Add a line per frame to this file: timings, confidence; - for stdout.")
@click.option("--part", is_flag=True, help="Other tasks paint other --frames of the shot now: see `farm`.")
def colorize(
    shots: tuple[str, ...],
    out: Path | None,
    keys: Path | None,
    hints: Path | None,
    stencils: Path | None,
    frames: str | None,
    corrections: Path | None,
    report: bool,
    progress: str,
    log: str | None,
    part: bool,
    **given: Any,
) -> None:
    """Paint every frame of a shot from its painted keys.

    SHOT is a folder with line/ and keys/, a sequence pattern (cut.####.png, %04d) or a movie (these two with --keys).
    Several shots are painted one after the other; one that fails does not stop the rest.

    Strokes in hints/, also of single regions of single frames, go where the regions go. Without a key, colors are
    proposed. With --stencils only painted frames that have a mask change, inside of it; each then becomes a key.

    \b
    Examples:
      framecolor colorize cut_012 --report
      framecolor colorize 'sh010.####.png' --keys painted -o sh010_color
      framecolor colorize cut_012 --corrections corrections.json --fit keep
    """
    from framecolor.pipeline import colorize as paint
    from framecolor.report import write_report

    if corrections is not None and len(shots) > 1:
        raise click.UsageError("--corrections are of one shot: paint each shot with its own")
    if part and (stencils is not None or report):
        raise click.UsageError("--part takes neither --stencils nor --report: they are of the whole shot")
    frame_log = FrameLog(log)
    rows = []
    outs: dict[Path, str] = {}
    for position, path in enumerate(shots):
        name = Path(path).name or Path(path).resolve().name
        printer = ProgressPrinter(name, cast(Style, progress), position, len(shots))
        try:
            shot = open_shot(path, keys, hints, stencils, frames, corrections)
            target = shot.root / "color" if out is None else out / shot.name if len(shots) > 1 else out
            other = outs.setdefault(target.resolve(), path)
            if other != path or position != shots.index(path):
                raise OutputError(target, f"is where {other} goes already", "paint one of them with another -o")
            frame_log.begin(name, len(shot.wanted), len(shot.keys), VERSION)
            settings = gather_settings(shot.root, given)
            listener = partial(frame_log.note, name)
            outcome = paint(
                shot, target, settings, printer, stencils=stencils is not None, part=part, listener=listener
            )
            if report:
                write_report(outcome.out)
            rows.append(_Row(name, outcome))
        except FramecolorError as error:
            rows.append(_Row(name, error=str(error)))
        finally:
            printer.close()
        frame_log.end(name, rows[-1].outcome, rows[-1].exit_code, rows[-1].error)
    frame_log.close()
    _report_problems(rows)
    if progress == "json":
        _print_json(rows)
    else:
        _print_table(rows)
    code = max(row.exit_code for row in rows)
    if code == 2 and any(row.outcome is not None for row in rows):
        code = 1  # some work was done
    raise click.exceptions.Exit(code)


def _report_problems(rows: list[_Row]) -> None:
    """Errors, warnings and failed frames, a line each."""
    for row in rows:
        if row.outcome is None:
            click.echo(f"error: {row.error}", err=True)
            continue
        for warning in row.outcome.warnings:
            click.echo(f"warning: {row.name}: {warning}", err=True)
        for number, error in row.outcome.failed.items():
            click.echo(f"failed: {row.name} frame {number}: {error}", err=True)


def _print_json(rows: list[_Row]) -> None:
    """One JSON object for every shot, on a line of its own."""
    for row in rows:
        table: dict[str, Any] = {"shot": row.name, "stage": "done", "exit_code": row.exit_code}
        if (o := row.outcome) is None:
            table["error"] = row.error
        else:
            table |= {"out": str(o.out), "keys": o.keys, "written": len(o.written), "unchanged": len(o.unchanged)}
            table |= {"failed": o.failed, "warnings": o.warnings, "to_check": o.unsure, "seconds": round(o.seconds, 1)}
        click.echo(json.dumps(table))


def _print_table(rows: list[_Row]) -> None:
    """One line for every shot."""
    width = max(4, *(len(row.name) for row in rows))
    click.echo(f"{'shot':{width}}  keys  painted  unchanged  failed  to check  seconds  where")
    for row in rows:
        if (o := row.outcome) is None:
            click.echo(f"{row.name:{width}}  not painted: {row.error}")
            continue
        click.echo(
            f"{row.name:{width}}  {o.keys:4}  {len(o.written):7}  {len(o.unchanged):9}  {len(o.failed):6}"
            f"  {o.unsure:8}  {o.seconds:7.1f}  {o.out}"
        )
