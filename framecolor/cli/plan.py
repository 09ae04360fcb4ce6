"""framecolor plan: what colorize would do with a shot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from framecolor.cli.options import open_shot, shot_options

_NO_KEY = "keys      none: colors would be proposed"


@click.command()
@click.argument("shot", type=click.Path(), metavar="SHOT")
@shot_options
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
def plan(
    shot: str, keys: Path | None, hints: Path | None, stencils: Path | None, frames: str | None, as_json: bool
) -> None:
    """Show what colorize would do with a shot: frames, keys, spans, holds, gaps. Writes nothing.

    \b
    Example:
      framecolor plan cut_012
    """
    from framecolor.chains import describe_plan
    from framecolor.stencils import add_painted_keys

    opened = open_shot(shot, keys, hints, stencils, frames)
    table = describe_plan(add_painted_keys(opened, opened.root / "color"))
    if as_json:
        click.echo(json.dumps(table, indent=1))
        return
    for line in _lines(table):
        click.echo(line)


def _lines(table: dict[str, Any]) -> list[str]:
    width, height = table["size"]
    lines = [
        f"shot      {table['shot']}, {width}x{height}",
        f"frames    {table['frames']} to paint ({table['range']})",
        f"keys      {len(table['keys'])}: " + ", ".join(str(k) for k in table["keys"]) if table["keys"] else _NO_KEY,
    ]
    if table["partial"]:
        lines.append(f"strokes   {len(table['partial'])}: " + ", ".join(str(n) for n in table["partial"]))
    for chain in table["spans"]:
        lines.append(f"span      {chain['first']}-{chain['last']}: {chain['paints']} frames")
    if table["holds"]:
        lines.append(f"holds     {table['holds']}, which repeat the drawing before them and are painted once")
    if table["missing"]:
        lines.append(f"gaps      no drawing for {table['missing']}")
    if table["unreadable"]:
        lines.append("broken    " + ", ".join(str(n) for n in table["unreadable"]))
    if table["farthest"]:
        lines.append(f"farthest  frame {table['farthest'][0]} is {table['farthest'][1]} drawings from its nearest key")
    cost = table["cost"]
    lines.append(f"cost      {cost['drawings']} drawings to look at, {cost['megapixels']} megapixels")
    return lines
