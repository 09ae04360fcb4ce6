"""framecolor demo: paint the shot that ships with the package, and show the result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from framecolor.cli.options import PATH, setting_option
from framecolor.cli.progress import ProgressPrinter

if TYPE_CHECKING:
    from framecolor.config.settings import FitChoice

PICTURE_NAME = "demo.png"


@click.command()
@click.option("-o", "--output", type=PATH, default=Path("framecolor-demo"), show_default=True,
              help="Folder for the shot, its painted frames and the report.")  # fmt: skip
@setting_option("fit", default="off", show_default=True)
@setting_option("engine", default="auto", show_default=True)
def demo(output: Path, fit: FitChoice, engine: str) -> None:
    """Paint the embedded demo shot: 32 drawings of a fox girl, from 3 painted keys.

    The shot is copied into the output folder. There you can look at its drawings and keys, change them, and paint the
    shot again with `framecolor colorize`.

    \b
    Example:
      framecolor demo -o framecolor-demo
    """
    from framecolor import Settings, Shot, colorize
    from framecolor.demo import copy_shot
    from framecolor.demo.picture import choose_numbers, write_picture
    from framecolor.report import write_report
    from framecolor.shot.references import NO_REFERENCES

    copy_shot(output)
    shot = Shot.open(output, references=NO_REFERENCES)
    printer = ProgressPrinter("demo", "auto")
    try:
        outcome = colorize(shot, settings=Settings(fit=fit, engine=engine), listener=printer.listen)
    finally:
        printer.close()
    report = write_report(outcome.out)
    there = len(outcome.written) + len(outcome.unchanged)
    click.echo(f"{there} of {len(shot.wanted)} frames finished from {outcome.keys} keys in {outcome.seconds:.0f} s")
    if not outcome.failed:
        write_picture(output / PICTURE_NAME, shot, outcome.out, choose_numbers(shot))
        click.echo(f"  at a glance     {output / PICTURE_NAME}")
    click.echo(f"  painted frames  {outcome.out}")
    click.echo(f"  what to check   {report}")
    for number, problem in outcome.failed.items():
        click.echo(f"failed: frame {number}: {problem}", err=True)
    raise click.exceptions.Exit(1 if outcome.failed else 0)
