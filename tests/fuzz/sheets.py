"""Targets: exposure sheets, as XDTS and as tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random

from framecolor.shot.exposure_sheet import LONGEST_FRAMES, Sheet
from framecolor.shot.sheet_files import read_sheet
from framecolor.shot.xdts import SIGNATURE
from fuzz.mutate import mutate_json
from fuzz.target import Target, place

_HEAD = SIGNATURE.encode() + b"\n"


def _check(sheet: Sheet) -> None:
    assert 1 <= sheet.frames <= LONGEST_FRAMES and sheet.tracks
    for track in sheet.tracks:
        assert len(track.exposures) == sheet.frames
        assert list(track.shown) == sorted(set(track.exposures) - {None})
        assert all(name.replace("\u3000", " ").isprintable() for name in (track.name, *track.strange))
    assert sheet.names and sheet.track("no such cel") is None


def _feed_xdts(data: bytes) -> None:
    _check(read_sheet(place(data, "cut.xdts")))


def _feed_table(data: bytes) -> None:
    _check(read_sheet(place(data, "sheet.csv")))


def _xdts() -> Iterator[bytes]:
    values = ("1", "SYMBOL_TICK_1", "a_0002", "SYMBOL_HYPHEN", "BG", "SYMBOL_NULL_CELL")
    frames = [{"frame": frame, "data": [{"id": 0, "values": [value]}]} for frame, value in enumerate(values, -1)]
    dialogue = [{"frame": 1, "data": [{"id": 0, "values": ["Aoi", "Yes."]}]}]
    table = {
        "duration": 12, "name": "sheet1",
        "fields": [
            {"fieldId": 0, "tracks": [{"trackNo": 0, "frames": frames}, {"trackNo": 1, "frames": frames[:2]}]},
            {"fieldId": 3, "tracks": [{"trackNo": 0, "frames": dialogue}]},
        ],
        "timeTableHeaders": [{"fieldId": 0, "names": ["A", "B"]}, {"fieldId": 3, "names": ["S0"]}],
    }  # fmt: skip
    yield _HEAD + json.dumps({"header": {"cut": "5", "scene": "1"}, "timeTables": [table], "version": 5}).encode()


def _tables() -> Iterator[bytes]:
    yield b"# fps 12\nframe,A,B\n1,1,\n2,,x\n4,-,7\n"
    yield '"Frame","\u52d5\u753b",""\r\n"","A","B"\r\n"1","1","a2"\r\n"2","\u25cb","\u00d7"\r\n'.encode("cp932")
    yield b"frame;A\n0;3\n9;BG\n"


def _mutate_xdts(data: bytes, random: Random) -> bytes:
    return _HEAD + mutate_json(data.removeprefix(_HEAD), random)


_SYMBOLS = (b"SYMBOL_NULL_CELL", b"SYMBOL_HYPHEN", b'"duration"', b'"frame"', b'"trackNo"', b'"fieldId"', b'"values"')
_MARKS = (b"frame", b"# fps ", b"\t", b";", b"\xc3\x97")

TARGETS = (
    Target("xdts", "shot.sheet_files.read_sheet (XDTS)", _feed_xdts, _xdts, mutate=_mutate_xdts, words=_SYMBOLS),
    Target("csv", "shot.sheet_files.read_sheet (CSV)", _feed_table, _tables, words=_MARKS),
)
