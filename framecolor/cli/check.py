"""framecolor check: find the faults of a shot's keys before it is painted."""

from __future__ import annotations

import json
from typing import Any

import click

from framecolor.cli.options import corrections_option, gather_settings, json_option, setting_option, shot_options
from framecolor.cli.shots import list_no_key, list_notes, list_shots, open_shot
from framecolor.errors import on_one_line


@click.command()
@click.argument("shot", type=click.Path(), metavar="SHOT")
@shot_options
@corrections_option
@setting_option("gap_px")
@click.option("--strict", is_flag=True, help="Exit with 1 if there is any fault or warning.")
@json_option
def check(shot: str, cels: tuple[str, ...], gap_px: Any, strict: bool, as_json: bool, **places: Any) -> None:
    """Find what is wrong with a shot's keys, with places and fixes, in seconds. Writes nothing.

    Compares each key with its drawing: is it moved or scaled, is it flat, do open lines let paint out, does a region
    hold two tones, was a region or a pixel of a trace line forgotten, is a color a level off another? Places are x and
    y in pixels of the drawing. colorize and plan show the same warnings.

    Exits with 0 if the shot can be painted, also with faults; with 1 if there are any and --strict is given, to stop a
    job before it starts; with 2 if the shot cannot be painted, such as from a key that does not fit its drawing or with
    --stencils that has none.

    \b
    Examples:
      framecolor check cut_012
      framecolor check Cut-005 --cel A --strict
    """
    from framecolor.keys.drawing_style import judge_style, read_deciding
    from framecolor.pipeline.check import check_shot
    from framecolor.pipeline.stencils import add_painted_keys, check_stencils, list_waiting
    from framecolor.shot.spans import describe_plan

    chosen = list_shots([shot], cels)
    tables: list[dict[str, Any]] = []
    for one in chosen:
        opened = open_shot(one, **places)
        opened = add_painted_keys(opened, opened.out)
        plan = describe_plan(opened)
        broken = [f"drawing {number} cannot be read" for number in plan["unreadable"]]
        settings = gather_settings(opened.root, {"gap_px": gap_px})
        waiting = list_waiting(opened.stencils) if places["stencils"] is None else []
        if places["stencils"] is not None:
            check_stencils(opened, opened.out, settings)
        seen = read_deciding(opened)
        style = judge_style(*seen, settings)
        faults = check_shot(opened, style.settings, settings, seen)
        warnings = [*plan["warnings"], *broken, *waiting, *style.texts, *list_no_key(opened, one.find(places["keys"]))]
        table = {"shot": opened.name, "keys": plan["keys"], "warnings": warnings, "notes": list_notes(opened, settings)}
        tables.append(table | {"faults": [fault.describe() for fault in faults]})
        if not as_json:
            _print(table, list(map(str, faults)), len(opened.numbers))
    if as_json:
        click.echo(json.dumps(tables[0] if chosen[0].cel is None else tables, indent=1))
    if strict and any(table["warnings"] or table["faults"] for table in tables):
        raise click.exceptions.Exit(1)


def _print(table: dict[str, Any], faults: list[str], drawings: int) -> None:
    from framecolor.core.text import count_of

    name = on_one_line(table["shot"])
    for text in table["notes"]:
        click.echo(f"{name}: note: {on_one_line(text)}")
    if not table["warnings"] and not faults:
        checked = f"{count_of(len(table['keys']), 'key')} of {count_of(drawings, 'drawing')}"
        click.echo(f"{name}: clean, no fault in {checked}")
        return
    for text in (*table["warnings"], *faults):
        click.echo(f"{name}: {on_one_line(text)}")
