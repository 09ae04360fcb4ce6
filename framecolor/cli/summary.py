"""Print what became of the shots of a command: problems, then a table or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framecolor.errors import on_one_line

if TYPE_CHECKING:
    from framecolor.pipeline.result import Outcome

_SHOWN_FAILURES = 8


@dataclass(frozen=True)
class Row:
    """What became of one shot.

    outcome, error  one of them: what was painted, or why nothing was
    report          file of the report; None if none was written
    warned          warnings that were printed already
    """

    name: str
    outcome: Outcome | None = None
    error: str = ""
    report: Path | None = None
    warned: Sequence[str] = ()

    @property
    def title(self) -> str:
        """The name with escapes for characters that cannot be printed."""
        return on_one_line(self.name)

    @property
    def exit_code(self) -> int:
        if self.outcome is None:
            return 2
        return 1 if self.outcome.failed else 0


def print_summary(rows: Sequence[Row], progress: str) -> None:
    """Print problems to stderr, then a line per shot in the style of --progress, and a line per report."""
    print_problems(rows, progress)
    if progress == "json":
        _print_json(rows)
    else:
        _print_table(rows)


def print_problems(rows: Sequence[Row], progress: str) -> None:
    """Print a line per error, warning and failed frame; for openjd also one line with the reason of the failure."""
    for row in rows:
        if row.outcome is None:
            click.echo(f"error: {row.error}", err=True)
            continue
        for warning in row.outcome.warnings:
            if warning in row.warned:
                continue
            click.echo(f"warning: {row.title}: {warning}", err=True)
        for number, error in row.outcome.failed.items():
            click.echo(f"failed: {row.title} frame {number}: {error}", err=True)
    reasons = "; ".join(_describe_failure(row) for row in rows if row.exit_code)
    if progress == "openjd" and reasons:
        click.echo(f"openjd_fail: {reasons}")


def _describe_failure(row: Row) -> str:
    if row.outcome is None:
        return row.error
    failed = list(row.outcome.failed.items())
    numbers = ", ".join(str(number) for number, _ in failed[:_SHOWN_FAILURES])
    more = f" and {len(failed) - _SHOWN_FAILURES} more" if len(failed) > _SHOWN_FAILURES else ""
    return f"{row.title}: {len(failed)} frames failed ({numbers}{more}): {failed[0][1]}"


def _print_json(rows: Sequence[Row]) -> None:
    """Print a JSON object per shot, each on its own line."""
    for row in rows:
        table: dict[str, Any] = {"shot": row.name, "stage": "done", "exit_code": row.exit_code}
        if (o := row.outcome) is None:
            table["error"] = row.error
        else:
            table |= {"out": str(o.out), "keys": o.keys, "written": len(o.written), "unchanged": len(o.unchanged)}
            failed = {str(number): error for number, error in o.failed.items()}
            table |= {"failed": failed, "warnings": o.warnings, "to_check": o.unsure, "seconds": round(o.seconds, 1)}
            if row.report is not None:
                table["report"] = str(row.report)
        click.echo(json.dumps(table))


def _print_table(rows: Sequence[Row]) -> None:
    """Print a table with a line per shot; nothing if no shot was painted, as the errors are printed already."""
    if all(row.outcome is None for row in rows):
        return
    width = max(4, *(len(row.title) for row in rows))
    click.echo(f"{'shot':{width}}  keys  painted  unchanged  failed  to check  seconds  where")
    for row in rows:
        if (o := row.outcome) is None:
            cells = f"{'-':>4}  {'-':>7}  {'-':>9}  {'-':>6}  {'-':>8}  {'-':>7}  not painted"
        else:
            cells = (
                f"{o.keys:4}  {len(o.written):7}  {len(o.unchanged):9}  {len(o.failed):6}"
                f"  {o.unsure:8}  {o.seconds:7.1f}  {on_one_line(str(o.out))}"
            )
        click.echo(f"{row.title:{width}}  {cells}")
    for row in rows:
        if row.report is not None:
            click.echo(f"report: {on_one_line(str(row.report))}")
