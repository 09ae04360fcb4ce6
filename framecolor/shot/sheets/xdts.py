"""XDTS, the exposure sheet format of CLIP STUDIO PAINT, OpenToonz and Tahoma2D, and TDTS, that of Toei's digital sheet.

One line with the format's name, then JSON (XDTS: version 5, or 10, which adds fields beside the cels):

    exchangeDigitalTimeSheet Save Data
    {"version": 5, "timeTables": [{"name": "cut", "duration": 72,
      "timeTableHeaders": [{"fieldId": 0, "names": ["A", "B"]}],
      "fields": [{"fieldId": 0, "tracks": [{"trackNo": 0, "frames": [
        {"frame": 0, "data": [{"id": 0, "values": ["1"]}]},
        {"frame": 6, "data": [{"id": 0, "values": ["SYMBOL_NULL_CELL"]}]}]}]}]}]}

Field 0 holds the cels, 3 dialogue, 5 camera work. Frames count from 0, and each entry holds until the next.
SYMBOL_NULL_CELL shows nothing. SYMBOL_HYPHEN and the inbetween marks SYMBOL_TICK_1 and 2 repeat the drawing before. A
drawing may have a letter, such as "1a". CLIP STUDIO adds the "frameRate" of a table.

TDTS begins with "toeiDigitalTimeSheet Save Data". Its tables stand in "timeSheets", field 0 holds the key drawings
(ACTION), and field 4 all drawings (CELL).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from framecolor.core.parsing import MISSHAPEN, parse_json, take_whole
from framecolor.core.text import quote
from framecolor.errors import InputError, ReadError
from framecolor.shot.sheets.exposure_sheet import Sheet, Track, check_size, expose, read_rate
from framecolor.shot.sheets.memos import list_memos, list_unused

SIGNATURE = "exchangeDigitalTimeSheet Save Data"
TDTS_SIGNATURE = "toeiDigitalTimeSheet Save Data"
NOTHING = "SYMBOL_NULL_CELL"

_VERSIONS = (5, 10)
_CELS, _TDTS_CELS = 0, 4
_AS_BEFORE = frozenset({"SYMBOL_HYPHEN", "SYMBOL_TICK_1", "SYMBOL_TICK_2"})
_EXPORT_AGAIN = "export it again as XDTS"
_OLDER = "export it as XDTS by a program that writes one of these versions, or as CSV"


def parse_xdts(text: str, path: Path) -> Sheet:
    """Parse the first time table of an XDTS or TDTS file's text; errors name `path`.

    Tracks without an entry are left out; one without a name is called by its position, "track 3". Raises ReadError if
    the text is not JSON, InputError if its content is invalid.
    """
    signature = next((name for name in (SIGNATURE, TDTS_SIGNATURE) if text.startswith(name)), None)
    if signature is None:
        raise name_other_sheet(text, path) or ReadError(path, f'the first line is not "{SIGNATURE}"', _EXPORT_AGAIN)
    try:
        document = parse_json(text[len(signature) :], unique_keys=True)
    except ValueError as error:
        problem = f"after the first line it is not JSON, or is cut off ({str(error)[:120]})"
        raise ReadError(path, problem, _EXPORT_AGAIN) from None
    try:
        return _read_tdts(document, path) if signature == TDTS_SIGNATURE else _read_xdts(document, path)
    except MISSHAPEN as error:
        problem = f"is not a valid sheet ({type(error).__name__}: {str(error)[:120]})"
        raise InputError(path, problem, _EXPORT_AGAIN) from None


def _read_xdts(document: Any, path: Path) -> Sheet:
    """Read the sheet from its JSON. Raises one of MISSHAPEN if it is malformed."""
    if document["version"] not in _VERSIONS:
        raise InputError(path, f"has version {quote(document['version'])}, framecolor reads 5 and 10", _OLDER)
    tables = document["timeTables"]
    return _read_table(document.get("header"), tables[0], len(tables), (_CELS,), path)


def _read_tdts(document: Any, path: Path) -> Sheet:
    """Read the sheet from its JSON; older files hold one sheet only. Raises one of MISSHAPEN if it is malformed."""
    sheets = document.get("timeSheets", [document])
    tables = sheets[0]["timeTables"]
    count = sum(len(sheet["timeTables"]) for sheet in sheets)
    return _read_table(sheets[0].get("header"), tables[0], count, (_TDTS_CELS, _CELS), path)


def _read_table(header: Any, table: Any, tables: int, fields: tuple[int, ...], path: Path) -> Sheet:
    """Read a time table, from the first of `fields` that has drawings. Raises one of MISSHAPEN if it is malformed."""
    frames = take_whole(table["duration"])
    filled = [tracks for field in fields if (tracks := _read_tracks(table, field, frames, path))]
    if not filled:
        raise InputError(path, "has no track of drawings", "export it from the sheet of the cels")
    unused = list_unused(table, tables) + ("the columns of key drawings (ACTION)",) * (len(filled) - 1)
    rate = read_rate(table.get("frameRate"), path, "frameRate", _EXPORT_AGAIN)
    return Sheet(path, frames, tuple(filled[0]), rate, unused, list_memos(header, table))


def _read_tracks(table: Any, field_id: int, frames: int, path: Path) -> list[Track]:
    """Read the tracks of a field that have entries. Raises one of MISSHAPEN if it is malformed."""
    columns: dict[int, Any] = {}
    for field in _choose(table.get("fields", ()), field_id):
        for track in field["tracks"]:
            number = take_whole(track["trackNo"])
            if columns.setdefault(number, track["frames"]) is not track["frames"]:
                raise ValueError(f"there are two tracks {number}")
    check_size(path, frames, len(columns))
    names = next((header["names"] for header in _choose(table.get("timeTableHeaders", ()), field_id)), [])
    tracks = []
    for number, entries in sorted(columns.items()):
        changes = list(_read_changes(entries))
        if changes:
            name = names[number].strip() if number < len(names) else ""
            tracks.append(expose(name or f"track {number + 1}", changes, frames))
    return tracks


def name_other_sheet(text: str, path: Path) -> ReadError | None:
    """Make the error of a file that is another kind of sheet, or other JSON; None if it is neither."""
    begins = text.lstrip("\ufeff \t\r\n")
    if begins.startswith((SIGNATURE, TDTS_SIGNATURE)):
        return ReadError(path, "has something before its first line", _EXPORT_AGAIN)
    if begins.startswith(("{", "[")):
        try:
            table = parse_json(begins)
        except ValueError:
            return None
        for key, kind, line in (("timeTables", "XDTS", SIGNATURE), ("timeSheets", "TDTS", TDTS_SIGNATURE)):
            if isinstance(table, dict) and key in table:
                problem = f'is the JSON of an {kind} sheet without its first line, "{line}"'
                return ReadError(path, problem, _EXPORT_AGAIN)
        problem = "is no exposure sheet that is read, but JSON of another kind"
        return ReadError(path, problem, "export the sheet as XDTS, CSV or JSON of TVPaint")
    return None


def _choose(fields: Any, field_id: int) -> list[Any]:
    """Choose the entries of a list that are about a field."""
    return [field for field in fields if field["fieldId"] == field_id]


def _read_changes(entries: Any) -> Iterator[tuple[int, str | None]]:
    """Read (frame, label or None) of each entry that changes the drawing; CLIP STUDIO writes some before frame 0."""
    for entry in entries:
        values = next((data["values"] for data in entry["data"] if data.get("id", 0) == 0 and "values" in data), None)
        if values is not None:
            value = values[0].strip() if values else ""
            if value not in _AS_BEFORE:
                yield take_whole(entry["frame"]), None if value in ("", NOTHING) else value
