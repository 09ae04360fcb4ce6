"""framecolor report: an HTML page that says what to check in a painted shot."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("shot", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="HTML file to write.  [default: report.html in the output]"
)
def report(shot: Path, output: Path | None) -> None:
    """Write one self-contained HTML file about SHOT: what to check, and which drawing to paint as the next key.

    SHOT is a shot folder that was painted, or the folder that its painted frames are in.
    """
    from framecolor.errors import InputError
    from framecolor.report.page import write_report
    from framecolor.report.sidecar import SIDECAR_NAME

    if not shot.is_dir():
        raise InputError(shot, "is not a folder", "give a painted shot, or the folder of its painted frames")
    out_dir = next((folder for folder in (shot, shot / "color") if (folder / SIDECAR_NAME).is_file()), None)
    if out_dir is None:
        raise InputError(
            shot, f"holds no {SIDECAR_NAME}", "run `framecolor colorize` first, or give the folder it wrote to"
        )
    click.echo(str(write_report(out_dir, target=output)))
