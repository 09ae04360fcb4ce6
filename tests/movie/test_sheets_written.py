"""Sheets that are written: read as they were, laid out as their formats are published, and refused where they harm."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cut_folders import invoke, make_cut
from cut_folders import write_sheet as write_cut_sheet
from drawings import make_shot
from exports import make_tvpaint_cut
from painting import paint
from timesheets import describe_xdts, write_xdts

from framecolor import InputError, Shot, write_sheet
from framecolor.core.drawing_number import make_number
from framecolor.shot.sheets.exposure_sheet import Sheet, Track
from framecolor.shot.sheets.files import read_sheet
from framecolor.shot.sheets.writers import format_csv, format_tvpaint_json, format_xdts
from framecolor.shot.sheets.xdts import SIGNATURE

pytestmark = pytest.mark.usefixtures("quick_engine")

NAMES = ("A", "B;2", "\u52d5\u753b", 'a "quoted" name', "a,b", "c;d;e", "C 3", "-x", "1")


def make_sheet(random: Random, *, letters: bool = True) -> Sheet:
    frames = random.choice((1, 2, 3, 12, 200))
    tracks = []
    for name in random.sample(NAMES, random.randrange(1, 6)):
        numbers = [make_number(random.randrange(30), random.choice(("", "", "a")) if letters else "") for _ in range(4)]
        exposures: list[int | None] = []
        while len(exposures) < frames:
            exposures += [random.choice((None, *numbers))] * random.randrange(1, 8)
        tracks.append(Track(name, tuple(exposures[:frames])))
    return Sheet(Path("made"), frames, tuple(tracks), random.choice((None, 24.0, 25.0, 29.97, 23.976)))


def compare(made: Sheet, read: Sheet) -> None:
    assert read.frames == made.frames and (read.fps or 24) == (made.fps or 24)
    assert [(one.name, one.exposures) for one in read.tracks] == [(one.name, one.exposures) for one in made.tracks]


def test_a_sheet_is_read_as_it_was_written(tmp_path: Path) -> None:
    random = Random(7)
    for _ in range(200):
        made = make_sheet(random)
        for name, text in (("a.xdts", format_xdts(made, "cut")), ("a.csv", format_csv(made))):
            (tmp_path / name).write_text(text, "utf-8")
            compare(made, read_sheet(tmp_path / name))


def test_the_json_is_read_as_it_was_written(tmp_path: Path) -> None:
    random = Random(8)
    for _ in range(200):
        made = make_sheet(random)
        files = [{number: f"{n}/a{number:04d}.png" for number in track.shown} for n, track in enumerate(made.tracks)]
        if not any(files):
            continue
        (tmp_path / "a.json").write_text(format_tvpaint_json(made, "cut", (96, 128), files), "utf-8")
        read = read_sheet(tmp_path / "a.json")
        assert read.frames == made.frames and read.fps == (made.fps or 24)
        assert [one.exposures for one in read.tracks] == [one.exposures for one in made.tracks]


def check_published(text: str) -> dict[str, Any]:
    """Check XDTS against its published layout: first line, keys that are required, kinds and least values."""
    head, _, body = text.partition("\n")
    document = json.loads(body)
    assert head == SIGNATURE and document["version"] == 5 and len(document["timeTables"]) >= 1
    for table in document["timeTables"]:
        assert table["duration"] >= 1 and isinstance(table["name"], str)
        for header in table["timeTableHeaders"]:
            assert header["fieldId"] in (0, 3, 5) and all(isinstance(name, str) for name in header["names"])
        for field in table["fields"]:
            assert field["fieldId"] in (0, 3, 5)
            for track in field["tracks"]:
                assert type(track["trackNo"]) is int and track["trackNo"] >= 0
                frames = [entry["frame"] for entry in track["frames"]]
                assert frames == sorted(set(frames)) and frames[0] == 0 and all(type(frame) is int for frame in frames)
                for entry in track["frames"]:
                    assert all(data["id"] == 0 and len(data["values"]) == 1 for data in entry["data"])
                    assert all(isinstance(value, str) and value for value in entry["data"][0]["values"])
    return document


def test_xdts_is_laid_out_as_published() -> None:
    random = Random(9)
    for _ in range(50):
        made = make_sheet(random)
        table = check_published(format_xdts(made, "cut"))["timeTables"][0]
        assert table.get("frameRate", 24.0) == (made.fps or 24.0)


def test_the_timing_of_a_cut_is_written_again(tmp_path: Path) -> None:
    cut = make_cut(tmp_path / "Cut-005")
    source = read_sheet(write_cut_sheet(cut))
    for cel in ("A", "B"):
        paint(cut / "Line" / cel)
    out = tmp_path / "Cut-005_Cell"
    for name in ("cut.xdts", "cut.csv"):
        done = invoke("sheet", cut, "-o", out / name)
        assert done.exit_code == 0 and f"{name}: 24 frames of A, B, at 24 frames a second" in done.stdout
        assert done.stderr == "note: Cut-005/A shows drawings without a painted frame: 7\n"
        compare(source, read_sheet(out / name))
    check_published((out / "cut.xdts").read_text("utf-8"))
    assert (out / "cut.csv").read_text("utf-8").splitlines()[:3] == ["# fps 24", "frame,A,B", "1,1,"]
    done = invoke("sheet", cut, "--cel", "B", "--fps", "23.976", "-o", out / "b.xdts")
    assert done.exit_code == 0, done.output
    sheet = read_sheet(out / "b.xdts")
    assert sheet.names == ("B",) and sheet.fps == float(Fraction(24000, 1001))
    assert read_sheet(write_sheet(out / "A", out / "a.csv").path).names == ("A",)


def test_without_a_sheet_each_drawing_is_shown_for_some_frames(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 4, (0, 3), first=1)
    (root / "line/cut.0003.png").unlink()
    paint(root)
    done = write_sheet(root, tmp_path / "twos.csv", held=2)
    (track,) = done.sheet.tracks
    assert (track.name, track.exposures, done.notes) == ("cut", (1, 1, 2, 2, 2, 2, 4, 4), ())
    compare(done.sheet, read_sheet(done.path))
    assert write_sheet(root, tmp_path / "ones.xdts").sheet.frames == 4


def test_what_would_harm_or_cannot_be_is_refused(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 2, (0,), first=1)
    sheet = write_xdts(root / "cut.xdts", describe_xdts(2, {"cut": [(0, "1")]}))
    before = sheet.read_bytes()
    with pytest.raises(InputError, match="run `framecolor colorize` first"):
        write_sheet(root, tmp_path / "a.xdts")
    paint(root)
    with pytest.raises(InputError, match="is the sheet that the timing is read from"):
        write_sheet(root, sheet)
    with pytest.raises(InputError, match="no kind of sheet that is written"):
        write_sheet(root, tmp_path / "a.sxf")
    with pytest.raises(InputError, match="the limit is 65535"):
        write_sheet(root, tmp_path / "a.csv", held=70_000)
    assert sheet.read_bytes() == before
    cut = make_cut(tmp_path / "Cut-005")
    for cel in ("A", "B"):
        paint(cut / "Line" / cel)
    with pytest.raises(InputError, match="no exposure sheet"):
        write_sheet(cut, tmp_path / "b.xdts")
    assert invoke("sheet", root, "-o", tmp_path / "a.xdts", "--on", "2", "--sheet", sheet).exit_code == 2


def test_files_that_are_no_written_sheets_stay(tmp_path: Path) -> None:
    cut = make_tvpaint_cut(tmp_path / "Cut 006 \u30ab\u30c3\u30c8")
    for cel in ("A", "B2"):
        paint(cut / "line" / cel)
    out = tmp_path / f"{cut.name}_Cell"
    manifest, table, export = out / "A/framecolor.json", out / "budget.csv", cut / "clip.json"
    table.write_text("day,cost\nMonday,3\n", "utf-8")
    before = [path.read_bytes() for path in (manifest, table, export)]
    for path in (manifest, table):
        with pytest.raises(InputError, match="exists, and is no exposure sheet"):
            write_sheet(cut, path)
    for source in (cut / "line/A", out / "A"):
        with pytest.raises(InputError, match="an export of other pictures than the painted frames"):
            write_sheet(source, export, held=2)
    with pytest.raises(InputError, match=r"a second sheet of its kind beside clip\.json"):
        write_sheet(cut, cut / "painted.json")
    assert [path.read_bytes() for path in (manifest, table, export)] == before
    for name in ("painted.json", "painted.xdts", "painted.csv"):
        for _ in range(2):  # a sheet that was written before is replaced
            assert write_sheet(cut, out / name).sheet.names == ("B2", "A")
    root = make_shot(tmp_path / "cut", 2, (0,), first=1)
    paint(root)
    write_sheet(root, root / "cut.xdts", held=2)
    with pytest.raises(InputError, match=r"a second sheet of its kind beside cut\.xdts"):
        write_sheet(root, root / "sheet.csv", held=2)
    assert Shot.open(root).timing is not None
