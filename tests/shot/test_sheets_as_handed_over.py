"""Sheets as they are handed over: XDTS 10, the frame rate of CLIP STUDIO, cels with letters, sheets of other kinds."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from cut_folders import invoke
from drawings import draw, make_shot
from painting import paint
from timesheets import describe_xdts, write_xdts

from framecolor import InputError, ReadError, Shot
from framecolor.core.drawing_number import LetteredNumber
from framecolor.media import write_image
from framecolor.shot.sheets.files import read_sheet

pytestmark = pytest.mark.usefixtures("quick_engine")


def describe(**changes: Any) -> dict[str, Any]:
    table = describe_xdts(4, {"A": [(0, "1"), (2, "2")]})
    table["timeTables"][0] |= {name: value for name, value in changes.items() if name == "frameRate"}
    return table | {name: value for name, value in changes.items() if name != "frameRate"}


@pytest.mark.parametrize("version", [5, 10])
def test_both_published_versions_are_read(tmp_path: Path, version: int) -> None:
    table = describe(version=version)
    table["timeTables"][0]["fields"].append({"fieldId": 3, "tracks": [{"trackNo": 0, "frames": []}]})
    (track,) = read_sheet(write_xdts(tmp_path / "a.xdts", table)).tracks
    assert track.exposures == (1, 1, 2, 2)


def test_another_version_is_told_with_a_fix_that_helps(tmp_path: Path) -> None:
    path = write_xdts(tmp_path / "a.xdts", describe(version=11))
    with pytest.raises(InputError, match=r"version 11, framecolor reads 5 and 10; .*or as CSV"):
        read_sheet(path)


@pytest.mark.parametrize(("rate", "fps"), [(30, 30.0), (23.976, 23.976), (None, None), (0, None)])
def test_the_frame_rate_is_read(tmp_path: Path, rate: object, fps: float | None) -> None:
    assert read_sheet(write_xdts(tmp_path / "a.xdts", describe(frameRate=rate))).fps == fps


@pytest.mark.parametrize("rate", ["30", -1, 1e9, True, [24]])
def test_a_frame_rate_that_is_none_is_an_error(tmp_path: Path, rate: object) -> None:
    with pytest.raises(InputError, match="frameRate"):
        read_sheet(write_xdts(tmp_path / "a.xdts", describe(frameRate=rate)))


OTHERS = {
    "a.xdts": (" toeiDigitalTimeSheet Save Data\r\n{}", "something before its first line"),
    "c.xdts": (json.dumps(describe()), "without its first line"),
    "d.json": (json.dumps({"project": {"clip": []}}), "JSON of another kind"),
    "sheet.csv": ("[1, 2, 3]", "JSON of another kind"),
    "e.json": (json.dumps({"timeSheets": []}), "TDTS"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_sheets_of_other_kinds_are_told_as_what_they_are(tmp_path: Path, name: str) -> None:
    text, words = OTHERS[name]
    (tmp_path / name).write_text(text)
    with pytest.raises(ReadError) as caught:
        read_sheet(tmp_path / name)
    assert words in str(caught.value) and "XDTS" in caught.value.fix


def test_a_sheet_that_is_not_read_is_named(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 2, (0,))
    (root / "cut.sts").write_bytes(b"\x11ShiraheiTimeSheet")
    (warning,) = Shot.open(root).warnings
    assert "cut.sts: not used" in warning and "export it as XDTS" in warning


def test_a_cel_with_a_letter_is_painted_and_shown(tmp_path: Path) -> None:
    """At the frames a second of the sheet, in the movie and in every table."""
    cut = tmp_path / "Cut-1"
    for step, name in enumerate(("A0001", "A0001a", "A0002")):
        write_image(cut / f"Line/A/{name}.png", draw(4 * step)[0])
    write_image(cut / "Keys/A/A0001.png", draw(0)[1])
    table = describe_xdts(8, {"A": [(0, "1"), (2, "1a"), (4, "2")]})
    table["timeTables"][0]["frameRate"] = 29.97
    write_xdts(cut / "cut.xdts", table)
    shot = Shot.open(cut / "Line/A")
    a = LetteredNumber(1, "a")
    assert shot.wanted == (1, a, 2) and shot.exposures == (1, 1, a, a, 2, 2, 2, 2) and shot.warnings == ()
    plan = json.loads(invoke("plan", cut, "--json").stdout)[0]
    assert (plan["range"], plan["spans"][0]["frames"], plan["sheet"]["fps"]) == ("1,1a,2", "1,1a,2", 29.97)
    outcome = paint(cut / "Line/A")
    assert outcome.written == (1, a, 2)
    assert paint(cut / "Line/A").unchanged == (1, a, 2), "the manifest tells the numbers apart"
    assert invoke("report", tmp_path / "Cut-1_Cell/A").exit_code == 0
    done = invoke("movie", cut, "-o", tmp_path / "a.mkv")
    assert done.exit_code == 0, done.output
    with av.open(str(tmp_path / "a.mkv")) as container:
        frames = [frame.to_ndarray(format="bgra").tobytes() for frame in container.decode(video=0)]
        assert container.streams.video[0].average_rate == Fraction(30000, 1001)
    assert len(frames) == 8 and len(set(frames)) == 3 and frames[2] == frames[3] != frames[4]


def test_drawings_with_letters_are_parts_of_a_farms_chunks(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 4, (0, 3), first=1, name="A{:04d}.png")
    write_image(root / "line/A0002a.png", draw(1)[0])
    single = {path.name: path.read_bytes() for path in (paint(root, tmp_path / "one").out).glob("*.png")}
    done = invoke("farm", "run", root, "--out", tmp_path / "many", "--chunk", "1", "--fit", "off")
    assert done.exit_code == 0, done.output
    assert {path.name: path.read_bytes() for path in (tmp_path / "many").glob("*.png")} == single
    assert "A0002a.png" in single


def test_a_movie_without_a_sheet_shows_letters_in_their_order(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 2, (0,), first=1, name="A{:04d}.png")
    write_image(root / "line/A0001a.png", draw(5)[0])
    paint(root)
    assert invoke("movie", root, "-o", tmp_path / "a.mkv").exit_code == 0
    with av.open(str(tmp_path / "a.mkv")) as container:
        assert len({frame.to_ndarray(format="bgra").tobytes() for frame in container.decode(video=0)}) == 3
