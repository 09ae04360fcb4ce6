"""Memos, dialogue and camera work of XDTS and TDTS: they color nothing, and are shown to the user.

A damaged memo is left out: it makes no sheet unreadable.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from framecolor.core.parsing import MISSHAPEN, take_whole
from framecolor.core.text import count_of, replace_controls

_DIALOGUE, _CAMERA = 3, 5
_TITLES = {_DIALOGUE: "dialogue", _CAMERA: "camera"}
_PHRASES = {_DIALOGUE: "dialogue", _CAMERA: "camera work"}
_SYMBOL = "SYMBOL_"
_MOST = 200
_LONGEST_LINE = 200


def list_memos(header: Any, table: Any) -> tuple[str, ...]:
    """List a sheet's memos, a line each: "direction: ...", "dialogue at 1, S1: ...", "memo at 7, A: ...".

    header  the sheet's header; anything but a table has no memo
    table   its time table
    """
    found = dict.fromkeys(_list_texts(header, table))
    for field, track, entry in _visit(table):
        with suppress(*MISSHAPEN):
            found |= dict.fromkeys(_read_entry(field, track, entry))
    return tuple(found)[:_MOST]


def list_unused(table: Any, tables: int) -> tuple[str, ...]:
    """List phrases about what a time table holds besides cels: "camera work", "handwritten memos"."""
    found: dict[str, None] = {}
    for field, _, entry in _visit(table):
        with suppress(*MISSHAPEN):
            if field in _PHRASES and entry["data"]:
                found[_PHRASES[field]] = None
            if any(isinstance(data.get("memo"), dict) for data in entry["data"]):
                found["handwritten memos"] = None
    if isinstance(table, dict) and (table.get("headerMemoImageData") or table.get("whiteBoardImageData")):
        found["handwritten memos"] = None
    if isinstance(table, dict) and table.get("books"):
        found["books"] = None
    if tables > 1:
        found[count_of(tables - 1, "more time table")] = None
    return tuple(found)


def _visit(table: Any) -> Iterator[tuple[int, str, Any]]:
    """Visit the entries of all fields. Yields the field's id, the track's name and the entry."""
    with suppress(*MISSHAPEN):
        names = {head["fieldId"]: head["names"] for head in table.get("timeTableHeaders", ())}
        for field in table.get("fields", ()):
            for track in field["tracks"]:
                number = take_whole(track["trackNo"])
                own = names.get(field["fieldId"], ())
                name = str(own[number]) if 0 <= number < len(own) else ""
                for entry in track["frames"]:
                    yield field["fieldId"], name, entry


def _read_entry(field: int, track: str, entry: Any) -> Iterator[str]:
    at = f"at {take_whole(entry['frame']) + 1}" + (f", {track.strip()}" if track.strip() else "")
    for data in entry["data"]:
        values = [str(value).strip() for value in data.get("values") or ()]
        if field in _TITLES and values and not values[0].startswith(_SYMBOL):
            yield _line(f"{_TITLES[field]} {at}", ": ".join(value for value in values if value))
        memo = data.get("memo")
        text = memo.get("text") if isinstance(memo, dict) else memo
        if isinstance(text, str) and text.strip():
            yield _line(f"memo {at}", text)


def _list_texts(header: Any, table: Any) -> Iterator[str]:
    """List the memos of the whole sheet: what Toei's program calls direction, and the memo of its work slip."""
    slip = header.get("workSlip") if isinstance(header, dict) else None
    for place in (header, table, slip):
        for title in ("direction", "memo"):
            text = place.get(title) if isinstance(place, dict) else None
            if isinstance(text, str) and text.strip():
                yield _line(title, text)


def _line(title: str, text: str) -> str:
    words = " ".join(text.split())
    return replace_controls(f"{title}: {words}"[:_LONGEST_LINE])
