"""Reading framecolor.json: all that was written comes back, and a damaged one is an error that names the fix."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from framecolor import InputError, ReadError, UnsureRegion
from framecolor.output.frame_entry import FrameEntry
from framecolor.output.manifest import Manifest
from framecolor.output.manifest_writer import ManifestWriter

HEAD = {"shot": "cut", "line_dir": "../line", "size": [64, 48], "settings": {"mode": "flat"}, "fit": None,
        "palette": [[1, 2, 3, 255], [255, 255, 255, 0]], "mattes": [[1, 2, 3]]}  # fmt: skip
REGION = UnsureRegion(9, (1, 2, 3, 3), ((1, 2), (4, 5)), 0, 1, 0.4)
UNSEEN, SLIVER = replace(REGION, unseen=True), replace(REGION, box=(5, 2, 3, 3), sliver=True)
FRAMES = (
    FrameEntry(1, "a.1.png", "s", "key", flicker=0.0, regions=4, confidence=1.0),
    FrameEntry(
        2,
        "a.2.png",
        "s",
        flicker=0.5,
        regions=4,
        confidence=0.5,
        unsure=(UNSEEN, SLIVER),
        told=2,
        corrected=1,
        before=1,
        origins=(2, 0, 1, 4),
    ),
    FrameEntry(3, "a.3.png", "s", "hold", flicker=0.0, regions=4, confidence=0.5, unsure=(REGION,), hold_of=2),
    FrameEntry(4, "a.4.png", status="failed", error="cut off"),
)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    writer = ManifestWriter(tmp_path)
    writer.begin(HEAD, [1, 2, 3, 4])
    for frame in reversed(FRAMES):
        writer.note(frame)
    writer.save()
    return tmp_path


def test_what_is_written_is_read(out: Path) -> None:
    manifest = Manifest.read(out)
    assert manifest.frames == FRAMES
    assert (manifest.shot, manifest.line_dir, manifest.width, manifest.height) == ("cut", "../line", 64, 48)
    assert (manifest.settings, manifest.fit, manifest.corrections) == (HEAD["settings"], None, ())
    assert (manifest.palette, manifest.mattes.paints) == (((1, 2, 3, 255), (255, 255, 255, 0)), ((1, 2, 3),))
    assert manifest.holds == {2: [3]} and manifest.with_status("failed") == FRAMES[3:]
    assert tuple(ManifestWriter(out).entries()) == FRAMES


def test_a_region_of_a_color_that_the_palette_lacks_is_left_out() -> None:
    table = json.loads(FRAMES[1].format())
    table["unsure"] += [{**table["unsure"][0], "color": 2}, {**table["unsure"][0], "second": 2}]
    assert FrameEntry.parse(table, 2) == FRAMES[1]


def test_regions_of_older_versions_are_no_slivers_and_are_shown_by_keys() -> None:
    table = json.loads(FRAMES[1].format())
    for region in table["unsure"]:
        del region["unseen"], region["sliver"], region["region"]
    assert FrameEntry.parse(table, 2).unsure == (REGION, replace(REGION, box=SLIVER.box))


def test_slivers_are_not_among_those_to_check() -> None:
    entry = FRAMES[1]
    assert entry.to_check == (UNSEEN,) and entry.expected_wrong == pytest.approx(0.6)
    assert entry.expected_wrong_px == pytest.approx(2 * 5.4) and entry.unseen_px == pytest.approx(5.4)


def test_an_entry_is_always_the_same_line() -> None:
    """Hashes of frames depend on no order, the bytes of framecolor.json do."""
    assert list(json.loads(FRAMES[1].format())) == [
        "number", "file", "source", "status", "flicker", "regions", "confidence", "unsure", "told", "corrected",
        "before", "origins",
    ]  # fmt: skip
    assert list(json.loads(FRAMES[2].format()))[-2:] == ["unsure", "hold_of"]
    assert list(json.loads(FRAMES[3].format())) == ["number", "file", "status", "error"]


@pytest.mark.parametrize(
    "damage",
    [
        {"format": 9},
        {"size": [0, 4]},
        {"palette": [[1, 2, 3]]},
        {"palette": [[1, 2, 3, 256]]},
        {"seal": "of another file"},
        {"frames": [{"number": 1, "file": "a.1.png"}]},
        {"frames": [{"number": "1", "file": "a.1.png", "status": "key"}]},
        {"frames": [{"number": 1, "file": "a.1.png", "status": "perfect"}]},
        {"frames": [{"number": 1, "file": "a.1.png", "status": "key", "confidence": "high"}]},
        {"frames": [{"number": 1, "file": "a.1.png", "status": "key", "unsure": [{**vars(REGION), "box": [1, 2]}]}]},
    ],
)
def test_a_damaged_manifest_is_an_error_for_readers_and_left_out_by_runs(out: Path, damage: dict[str, Any]) -> None:
    path = out / "framecolor.json"
    table = json.loads(path.read_text())
    del table["seal"]  # written by hand
    path.write_text(json.dumps(table))
    assert Manifest.read(out).frames == FRAMES
    path.write_text(json.dumps(table | damage))
    with pytest.raises(ReadError, match=r"framecolor\.json: .*; paint the shot again"):
        Manifest.read(out)
    writer = ManifestWriter(out)
    assert writer.damaged == ([] if "size" in damage else [path])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1', "[" * 4000])
def test_a_file_that_is_no_manifest_is_damaged(out: Path, text: str) -> None:
    (out / "framecolor.json").write_text(text)
    with pytest.raises(ReadError):
        Manifest.read(out)
    assert ManifestWriter(out).damaged == [out / "framecolor.json"]


def test_without_a_manifest_nothing_was_painted(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no framecolor\.json; run `framecolor colorize`"):
        Manifest.read(tmp_path)
    assert ManifestWriter(tmp_path).damaged == []
