"""framecolor repaint: other colors for painted frames, without a new run."""

from __future__ import annotations

from pathlib import Path

import click

from framecolor.cli.shots import find_output


@click.command()
@click.argument("shot", metavar="SHOT|OUT", type=click.Path(path_type=Path))
@click.option("--palette", required=True, type=click.Path(path_type=Path), metavar="FILE",
              help="The new colors: .gpl with the entries of OUT/palette.gpl, or .json with its ids.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder for the frames; OUT-NAME if not given.")
def repaint(shot: Path, palette: Path, out: Path | None) -> None:
    """Recolor painted frames by another palette, in milliseconds a frame.

    SHOT is a shot that was painted with `framecolor colorize --mattes`, or the folder that its frames are in. The new
    palette has the entries of palette.gpl there in the same order, or the same names. The painted frames stay as they
    are; lines, background and format are as in them.

    \b
    Example:
      framecolor colorize cut_012 --mattes
      cp cut_012/color/palette.gpl night.gpl      (and change its colors)
      framecolor repaint cut_012 --palette night.gpl
    """
    from framecolor.repaint import repaint as recolor

    done = recolor(find_output(shot), palette, out)
    for number, error in done.failed.items():
        click.echo(f"failed: frame {number}: {error}", err=True)
    click.echo(f"{len(done.written)} frames recolored in {done.seconds:.1f} s: {done.out}")
    raise click.exceptions.Exit(1 if done.failed else 0)
