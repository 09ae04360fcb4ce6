"""Change recolor.toml: one color of the shot in place of another, in its table `colors`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from framecolor.core.files import read_small
from framecolor.core.text import quote
from framecolor.errors import InputError
from framecolor.keys.recolor import parse_recolors
from framecolor.review.journal import Edit
from framecolor.review.places import RECOLOR, Places

_MAX_BYTES = 1 << 20
_HEX = re.compile(r"#[0-9a-f]{6}")
_ENTRY = re.compile(r"""\s*["'](#[0-9a-fA-F]{6})["']\s*=\s*["'](#[0-9a-fA-F]{6})["']\s*(?:#.*)?""")
_HEAD = re.compile(r"\s*\[\s*(.*?)\s*\]\s*(?:#.*)?")
_TABLE = "colors"


def recolor(places: Places, source: Any, target: Any) -> Edit:
    """Show a color of the shot as another one, #rrggbb, from now on.

    A color that is itself the result of an entry changes that entry; one that becomes its original again removes it.
    Comments of the file stay. Raises InputError if a color is invalid, or the file cannot be changed.
    """
    before, after = _take_color(source), _take_color(target)
    text = _read(places.recolor)
    entries = parse_recolors(text, places.recolor) if text else {}
    chained = [key for key, value in entries.items() if value == before]
    changes = dict.fromkeys(chained or [before], after)
    wanted = {key: value for key, value in (entries | changes).items() if key != value}
    changed = _rewrite(text, changes)
    if parse_recolors(changed, places.recolor) != wanted:
        problem = f"its table [{_TABLE}] cannot be changed line by line"
        raise InputError(places.recolor, problem, f'write it as lines "#rrggbb" = "#rrggbb" below [{_TABLE}]')
    return Edit(f"{before} as {after}", {RECOLOR: changed.encode()})


def _rewrite(text: str, changes: dict[str, str]) -> str:
    """Rewrite the lines of the entries that change, and add those that are new at the end of the table."""
    lines, rest, inside, end = text.splitlines(), dict(changes), False, None
    kept: list[str] = []
    for line in lines:
        if (head := _HEAD.fullmatch(line)) is not None:
            inside = head[1].strip("\"'") == _TABLE
        entry = _ENTRY.fullmatch(line) if inside else None
        if entry is not None and entry[1].lower() in changes:
            key = entry[1].lower()
            target = rest.pop(key, None)
            if target is None or target == key:
                continue
            line = f'"{key}" = "{target}"'
        kept.append(line)
        if inside and line.strip():
            end = len(kept)
    added = [f'"{key}" = "{target}"' for key, target in rest.items() if key != target]
    if added and end is None:
        kept += [*([""] if kept and kept[-1].strip() else []), f"[{_TABLE}]"]
        end = len(kept)
    kept[end:end] = added
    return "".join(f"{line}\n" for line in kept)


def _read(path: Path) -> str:
    if not path.exists():
        return ""
    try:
        return read_small(path, _MAX_BYTES, "a table of colors", "correct or remove it").decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(path, "is not UTF-8", "save it as UTF-8") from None


def _take_color(value: Any) -> str:
    if not isinstance(value, str) or not _HEX.fullmatch(value.lower()):
        raise InputError("recolor", f"{quote(value)} is no color", 'give it as "#rrggbb"')
    return value.lower()
