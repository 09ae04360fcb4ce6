"""XDTS: the exposure sheet that CLIP STUDIO PAINT, OpenToonz, Tahoma2D and Toei's digital time sheet exchange.

One line that names the format, then JSON (version 5):

    exchangeDigitalTimeSheet Save Data
    {"version": 5, "timeTables": [{"name": "cut", "duration": 72,
      "timeTableHeaders": [{"fieldId": 0, "names": ["A", "B"]}],
      "fields": [{"fieldId": 0, "tracks": [{"trackNo": 0, "frames": [
        {"frame": 0, "data": [{"id": 0, "values": ["1"]}]},
        {"frame": 6, "data": [{"id": 0, "values": ["SYMBOL_NULL_CELL"]}]}]}]}]}]}

Field 0 holds the cels, 3 dialogue, 5 camera work. Frames count from 0, and what is set holds until the next entry. Of
the symbols, SYMBOL_NULL_CELL shows nothing; SYMBOL_HYPHEN goes on with what was before, and so do the marks of
inbetweens, SYMBOL_TICK_1 and 2, which speak to the animator.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from framecolor.core.parsing import parse_json
from framecolor.core.text import quote
from framecolor.errors import InputError, ReadError
from framecolor.shot.exposure_sheet import Sheet, Track, check_size, expose

SIGNATURE = "exchangeDigitalTimeSheet Save Data"

_VERSION = 5
_CELS = 0
_NOTHING = "SYMBOL_NULL_CELL"
_AS_BEFORE = frozenset({"SYMBOL_HYPHEN", "SYMBOL_TICK_1", "SYMBOL_TICK_2"})
_LARGEST = 2**31 - 1
_EXPORT_AGAIN = "export it again as XDTS"


def parse_xdts(text: str, path: Path) -> Sheet:
    """The first time table of an XDTS file's text; `path` is what errors are about.

    Tracks without an entry are left out; one without a name is called by its place, "track 3". Raises ReadError where
    it is no JSON, InputError where it says what no sheet can; both name the place.
    """
    if not text.startswith(SIGNATURE):
        raise ReadError(path, f'the first line is not "{SIGNATURE}"', _EXPORT_AGAIN)
    table = _load(text[len(SIGNATURE) :], path)
    if not isinstance(table, dict):
        _refuse(path, "", f"is {quote(table)}, not an object")
    version = _take_count(path, table, "version", "")
    if version != _VERSION:
        raise InputError(path, f"has version {version}, framecolor reads version {_VERSION}", _EXPORT_AGAIN)
    tables = _take_list(path, table, "timeTables", "")
    if not tables:
        _refuse(path, "timeTables", "is empty")
    place = "timeTables[0]"
    first = _as_object(path, tables[0], place)
    frames = _take_count(path, first, "duration", place)
    if frames < 1:
        _refuse(path, f"{place}.duration", "is 0")
    columns = dict(_list_columns(path, first, place))
    check_size(path, frames, len(columns))
    names = _read_names(path, first, place)
    tracks = (_read_track(path, columns[at], at, names, frames) for at in sorted(columns))
    found = tuple(track for track in tracks if track is not None)
    if not found:
        raise InputError(path, "holds no track of drawings", "export it from the sheet of the cels")
    return Sheet(path, frames, found)


def _load(text: str, path: Path) -> Any:
    try:
        return parse_json(text, unique_keys=True)
    except ValueError as error:
        problem = f"what follows its first line is no JSON, or is cut off ({str(error)[:120]})"
        raise ReadError(path, problem, _EXPORT_AGAIN) from None


def _list_columns(path: Path, table: Mapping[str, Any], place: str) -> Iterator[tuple[int, tuple[str, list[Any]]]]:
    """(trackNo, (place of its entries, its entries)) of every track of cels that has some."""
    seen: set[int] = set()
    for i, entry in enumerate(_take_list(path, table, "fields", place, missing_is_empty=True)):
        field_place = f"{place}.fields[{i}]"
        field = _as_object(path, entry, field_place)
        if _take_count(path, field, "fieldId", field_place) != _CELS:
            continue
        for j, item in enumerate(_take_list(path, field, "tracks", field_place)):
            track_place = f"{field_place}.tracks[{j}]"
            track = _as_object(path, item, track_place)
            number = _take_count(path, track, "trackNo", track_place)
            entries = _take_list(path, track, "frames", track_place)
            if number in seen:
                _refuse(path, f"{track_place}.trackNo", f"is {number}, as that of a track before it")
            seen.add(number)
            if entries:
                yield number, (f"{track_place}.frames", entries)


def _read_names(path: Path, table: Mapping[str, Any], place: str) -> list[str]:
    """Names of the tracks of cels, by trackNo."""
    for i, entry in enumerate(_take_list(path, table, "timeTableHeaders", place, missing_is_empty=True)):
        header_place = f"{place}.timeTableHeaders[{i}]"
        header = _as_object(path, entry, header_place)
        if _take_count(path, header, "fieldId", header_place) == _CELS:
            names = _take_list(path, header, "names", header_place)
            for j, name in enumerate(names):
                if not isinstance(name, str):
                    _refuse(path, f"{header_place}.names[{j}]", f"is {quote(name)}, not text")
            return names
    return []


def _read_track(path: Path, column: tuple[str, list[Any]], number: int, names: list[str], frames: int) -> Track | None:
    """A track; None where its entries say nothing."""
    place, entries = column
    changes: list[tuple[int, str | None]] = []
    for i, entry in enumerate(entries):
        at = f"{place}[{i}]"
        item = _as_object(path, entry, at)
        frame = _take_count(path, item, "frame", at, least=-_LARGEST)  # CLIP STUDIO writes some before the first frame
        value = _read_value(path, item, at)
        if value is not None and value not in _AS_BEFORE:
            changes.append((frame, None if value in ("", _NOTHING) else value))
    name = names[number].strip() if number < len(names) else ""
    return expose(name or f"track {number + 1}", changes, frames) if changes else None


def _read_value(path: Path, item: Mapping[str, Any], place: str) -> str | None:
    """What an entry sets: "" and SYMBOL_NULL_CELL are no drawing; None where it sets nothing."""
    for i, entry in enumerate(_take_list(path, item, "data", place)):
        at = f"{place}.data[{i}]"
        data = _as_object(path, entry, at)
        if _take_count(path, data, "id", at) == 0:
            values = _take_list(path, data, "values", at)
            value = values[0] if values else ""
            if not isinstance(value, str):
                _refuse(path, f"{at}.values[0]", f"is {quote(value)}, not text")
            return value.strip()
    return None


def _as_object(path: Path, value: object, place: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        _refuse(path, place, f"is {quote(value)}, not an object")
    return value


def _take_list(
    path: Path, table: Mapping[str, Any], key: str, place: str, *, missing_is_empty: bool = False
) -> list[Any]:
    if key not in table and missing_is_empty:
        return []
    value = table.get(key)
    if not isinstance(value, list):
        _refuse(path, _join(place, key), f"is {quote(value)}, not a list" if key in table else "is missing")
    return value


def _take_count(path: Path, table: Mapping[str, Any], key: str, place: str, least: int = 0) -> int:
    if key not in table:
        _refuse(path, _join(place, key), "is missing")
    value = table[key]
    whole = int(value) if isinstance(value, float) and value.is_integer() else value
    if type(whole) is not int or not least <= whole <= _LARGEST:
        _refuse(path, _join(place, key), f"is {quote(value)}, not a whole number that can be used")
    return whole


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _refuse(path: Path, place: str, problem: str) -> NoReturn:
    raise InputError(f"{path}: {place}" if place else path, problem, _EXPORT_AGAIN)
