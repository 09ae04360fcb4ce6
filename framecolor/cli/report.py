"""framecolor report: write an HTML page that shows what to check in a painted shot."""

from __future__ import annotations

from pathlib import Path

import click

from framecolor.cli.options import PATH, cel_option
from framecolor.cli.shots import list_shots


@click.command()
@click.argument("shot", type=PATH)
@click.option("-o", "--output", type=PATH, help="HTML file to write.  [default: report.html in the output]")
@cel_option
def report(shot: Path, output: Path | None, cels: tuple[str, ...]) -> None:
    """Write one self-contained HTML file about SHOT: what to check, and which drawing to paint as the next key.

    SHOT is a painted shot, or the folder of its painted frames. For a cut folder, every cel gets its own file beside
    its frames.

    \b
    Examples:
      framecolor report cut_012
      framecolor report Cut-005 --cel A -o A.html
    """
    from framecolor.errors import on_one_line
    from framecolor.output.find import find_output
    from framecolor.report import write_report

    chosen = list_shots([shot], cels)
    if output is not None and len(chosen) > 1:
        raise click.UsageError("-o names one page, but there are several cels: choose one with --cel")
    for path in [find_output(one.path) for one in chosen]:
        click.echo(on_one_line(str(write_report(path, output))))
