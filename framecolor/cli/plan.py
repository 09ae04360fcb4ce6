"""framecolor plan: show what colorize would do with a shot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from framecolor.cli.options import PATH, corrections_option, gather_settings, json_option, shot_options
from framecolor.cli.shots import list_no_key, list_notes, list_shots, open_shot
from framecolor.core.text import count_of, plain_name
from framecolor.errors import FramecolorError, on_one_line

_NO_KEY = "keys      none: colors would be proposed"
_ONLY_REFERENCES = "keys      none: colors come from the references alone"


@click.command()
@click.argument("shot", type=click.Path(), metavar="SHOT")
@shot_options
@corrections_option
@click.option(
    "--preview",
    type=PATH,
    is_flag=False,
    flag_value=Path(),
    metavar="[FOLDER]",
    help="Write a page, SHOT.preview.html: timeline, regions of every drawing, closed gaps, open lines, keys' faults.",
)
@json_option
def plan(shot: str, cels: tuple[str, ...], preview: Path | None, as_json: bool, **places: Any) -> None:
    """Show what colorize would do with a shot: frames, keys, spans, holds, gaps, the exposure sheet.

    Writes nothing but the page of --preview.

    Also names what colorize would stumble over: damaged files, files that are not used, wrong settings, a missing key,
    faults of the keys, a folder that cannot be written to. It reads every drawing for that.

    A cut folder is shown cel by cel; --json then prints a list.

    \b
    Examples:
      framecolor plan cut_012
      framecolor plan Cut-005 --cel A
      framecolor plan cut_012 --preview
    """
    from framecolor.keys.drawing_style import judge_style, read_deciding
    from framecolor.output.checks import check_output
    from framecolor.pipeline.check import check_shot
    from framecolor.pipeline.stencils import add_painted_keys, check_stencils, list_waiting
    from framecolor.shot.spans import describe_plan

    chosen = list_shots([shot], cels)
    tables = []
    for one in chosen:
        opened = open_shot(one, **places)
        opened = add_painted_keys(opened, opened.out)
        settings = gather_settings(opened.root, {})  # raises the error of wrong settings, as colorize would
        table = describe_plan(opened) | {"notes": list_notes(opened, settings)}
        try:
            check_output(opened, opened.out, settings)
            if places["stencils"] is not None:
                check_stencils(opened, opened.out, settings)
        except FramecolorError as error:
            table["warnings"].append(f"colorize would not begin: {error}")
        table["warnings"] += [] if places["stencils"] is not None else list_waiting(opened.stencils)
        seen = read_deciding(opened)
        style = judge_style(*seen, settings)
        faults = check_shot(opened, style.settings, settings, seen)
        table["warnings"] += [*style.texts, *map(str, faults)]
        table["warnings"] += list_no_key(opened, one.find(places["keys"]))
        if preview is not None:
            from framecolor.keys.trace_meanings import read_votes
            from framecolor.report.preview import write_preview

            moved = {fault.frame for fault in faults if fault.kind == "moved"}
            unmoved = {number: key for number, key in seen.keys.items() if number not in moved}
            votes = read_votes(seen.drawings, unmoved, style.settings)
            page = preview / f"{plain_name(opened.name).replace('/', '.')}.preview.html"
            path, found = write_preview(opened, style.settings, faults, votes, table, page)
            table["preview"] = str(path)
            table["warnings"] += [text for text in map(str, found) if text not in table["warnings"]]
        tables.append(table)
    if as_json:
        click.echo(json.dumps(tables[0] if chosen[0].cel is None else tables, indent=1))
        return
    click.echo("\n\n".join("\n".join(_lines(table)) for table in tables))


def _lines(table: dict[str, Any]) -> list[str]:
    width, height = table["size"]
    missing = _ONLY_REFERENCES if table["references"] else _NO_KEY
    lines = [
        f"shot      {on_one_line(table['shot'])}, {width}x{height}",
        f"frames    {table['frames']} to paint ({table['range']})",
        f"keys      {len(table['keys'])}: " + ", ".join(str(k) for k in table["keys"]) if table["keys"] else missing,
    ]
    lines += [f"reference {on_one_line(path)}" for path in table["references"]]
    if table["partial"]:
        lines.append(f"strokes   {len(table['partial'])}: " + ", ".join(str(n) for n in table["partial"]))
    for span in table["spans"]:
        lines.append(f"span      {span['first']}-{span['last']}: paints {span['paints']} ({span['frames']})")
    if table["holds"]:
        lines.append(f"holds     {table['holds']}: they repeat the drawing before them, which is painted once")
    if table["missing"]:
        lines.append(f"gaps      no drawing for {table['missing']}")
    lines += [f"broken    {number}: {on_one_line(problem)}" for number, problem in table["broken"].items()]
    if table["farthest"]:
        frame, apart = table["farthest"]
        lines.append(f"farthest  frame {frame} is {count_of(apart, 'drawing')} from its nearest key")
    if sheet := table["sheet"]:
        shown = count_of(sheet["shown"], "drawing")
        length = f"{count_of(sheet['frames'], 'frame')}, {sheet['seconds']:g} s at {sheet['fps']:g} frames a second"
        lines.append(f"sheet     {sheet['file']}, track {sheet['track']}: {length}; shows {shown}")
        lines += [f"memo      {on_one_line(memo)}" for memo in sheet["memos"]]
    lines += [f"note      {on_one_line(note)}" for note in table["notes"]]
    lines += [f"warning   {on_one_line(warning)}" for warning in table["warnings"]]
    cost = table["cost"]
    if "preview" in table:
        lines.append(f"preview   {on_one_line(table['preview'])}")
    lines.append(f"cost      {count_of(cost['drawings'], 'drawing')} to read, {cost['megapixels']} megapixels")
    return lines
