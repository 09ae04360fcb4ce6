"""framecolor references: a show's memory of painted drawings."""

from __future__ import annotations

from pathlib import Path

import click

from framecolor.cli.options import PATH, cel_option
from framecolor.cli.shots import list_shots, open_shot

_STATES = {"new": "added", "changed": "replaced by its newer state", "there": "is there already"}


@click.group()
def references() -> None:
    """Keep painted drawings of a shot as references for the other shots of a show.

    \b
    Example:
      framecolor references add cut_012
    """


@references.command()
@click.argument("shot", type=click.Path(), metavar="SHOT")
@click.option("--to", type=PATH, metavar="DIR", help="Folder of the references; references beside SHOT if not given.")
@click.option("--keys", type=PATH, help="Folder of painted keys; SHOT/keys if not given.")
@click.option(
    "--most", type=click.IntRange(1), default=3, show_default=True, metavar="N", help="Drawings of SHOT to keep."
)
@cel_option
def add(shot: str, to: Path | None, keys: Path | None, most: int, cels: tuple[str, ...]) -> None:
    """Copy what is worth keeping of a painted SHOT into a folder of references, with its line art.

    These are a few of its keys and of the frames that were corrected: those that add colors, then other poses. Shots
    beside SHOT use the folder from then on. A drawing that is there already is not copied again.

    \b
    Examples:
      framecolor references add cut_012
      framecolor references add cut_012 --to show_references --most 5
    """
    from framecolor.errors import on_one_line
    from framecolor.pipeline.show_memory import add_references

    for one in list_shots([shot], cels):
        opened = open_shot(one, keys=keys, references=Path("none"), corrections=Path("none"))
        for kept in add_references(opened, to, most):
            click.echo(on_one_line(f"{one.name} {kept.number}: {kept.path} {_STATES[kept.state]}"))
