"""framecolor repaint: recolor painted frames by another palette, without a new run."""

from __future__ import annotations

from pathlib import Path

import click

from framecolor.cli.options import PATH, cel_option
from framecolor.cli.shots import list_shots


@click.command()
@click.argument("shot", metavar="SHOT|OUT", type=PATH)
@click.option("--palette", required=True, type=PATH, metavar="FILE",
              help="The new colors: a palette with the entries of OUT/palette.gpl, or .json with its ids.")  # fmt: skip
@click.option("-o", "--out", type=PATH, help="Folder for the frames; OUT-NAME if not given.")
@cel_option
def repaint(shot: Path, palette: Path, out: Path | None, cels: tuple[str, ...]) -> None:
    """Recolor painted frames by another palette, in milliseconds a frame.

    SHOT is a shot that was painted with `framecolor colorize --mattes`, or the folder OUT of its frames. The new
    palette has the entries of OUT/palette.gpl in the same order, or with the same names. The painted frames are not
    changed; the new ones have the same lines, background and format.

    For a cut folder, --cel names the cel of the palette. Several cels can be recolored at once if they were painted in
    the same colors. Frames go to Cut-005_Cell/A-NAME; -o gets a subfolder for each cel.

    \b
    Example:
      framecolor colorize cut_012 --mattes
      cp cut_012/color/palette.gpl night.gpl      (and change its colors)
      framecolor repaint cut_012 --palette night.gpl
      framecolor repaint Cut-005 --cel A --palette a-night.gpl
    """
    from framecolor.output.find import find_output
    from framecolor.recolor.recolor import check_same_paints, recolor_frames

    chosen = list_shots([shot], cels)
    outs = [find_output(one.path, in_cut=one.cel is not None) for one in chosen]
    check_same_paints(outs)
    code = 0
    for one, source in zip(chosen, outs, strict=True):
        label = "" if len(chosen) == 1 else f"{one.cel}: "
        done = recolor_frames(source, palette, None if out is None else out / (one.cel or ""))
        for number, error in done.failed.items():
            click.echo(f"failed: {label}frame {number}: {error}", err=True)
        click.echo(f"{label}{len(done.written)} frames recolored in {done.seconds:.1f} s: {done.out}")
        code = code or (1 if done.failed else 0)
    raise click.exceptions.Exit(code)
