"""XDTS: the exposure sheet format of CLIP STUDIO PAINT, OpenToonz, Tahoma2D and Toei's digital time sheet.

One line with the format's name, then JSON (version 5, or 10, which adds fields beside the cels):

    exchangeDigitalTimeSheet Save Data
    {"version": 5, "timeTables": [{"name": "cut", "duration": 72,
      "timeTableHeaders": [{"fieldId": 0, "names": ["A", "B"]}],
      "fields": [{"fieldId": 0, "tracks": [{"trackNo": 0, "frames": [
        {"frame": 0, "data": [{"id": 0, "values": ["1"]}]},
        {"frame": 6, "data": [{"id": 0, "values": ["SYMBOL_NULL_CELL"]}]}]}]}]}]}

Field 0 holds the cels, 3 dialogue, 5 camera work. Frames count from 0, and each entry holds until the next.
SYMBOL_NULL_CELL shows nothing. SYMBOL_HYPHEN and the inbetween marks SYMBOL_TICK_1 and 2 repeat the drawing before. A
drawing may have a letter, such as "1a". CLIP STUDIO adds the "frameRate" of a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from framecolor.core.parsing import MISSHAPEN, parse_json, take_whole
from framecolor.core.text import quote
from framecolor.errors import InputError, ReadError
from framecolor.shot.exposure_sheet import Sheet, check_size, expose

SIGNATURE = "exchangeDigitalTimeSheet Save Data"

_VERSIONS = (5, 10)
_CELS = 0
_NOTHING = "SYMBOL_NULL_CELL"
_AS_BEFORE = frozenset({"SYMBOL_HYPHEN", "SYMBOL_TICK_1", "SYMBOL_TICK_2"})
_EXPORT_AGAIN = "export it again as XDTS"
_OLDER = "export it as XDTS by a program that writes one of these versions, or as CSV"
_TDTS = "toeiDigitalTimeSheet Save Data"


def parse_xdts(text: str, path: Path) -> Sheet:
    """Parse the first time table of an XDTS file's text; errors name `path`.

    Tracks without an entry are left out; one without a name is called by its position, "track 3". Raises ReadError if
    the text is not JSON, InputError if its content is invalid.
    """
    if not text.startswith(SIGNATURE):
        raise name_other_sheet(text, path) or ReadError(path, f'the first line is not "{SIGNATURE}"', _EXPORT_AGAIN)
    try:
        table = parse_json(text[len(SIGNATURE) :], unique_keys=True)
    except ValueError as error:
        problem = f"after the first line it is not JSON, or is cut off ({str(error)[:120]})"
        raise ReadError(path, problem, _EXPORT_AGAIN) from None
    try:
        return _read_table(table, path)
    except MISSHAPEN as error:
        problem = f"is not a valid sheet ({type(error).__name__}: {str(error)[:120]})"
        raise InputError(path, problem, _EXPORT_AGAIN) from None


def _read_table(table: Any, path: Path) -> Sheet:
    """Read the sheet from its JSON. Raises one of MISSHAPEN if it is malformed."""
    if table["version"] not in _VERSIONS:
        raise InputError(path, f"has version {quote(table['version'])}, framecolor reads 5 and 10", _OLDER)
    first = table["timeTables"][0]
    frames = take_whole(first["duration"])
    columns: dict[int, Any] = {}
    for field in _choose_cels(first.get("fields", ())):
        for track in field["tracks"]:
            number = take_whole(track["trackNo"])
            if columns.setdefault(number, track["frames"]) is not track["frames"]:
                raise ValueError(f"there are two tracks {number}")
    check_size(path, frames, len(columns))
    names = next((header["names"] for header in _choose_cels(first.get("timeTableHeaders", ()))), [])
    tracks = []
    for number, entries in sorted(columns.items()):
        changes = list(_read_changes(entries))
        if changes:
            name = names[number].strip() if number < len(names) else ""
            tracks.append(expose(name or f"track {number + 1}", changes, frames))
    if not tracks:
        raise InputError(path, "has no track of drawings", "export it from the sheet of the cels")
    return Sheet(path, frames, tuple(tracks), _read_rate(first.get("frameRate"), path))


def name_other_sheet(text: str, path: Path) -> ReadError | None:
    """Make the error of a file that is another kind of sheet, or other JSON; None if it is neither."""
    begins = text.lstrip("\ufeff \t\r\n")
    if begins.startswith(_TDTS):
        return ReadError(path, "is a TDTS file, the sheet of Toei's program, which is not read", "export it as XDTS")
    if begins.startswith(SIGNATURE):
        return ReadError(path, "has something before its first line", _EXPORT_AGAIN)
    if begins.startswith(("{", "[")):
        try:
            table = parse_json(begins)
        except ValueError:
            return None
        if isinstance(table, dict) and "timeTables" in table:
            problem = f'is the JSON of an XDTS sheet without its first line, "{SIGNATURE}"'
            return ReadError(path, problem, _EXPORT_AGAIN)
        kind = "TDTS" if isinstance(table, dict) and "timeSheets" in table else "JSON of another kind"
        return ReadError(path, f"is no exposure sheet that is read, but {kind}", "export the sheet as XDTS or CSV")
    return None


def _read_rate(rate: Any, path: Path) -> float | None:
    """Read the frames per second; None if a file states none, or 0. Raises InputError if they are no rate."""
    if rate is None or rate == 0:
        return None
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 1 <= rate <= 1000:
        raise InputError(path, f"has a frameRate of {quote(rate)}, not one from 1 to 1000", _EXPORT_AGAIN)
    return float(rate)


def _choose_cels(fields: Any) -> list[Any]:
    """Choose the entries of a list that are about cels."""
    return [field for field in fields if field["fieldId"] == _CELS]


def _read_changes(entries: Any) -> Iterator[tuple[int, str | None]]:
    """Read (frame, label or None) of each entry that changes the drawing; CLIP STUDIO writes some before frame 0."""
    for entry in entries:
        values = next((data["values"] for data in entry["data"] if data.get("id", 0) == 0), None)
        if values is not None:
            value = values[0].strip() if values else ""
            if value not in _AS_BEFORE:
                yield take_whole(entry["frame"]), None if value in ("", _NOTHING) else value
