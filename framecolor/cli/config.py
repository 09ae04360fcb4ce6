"""framecolor config: show the settings that apply to a shot, or write a settings file to start from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from framecolor.cli.options import PATH, gather_levels, json_option, paint_options
from framecolor.config.settings_file import SETTINGS_FILE, draft_file
from framecolor.errors import OutputError, ShotError, on_one_line

_STATES = {"read": "read", "absent": "not found", "unreachable": "no permission"}


@click.group()
def config() -> None:
    """Show the settings that apply to a shot and where each one comes from; write a settings file to start from.

    \b
    From the weakest to the strongest:
      the studio's file   $FRAMECOLOR_CONFIG, or framecolor.toml in the config folders of site and user
      the show's files    framecolor.toml in every folder above the shot, nearer ones over farther ones
      the shot's file     SHOT/framecolor.toml
      the command line
    """


@config.command()
@click.argument("shot", type=PATH, default=Path(), metavar="[SHOT]")
@paint_options
@json_option
def show(shot: Path, as_json: bool, **given: Any) -> None:
    """Show every setting of a SHOT, or of the current folder: its value, and where it comes from.

    Takes the options of colorize, to show what they would change.

    \b
    Examples:
      framecolor config show cut_012
      framecolor config show cut_012 --gap 3 --json
    """
    found = gather_levels(_find_root(shot), given)
    values = asdict(found.settings)
    if as_json:
        table = {
            "settings": {
                name: {"value": value, "level": source.level, "file": source.path and str(source.path)}
                for name, value in values.items()
                for source in [found.sources[name]]
            },
            "files": [{"level": p.level, "file": str(p.path), "state": p.state} for p in found.places],
        }
        click.echo(json.dumps(table, indent=1))
        return
    rows = [("setting", "value", "from")]
    rows += [(name, _write(value), str(found.sources[name])) for name, value in values.items()]
    _print_columns(rows)
    click.echo("\nSettings files, from the weakest to the strongest:")
    _print_columns([(place.level, _STATES[place.state], str(place.path)) for place in found.places])


@config.command()
@click.option("-o", "--output", type=PATH, metavar="FILE", help="File or folder to write it to.")
def init(output: Path | None) -> None:
    """Print a framecolor.toml in which every setting is explained and commented out, with its default.

    \b
    Example:
      framecolor config init -o show/framecolor.toml
    """
    from framecolor.media import write_text_atomic

    if output is None:
        click.echo(draft_file(), nl=False)
        return
    if output.is_dir():
        output = output / SETTINGS_FILE
    if output.exists():
        raise OutputError(output, "exists already", "choose another name, or remove it")
    write_text_atomic(output, draft_file())
    click.echo(f"settings to choose from: {output}")


def _find_root(path: Path) -> Path:
    """Find the folder that a shot belongs to. It needs no drawings: a show's folder or an empty one is accepted."""
    from framecolor.shot.cut import find_cel
    from framecolor.shot.sequence import is_pattern

    cel = find_cel(path)
    root = cel.cut if cel is not None else path if path.is_dir() else path.parent
    if not root.is_dir() or not (path.exists() or is_pattern(path)):
        raise ShotError(path, "there is no such folder, sequence or movie", "check the name")
    return root


def _write(value: object) -> str:
    """Format a value as in a settings file, but without quotes; "none" if it is not set."""
    if isinstance(value, str):
        return value
    return "none" if value is None else json.dumps(value)


def _print_columns(rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows of equal length as aligned columns."""
    rows = [tuple(map(on_one_line, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip())
