"""Targets: exposure sheets: XDTS, TDTS, SXF, tables, exports of TVPaint and Krita."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random

from exports import describe_layer, describe_tdts, describe_tvpaint, format_export, format_sxf

from framecolor.shot.sheets.exposure_sheet import LONGEST_FRAMES, Sheet
from framecolor.shot.sheets.files import read_export, read_sheet
from framecolor.shot.sheets.xdts import SIGNATURE, TDTS_SIGNATURE
from fuzz.mutate import mutate_json
from fuzz.target import Target, place

_HEAD = SIGNATURE.encode() + b"\n"
_TDTS_HEAD = TDTS_SIGNATURE.encode() + b"\n"


def _check(sheet: Sheet) -> None:
    assert 1 <= sheet.frames <= LONGEST_FRAMES and sheet.tracks
    for track in sheet.tracks:
        assert len(track.exposures) == sheet.frames
        assert list(track.shown) == sorted(set(track.exposures) - {None})
        assert all(name.replace("\u3000", " ").isprintable() for name in (track.name, *track.strange))
    assert sheet.names and sheet.track("no such cel") is None
    assert all(line.replace("\u3000", " ").isprintable() for line in (*sheet.unused, *sheet.memos))


def _feed_xdts(data: bytes) -> None:
    _check(read_sheet(place(data, "cut.xdts")))


def _feed_table(data: bytes) -> None:
    _check(read_sheet(place(data, "sheet.csv")))


def _feed_tdts(data: bytes) -> None:
    _check(read_sheet(place(data, "cut.tdts")))


def _feed_sxf(data: bytes) -> None:
    _check(read_sheet(place(data, "cut.sxf")))


def _feed_export(data: bytes, name: str) -> None:
    export = read_export(place(data, name))
    _check(export.sheet)
    assert len({track.name.casefold() for track in export.sheet.tracks}) == len(export.pictures)
    for track, pictures in zip(export.sheet.tracks, export.pictures, strict=True):
        assert track.shown == tuple(pictures) and not set(track.name) & set('/\\:*?"<>|')


def _feed_tvpaint_json(data: bytes) -> None:
    _feed_export(data, "clip.json")


def _feed_tvpaint_csv(data: bytes) -> None:
    _feed_export(data, "clip.csv")


def _tdts() -> Iterator[bytes]:
    table = describe_tdts(12, {"a": [(0, "1"), (4, "SYMBOL_NULL_CELL")]}, {"A": [(0, "1"), (6, "5")]})
    first = table["timeSheets"][0]["timeTables"][0]
    first["fields"].append(
        {
            "fieldId": 5,
            "tracks": [
                {
                    "trackNo": 0,
                    "frames": [
                        {
                            "frame": 3,
                            "data": [{"id": 0, "values": ["PAN"], "memo": {"imageData": "iVBO", "text": "slow"}}],
                        }
                    ],
                }
            ],
        }
    )
    table["timeSheets"][0]["header"] |= {"direction": "with care", "workSlip": {"memo": "hands"}}
    yield _TDTS_HEAD + json.dumps(table).encode()


def _sxf() -> Iterator[bytes]:
    cells = [(1, "1"), (2, ""), (8, ""), (1, "12")]
    yield format_sxf(4, {"A": cells, "B": cells[:2]}, {"A": cells}, memo="slow", hidden=["B"])


def _tvpaint_json() -> Iterator[bytes]:
    behaviors = {"pre-behavior": 1, "post-behavior": 2, "repeat": [{"index": 6, "value": 2, "mode": 1}]}
    layers = [describe_layer("A", 1, [2, 4], 7, start=2, opacity=90, **behaviors), describe_layer("B", 2, [0], 9)]
    yield json.dumps(describe_tvpaint(10, *layers, markin={"status": True, "value": 1})).encode()


def _tvpaint_csv() -> Iterator[bytes]:
    rows = [["[001][00001] 1.png", "[002][00001] B.png"], ["[002][00001] B.png"], ["[001][00003] a,2.png", ""]]
    yield format_export(["A", "B"], rows, Visible=[1, 0]).encode()
    yield format_export(["Layer 1"], [["frame00001-00000.png"], [""]], 0).encode()


def _mutate_tdts(data: bytes, random: Random) -> bytes:
    return _TDTS_HEAD + mutate_json(data.removeprefix(_TDTS_HEAD), random)


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
_KEYS = (b'"link"', b'"images"', b'"start"', b'"end"', b'"repeat"', b'"post-behavior"', b'"image-count"')
_ROWS = (b"#Layers", b"#Visible", b"#00001", b"[001][00001] ", b"#Density")
_MARKS = (b"frame", b"# fps ", b"\t", b";", b"\xc3\x97")

TARGETS = (
    Target("xdts", "shot.sheets.files.read_sheet (XDTS)", _feed_xdts, _xdts, mutate=_mutate_xdts, words=_SYMBOLS),
    Target("csv", "shot.sheets.files.read_sheet (CSV)", _feed_table, _tables, words=_MARKS),
    Target("tdts", "shot.sheets.files.read_sheet (TDTS)", _feed_tdts, _tdts, mutate=_mutate_tdts, words=_SYMBOLS),
    Target("sxf", "shot.sxf.parse_sxf", _feed_sxf, _sxf, words=(b"WBSC", b"\xff\x04", b"\0\1" + b"9" * 8)),
    Target("tvpaint_json", "shot.tvpaint_json.parse_tvpaint_json", _feed_tvpaint_json, _tvpaint_json,
           mutate=mutate_json, words=_KEYS),
    Target("tvpaint_csv", "shot.tvpaint_csv.parse_tvpaint_csv", _feed_tvpaint_csv, _tvpaint_csv, words=_ROWS),
)  # fmt: skip
