"""Writing framecolor.json: when, and what is up to date by it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framecolor import OutputError
from framecolor.output.frame_entry import FrameEntry
from framecolor.output.manifest_writer import ManifestWriter

HEAD = {"palette": [[1, 2, 3, 255]], "size": [4, 4]}


def entry(number: int) -> FrameEntry:
    return FrameEntry(number, f"{number}.png", "s")


def test_what_is_written_is_current_until_anything_changes(tmp_path: Path) -> None:
    manifest = ManifestWriter(tmp_path / "out")
    manifest.begin(HEAD, [1, 2])
    assert manifest.write_frame(entry(1), b"paint", {"layer": b"ink"})
    assert not manifest.write_frame(entry(1), b"paint", {"layer": b"ink"}), "the same is not written twice"
    assert manifest.write_frame(entry(1), b"paint", {"layer": b"ink"}, force=True)
    manifest.save()
    again = ManifestWriter(tmp_path / "out")
    assert (list(again.entries()), again.head) == (list(manifest.entries()), HEAD)
    assert again.is_current(1, "s", "1.png")
    assert not again.is_current(1, "other", "1.png")
    assert not again.is_current(1, "s", "renamed.png")
    assert not again.is_current(2, "s", "2.png")
    (tmp_path / "out/line/1.png").unlink()
    assert not again.is_current(1, "s", "1.png")


def test_a_failed_frame_is_never_current_and_its_file_stays(tmp_path: Path) -> None:
    manifest = ManifestWriter(tmp_path)
    manifest.begin(HEAD, [1])
    manifest.write_frame(entry(1), b"paint")
    manifest.note_failure(1, "1.png", "broken")
    assert not manifest.is_current(1, "s", "1.png")
    assert (tmp_path / "1.png").read_bytes() == b"paint"


def test_saving_the_same_writes_nothing(tmp_path: Path) -> None:
    manifest = ManifestWriter(tmp_path)
    manifest.begin(HEAD, [1])
    manifest.save()
    path = tmp_path / "framecolor.json"
    path.write_text(path.read_text() + " ")
    manifest.save()
    assert path.read_text().endswith(" ")
    manifest.note(entry(1))
    manifest.save()
    assert json.loads(path.read_text())["frames"][0]["number"] == 1


def test_it_is_written_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is killed has not forgotten everything."""
    clock = [0.0]
    monkeypatch.setattr("framecolor.output.manifest_writer.time.monotonic", lambda: clock[0])
    manifest = ManifestWriter(tmp_path)
    manifest.begin(HEAD, [1, 2])
    manifest.note(entry(1))
    assert not manifest.path.exists()
    clock[0] = 2.5
    manifest.note(entry(2))
    assert [frame["number"] for frame in json.loads(manifest.path.read_text())["frames"]] == [1, 2]


def test_numbers_that_are_gone_are_dropped(tmp_path: Path) -> None:
    manifest = ManifestWriter(tmp_path)
    manifest.begin(HEAD, [1, 2])
    manifest.note(entry(1))
    manifest.note(entry(2))
    manifest.begin(HEAD, [2, 3])
    assert [entry.number for entry in manifest.entries()] == [2]
    assert manifest.entry(1) is None


def test_a_manifest_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match=r"framecolor\.json: the file cannot be written"):
        ManifestWriter(tmp_path / "out").save()
