"""The journal of edits: undo and redo, also after a kill, and of files that something else changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import framecolor.review.journal as journal_module
from framecolor import InputError, OutputError
from framecolor.review.journal import Edit, Journal
from framecolor.review.places import Places

KEY = "keys/a.0001.png"


@pytest.fixture
def places(tmp_path: Path) -> Places:
    root = tmp_path / "cut"
    root.mkdir()
    return Places(root / "corrections.json", root / "recolor.toml", root / "hints", root / "keys")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "review"


def read(places: Places) -> dict[str, bytes]:
    root = places.corrections.parent
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_edits_are_undone_and_redone(places: Places, folder: Path) -> None:
    journal = Journal(folder, places)
    assert (journal.undo_text, journal.redo_text) == (None, None)
    journal.apply(Edit("first", {KEY: b"one"}))
    journal.apply(Edit("second", {KEY: None, "keys/a.0001.tga": b"two", "corrections": b"{}"}))
    after = {"keys/a.0001.tga": b"two", "corrections.json": b"{}"}
    assert read(places) == after and journal.undo_text == "second"
    journal.undo()
    assert read(places) == {KEY: b"one"} and (journal.undo_text, journal.redo_text) == ("first", "second")
    journal.undo()
    assert read(places) == {}
    with pytest.raises(InputError, match="nothing to undo"):
        journal.undo()
    journal.redo()
    journal.redo()
    assert read(places) == after
    with pytest.raises(InputError, match="nothing to redo"):
        journal.redo()


def test_an_edit_after_an_undo_forgets_what_was_undone(places: Places, folder: Path) -> None:
    journal = Journal(folder, places)
    journal.apply(Edit("first", {KEY: b"one"}))
    journal.undo()
    journal.apply(Edit("other", {KEY: b"other"}))
    assert journal.redo_text is None
    assert {path.read_bytes() for path in (folder / "contents").iterdir()} == {b"other"}


def test_an_edit_that_changes_nothing_is_no_step(places: Places, folder: Path) -> None:
    journal = Journal(folder, places)
    journal.apply(Edit("first", {KEY: b"one"}))
    assert journal.apply(Edit("again", {KEY: b"one"})) == [] and journal.undo_text == "first"


def test_the_journal_is_there_after_a_restart(places: Places, folder: Path) -> None:
    journal = Journal(folder, places)
    journal.apply(Edit("first", {KEY: b"one"}))
    journal.apply(Edit("second", {KEY: b"two"}))
    journal.undo()
    with pytest.raises(OutputError, match="open in another review"):
        Journal(folder, places)
    journal.close()
    again = Journal(folder, places)
    assert (again.undo_text, again.redo_text) == ("first", "second")
    again.redo()
    assert read(places) == {KEY: b"two"}


@pytest.mark.parametrize("now", [b"by another program", None])
def test_a_file_that_something_else_changed_is_left(places: Places, folder: Path, now: bytes | None) -> None:
    journal = Journal(folder, places)
    journal.apply(Edit("first", {KEY: b"one", "corrections": b"{}"}))
    if now is None:
        places.locate(KEY).unlink()
    else:
        places.locate(KEY).write_bytes(now)
    before = read(places)
    with pytest.raises(InputError, match="changed since by something else"):
        journal.undo()
    assert read(places) == before and journal.undo_text == "first"


@pytest.mark.parametrize("text", ["", "{", '{"format": 2}', '{"format": 1, "at": 5, "pending": null, "steps": []}'])
def test_a_damaged_journal_counts_as_empty(places: Places, folder: Path, text: str) -> None:
    journal = Journal(folder, places)
    journal.apply(Edit("first", {KEY: b"one"}))
    journal.close()
    (folder / "journal.json").write_text(text)
    again = Journal(folder, places)
    assert again.undo_text is None and read(places) == {KEY: b"one"}
    again.apply(Edit("second", {KEY: b"two"}))
    again.undo()
    assert read(places) == {KEY: b"one"}


@pytest.mark.parametrize("name", ["keys/../../evil.png", "/evil.png", "keys/.hidden.png", "keys/evil.sh", "other"])
def test_a_journal_from_elsewhere_leads_to_no_other_file(places: Places, folder: Path, name: str) -> None:
    journal = Journal(folder, places)
    journal.apply(Edit("first", {KEY: b"one"}))
    journal.close()
    path = folder / "journal.json"
    path.write_text(path.read_text().replace(KEY, name))
    assert Journal(folder, places).undo_text is None


def test_a_lost_content_is_said(places: Places, folder: Path) -> None:
    journal = Journal(folder, places)
    journal.apply(Edit("first", {KEY: b"one"}))
    journal.apply(Edit("second", {KEY: b"two"}))
    for path in (folder / "contents").iterdir():
        path.write_bytes(b"damaged")
    with pytest.raises(InputError, match="missing or damaged"):
        journal.undo()
    assert read(places) == {KEY: b"two"}


@pytest.mark.parametrize("side", ["after", "before"])
def test_a_change_that_was_cut_off_is_completed(places: Places, folder: Path, side: str) -> None:
    """The process ends between two files of one edit, or of its undo."""
    journal = Journal(folder, places)
    journal.apply(Edit("first", {KEY: b"one", "corrections": b"[]"}))
    journal.apply(Edit("second", {KEY: b"two", "corrections": b"{}"}))
    if side == "before":
        journal.undo()
    journal.close()
    path = folder / "journal.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"pending": [1, side]}))
    places.corrections.write_bytes(b"[]" if side == "after" else b"{}")
    again = Journal(folder, places)
    wanted = (b"two", b"{}") if side == "after" else (b"one", b"[]")
    assert (read(places)[KEY], read(places)["corrections.json"]) == wanted
    assert (again.undo_text, again.redo_text) == (("second", None) if side == "after" else ("first", "second"))


def test_an_edit_that_cannot_be_written_leaves_all_as_it_was(places: Places, folder: Path) -> None:
    journal = Journal(folder, places)
    journal.apply(Edit("first", {"corrections": b"[]"}))
    places.hints.write_bytes(b"a file where a folder is expected")
    with pytest.raises(OutputError):
        journal.apply(Edit("second", {"corrections": b"{}", "hints/a.0001.png": b"hint"}))
    assert places.corrections.read_bytes() == b"[]" and journal.undo_text == "first"


def test_the_journal_is_bounded(places: Places, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "MOST_STEPS", 3)
    monkeypatch.setattr(journal_module, "MOST_BYTES", 2000)
    journal = Journal(folder, places)
    for step in range(8):
        journal.apply(Edit(f"step {step}", {KEY: bytes([step]) * 600}))
    assert sum(path.stat().st_size for path in (folder / "contents").iterdir()) <= 2000
    journal.undo()
    assert read(places) == {KEY: bytes([6]) * 600}
