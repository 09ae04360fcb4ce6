"""Sheets of RETAS and of Toei, and what XDTS holds besides cels: memos, dialogue, camera work."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest
from cut_folders import invoke, make_cut
from exports import describe_tdts, format_sxf, write_tdts
from painting import paint
from timesheets import describe_xdts, write_xdts

from framecolor import InputError, ReadError, Shot
from framecolor.output.manifest import Manifest
from framecolor.shot.sheets.exposure_sheet import Sheet
from framecolor.shot.sheets.files import read_sheet

A = [(1, "1"), (2, ""), (0, ""), (1, "3"), (8, ""), (0, "")]
B = [(8, ""), (1, "2"), (4, ""), (0, "")]


def read_sxf(path: Path, data: bytes) -> Sheet:
    path.write_bytes(data)
    return read_sheet(path)


def test_sxf_shows_the_columns_of_all_drawings(tmp_path: Path) -> None:
    data = format_sxf(6, {"A": A, "\u52d5\u753b": B}, {"A": A[:1]}, fps=30, memo="slow\rin", hidden=["A"])
    sheet = read_sxf(tmp_path / "a.sxf", data)
    assert (sheet.names, sheet.frames, sheet.fps) == (("A", "\u52d5\u753b"), 6, 30.0)
    assert [track.exposures for track in sheet.tracks] == [(1, 1, 1, 3, None, None), (None, 2, 2, 2, 2, 2)]
    assert [track.hidden for track in sheet.tracks] == [True, False]
    assert sheet.unused == ("the columns of key drawings (ACTION)",) and sheet.memos == ("memo: slow in",)


def test_sxf_of_key_drawings_alone(tmp_path: Path) -> None:
    sheet = read_sxf(tmp_path / "a.sxf", format_sxf(4, {"A": [(0, "")]}, {"A": A, "E": []}, sound=b"\1" * 24))
    assert (sheet.names, sheet.tracks[0].exposures, sheet.unused) == (("A",), (1, 1, 1, 3), ("sound",))
    assert read_sxf(tmp_path / "b.SXF", format_sxf(4, {"\u80cc": B}, encoding="cp932")).names == ("\u80cc",)


def test_a_damaged_sxf_is_one_line_that_names_it_and_the_fix(tmp_path: Path) -> None:
    whole = format_sxf(6, {"A": A})
    broken = [whole[:end] for end in (3, 4, 8, 12, 40, 100, 130, 160, len(whole) - 1)]
    broken += [whole.replace(b"WBSC", b"WBSD"), whole.replace(b"\xff\x04", b"\xfe\x04"), b""]
    broken += [whole.replace(struct.pack(">I", 6), struct.pack(">I", 999_999), 1), format_sxf(6, {"A": [(0, "")]})]
    for data in broken:
        with pytest.raises(InputError) as caught:
            read_sxf(tmp_path / "cut.sxf", data)
        assert "cut.sxf" in str(caught.value) and caught.value.fix and "\n" not in str(caught.value)


def test_tdts_shows_all_drawings_or_the_key_drawings(tmp_path: Path) -> None:
    keys = {"A": [(0, "1"), (3, "5")]}
    table = describe_tdts(6, {"a": [(0, "1"), (2, "2"), (4, "SYMBOL_NULL_CELL"), (6, "SYMBOL_NULL_CELL")]}, keys)
    table["timeSheets"][0]["header"]["workSlip"] = {"memo": "check the\nhands", "works": []}
    table["timeSheets"][0]["timeTables"][0] |= {"direction": "with care", "whiteBoardImageData": "iVBO"}
    sheet = read_sheet(write_tdts(tmp_path / "a.tdts", table))
    assert (sheet.names, sheet.tracks[0].exposures) == (("a",), (1, 1, 2, 2, None, None))
    assert sheet.memos == ("direction: with care", "memo: check the hands")
    assert sheet.unused == ("handwritten memos", "the columns of key drawings (ACTION)")
    sheet = read_sheet(write_tdts(tmp_path / "b.tdts", describe_tdts(4, {}, keys)))
    assert (sheet.names, sheet.tracks[0].exposures, sheet.unused) == (("A",), (1, 1, 1, 5), ())
    older = describe_xdts(4, keys) | {"header": {"cut": "5", "direction": "older"}}
    sheet = read_sheet(write_tdts(tmp_path / "c.tdts", older))
    assert sheet.tracks[0].exposures == (1, 1, 1, 5) and sheet.memos == ("direction: older",)


def test_a_damaged_tdts_is_one_line_that_names_it_and_the_fix(tmp_path: Path) -> None:
    path = write_tdts(tmp_path / "cut.tdts", describe_tdts(4, {"a": [(0, "1")]}))
    whole = path.read_text("utf-8")
    broken = (
        (whole[:-30], ReadError),
        (whole.replace("timeTables", "tables"), InputError),
        (whole.partition("\n")[2], ReadError),
        (whole.replace('"duration": 4', '"duration": 0'), InputError),
        (whole.replace('"fieldId": 4', '"fieldId": 2'), InputError),
        ("", ReadError),
    )
    for text, kind in broken:
        path.write_text(text, "utf-8")
        with pytest.raises(kind) as caught:
            read_sheet(path)
        assert "cut.tdts" in str(caught.value) and caught.value.fix and "\n" not in str(caught.value)


def describe_memos() -> dict[str, Any]:
    table = describe_xdts(24, {"A": [(0, "1"), (12, "2")]})
    entries = [(0, ["Aoi", "Yes.\nNo."]), (1, ["SYMBOL_HYPHEN"]), (9, ["SYMBOL_NULL_CELL"])]
    talk = [{"frame": frame, "data": [{"id": 0, "values": values}]} for frame, values in entries]
    pan = [{"frame": 6, "data": [{"id": 0, "values": ["PAN"]}]}, {"frame": 7, "data": [{"id": 0}]}]
    first = table["timeTables"][0]
    first["fields"] += [{"fieldId": 3, "tracks": [{"trackNo": 0, "frames": talk}]}]
    first["fields"] += [{"fieldId": 5, "tracks": [{"trackNo": 0, "frames": pan}]}]
    first["timeTableHeaders"] += [{"fieldId": 3, "names": ["S1"]}, {"fieldId": 5, "names": [""]}]
    first["fields"][0]["tracks"][0]["frames"][1]["data"][0]["memo"] = "hand is new here"
    table["header"]["direction"] = "in the rain"
    return table


MEMOS = ("direction: in the rain", "memo at 13, A: hand is new here", "dialogue at 1, S1: Aoi: Yes. No.",
         "camera at 7: PAN")  # fmt: skip


def test_memos_of_xdts_are_read_and_what_is_not_used_is_named(tmp_path: Path) -> None:
    sheet = read_sheet(write_xdts(tmp_path / "a.xdts", describe_memos()))
    assert sheet.memos == MEMOS and sheet.unused == ("dialogue", "camera work")
    assert sheet.tracks[0].exposures == (1,) * 12 + (2,) * 12
    table = describe_memos()
    table["timeTables"].append(table["timeTables"][0])
    table["timeTables"][0]["fields"][1]["tracks"] = [{"trackNo": "x"}, 7]
    sheet = read_sheet(write_xdts(tmp_path / "b.xdts", table))
    assert sheet.memos == MEMOS[:2] and "1 more time table" in sheet.unused, "a damaged memo makes no sheet unreadable"


@pytest.mark.usefixtures("quick_engine")
def test_memos_are_shown_by_plan_and_report(tmp_path: Path) -> None:
    cut = make_cut(tmp_path / "Cut-5")
    write_xdts(cut / "cut.xdts", describe_memos())
    shown = invoke("plan", cut, "--cel", "A").stdout
    assert all(f"memo      {memo}\n" in shown for memo in MEMOS)
    assert "note      cut.xdts also holds what is not used: dialogue, camera work\n" in shown
    assert json.loads(invoke("plan", cut, "--cel", "A", "--json").stdout)[0]["sheet"]["memos"] == list(MEMOS)
    assert Shot.open(cut / "Line/A").warnings == Shot.open(cut / "Line/A", sheet=cut / "cut.xdts").warnings
    outcome = paint(cut / "Line/A")
    assert Manifest.read(outcome.out).memos == MEMOS
    assert invoke("report", outcome.out).exit_code == 0
    page = (outcome.out / "report.html").read_text("utf-8")
    assert "Notes of the exposure sheet" in page and all(memo in page for memo in MEMOS)
    write_xdts(cut / "cut.xdts", describe_xdts(24, {"A": [(0, "1"), (12, "2")]}))
    assert paint(cut / "Line/A").written == () and Manifest.read(outcome.out).memos == ()
    invoke("report", outcome.out)
    assert "Notes of the exposure sheet" not in (outcome.out / "report.html").read_text("utf-8")
