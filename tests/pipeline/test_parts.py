"""Several tasks that paint one shot, two runs in one folder, and the log: what a farm leans on."""

from __future__ import annotations

import json
import re
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawings import COAT, SIZE, make_shot
from painting import FIT, paint, read_all, read_bytes

from framecolor import (
    Event,
    FrameDone,
    OutputError,
    Settings,
    Shot,
    UnsureRegion,
    colorize,
    colorize_part,
    gather_parts,
    prepare,
)
from framecolor.cli import framecolor as command
from framecolor.core.clock import STAGES
from framecolor.media import write_image
from framecolor.output.frame_entry import FrameEntry
from framecolor.output.lock import claim_output
from framecolor.output.manifest_writer import ManifestWriter
from framecolor.pipeline.prepared import read_prepared

pytestmark = pytest.mark.usefixtures("quick_engine")


def paint_part(root: Path, frames: str) -> None:
    colorize_part(Shot.open(root, frames=frames), None, Settings(fit=FIT))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_shot(tmp_path / "cut")


@pytest.mark.parametrize("parts", [("1006-1007", "1001", "1002-1005"), ("1001-1007x2", "1002-1006x2")])
def test_a_shot_in_parts_is_the_same_to_the_byte(root: Path, painted_shot: Path, parts: tuple[str, ...]) -> None:
    prepare(Shot.open(root), None, Settings(fit=FIT))
    for frames in parts:
        paint_part(root, frames)
    assert not (root / "color/framecolor.json").exists()
    outcome = gather_parts(Shot.open(root), root / "color")
    assert (outcome.failed, len(outcome.unchanged), outcome.keys) == ({}, 7, 2)
    assert read_all(root / "color") == read_all(painted_shot / "color")


def test_a_hold_is_the_same_to_the_byte_where_another_task_paints_its_drawing(tmp_path: Path) -> None:
    """Its drawing is that of a key, which belongs to the span before, or one that strokes name."""
    outs = []
    for name in ("whole", "parts"):
        root = make_shot(tmp_path / name / "cut", 7, (0, 3, 6))
        for number in (1005, 1006):
            shutil.copy(root / f"line/cut.{number - 1}.png", root / f"line/cut.{number}.png")
        shutil.copy(root / "line/cut.1002.png", root / "line/cut.1003.png")
        hint = np.zeros((*SIZE, 4), np.uint8)
        hint[60:64, 38:42] = COAT
        write_image(root / "hints/1002.png", hint)
        for frames in ("1001-1002", "1003-1004", "1005-1007") if name == "parts" else ():
            colorize_part(Shot.open(root, frames=frames))
        outs.append(paint(root).out)
    whole, parts = map(read_all, outs)
    assert whole == parts
    assert b'"told": 1' in whole["framecolor.json"]


def test_the_next_whole_run_gathers_too_and_paints_what_is_missing(root: Path, painted_shot: Path) -> None:
    paint_part(root, "1001-1003")
    outcome = paint(root, fit=FIT)
    assert outcome.written == (1004, 1005, 1006, 1007)
    assert read_all(root / "color") == read_all(painted_shot / "color")


def test_a_task_that_is_tried_again_does_nothing_twice(root: Path) -> None:
    paint_part(root, "1001-1003")
    again = colorize_part(Shot.open(root, frames="1001-1003"), None, Settings(fit=FIT))
    assert (again.written, again.unchanged) == ((), (1001, 1002, 1003))


def test_gathering_names_what_no_task_has_painted(root: Path) -> None:
    with pytest.raises(OutputError, match="holds no painted frames"):
        gather_parts(Shot.open(root), root / "color")
    paint_part(root, "1001-1005")
    next((root / "color").glob("*1002.png")).write_bytes(b"")
    failed = gather_parts(Shot.open(root), root / "color").failed
    assert list(failed) == [1002, 1006, 1007]
    assert "cut.1002.png" in failed[1002] and "no task has painted it" in failed[1006]


def test_gathering_refuses_frames_of_an_earlier_job(root: Path) -> None:
    """They are complete and were valid then: only the sources of `prepare` show that they are stale."""
    paint(root, fit=FIT)
    other = Settings(fit=FIT, background="paper")
    prepare(Shot.open(root), None, other)
    colorize_part(Shot.open(root, frames="1001-1004"), None, other)
    failed = gather_parts(Shot.open(root), root / "color").failed
    assert list(failed) == [1005, 1006, 1007]
    assert "other drawings, keys or settings" in failed[1005]
    assert gather_parts(Shot.open(root, frames="1001-1004"), root / "color").failed == {}
    assert list(gather_parts(Shot.open(root), root / "color").failed) == [1005, 1006, 1007], "nothing is forgotten"
    colorize_part(Shot.open(root, frames="1005-1007"), None, other)
    assert gather_parts(Shot.open(root), root / "color").failed == {}


def test_a_damaged_note_of_what_was_prepared_is_none(root: Path) -> None:
    prepare(Shot.open(root), None, Settings(fit=FIT))
    for text in ("", "[]", "{}", '{"sources": []}', '{"sources": {"x": 1}}'):
        (root / "color/.framecolor/prepared.json").write_text(text)
        assert read_prepared(root / "color") == {}


def test_parts_of_two_palettes_name_their_colors_by_the_newest(tmp_path: Path) -> None:
    doubt = UnsureRegion(9, (1, 1, 3, 3), (), 0, None, 0.5)
    for number, palette in ((1, [[9, 9, 9, 255], [1, 2, 3, 255]]), (2, [[1, 2, 3, 255]])):
        part = ManifestWriter(tmp_path, [number])
        part.begin({"palette": palette}, [1, 2])
        part.note(FrameEntry(number, "a.png", unsure=(replace(doubt, color=len(palette) - 1),)))
        part.save()
    manifest = ManifestWriter(tmp_path)
    assert [entry.unsure for entry in manifest.entries()] == [(doubt,), (doubt,)]
    manifest.save()
    assert sorted(read_all(tmp_path)) == ["framecolor.json"], "what is gathered is not kept twice"


@pytest.mark.parametrize(
    "damage", ["", "{", '{"format": 1, "frames": [{}], "palette": []}', '{"format": 1, "frames": []}']
)
def test_a_damaged_part_is_as_good_as_none(tmp_path: Path, damage: str) -> None:
    (tmp_path / ".framecolor/parts").mkdir(parents=True)
    (tmp_path / ".framecolor/parts/1-2-aa.json").write_text(damage)
    assert ManifestWriter(tmp_path).head == {}


def test_one_run_at_a_time_in_a_folder(root: Path) -> None:
    out = root / "color"
    with claim_output(out), pytest.raises(OutputError, match="another run is painting into this folder"):
        paint(root)
    assert not out.exists(), "the lock leaves nothing behind"
    with claim_output(out):
        paint_part(root, "1001-1002")  # tasks do not shut each other out


def test_a_listener_gets_each_frame_once(root: Path) -> None:
    (root / "line/cut.1004.png").write_bytes(b"broken")
    notes: list[FrameDone] = []
    threads: set[int] = set()

    def listen(event: Event) -> None:
        if isinstance(event, FrameDone):
            notes.append(event)
        threads.add(threading.get_ident())

    outcome = colorize(Shot.open(root), None, Settings(fit=0), listener=listen)
    assert threads == {threading.get_ident()}, "whatever thread finds a drawing broken"
    assert sorted(note.number for note in notes) == list(range(1001, 1008))
    assert {note.number for note in notes if note.status == "failed"} == set(outcome.failed) == {1004}
    painted = next(note for note in notes if note.status == "painted")
    assert painted.written and painted.confidence is not None and painted.regions > 0
    assert set(painted.seconds) == set(STAGES) and min(painted.seconds.values()) >= 0


def test_the_log_has_a_line_for_each_frame(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "logs/farm.log"
    for options in (["--log", str(log)], ["--log", str(log), "--overwrite"], ["--log", "-"]):
        command.main(["colorize", str(root), "--fit", "0", *options], standalone_mode=False)
    lines = log.read_text().splitlines()
    assert len(lines) == 2 * 9
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT[\d:.]{12}Z shot=cut frame=\d{4} status=painted written=yes confidence=[01]\.\d{3} unsure=\d+"
        r" regions=\d+ seconds=\d+\.\d{3}( [a-z]+_seconds=\d+\.\d{3})+",
        next(line for line in lines if "status=painted" in line),
    )
    assert "event=begin" in lines[0] and "event=end exit_code=0 written=7" in lines[8]
    assert "event=end" in capsys.readouterr().out


def test_a_log_quotes_what_is_no_plain_word(root: Path, tmp_path: Path) -> None:
    strange = root.rename(root.with_name('a "cut"\nevent=end'))
    log = tmp_path / "log"
    command.main(["colorize", str(strange), "--fit", "0", "--log", str(log)], standalone_mode=False)
    lines = log.read_text().splitlines()
    assert len(lines) == 9
    assert all(f"shot={json.dumps(strange.name)} " in line for line in lines)


def test_a_log_that_cannot_be_opened_is_said_before_any_work(root: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="the log cannot be written"):
        command.main(["colorize", str(root), "--log", str(tmp_path)], standalone_mode=False)
    assert not (root / "color").exists()


def test_what_shows_between_keys_is_said_once_by_tasks(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framecolor.pipeline.job.find_color_sets", lambda keyframes, load: ("keys 1 and 7 differ",))
    prepare(Shot.open(root))
    outcome = colorize_part(Shot.open(root, frames="1001-1007"))
    assert outcome.warnings.count("keys 1 and 7 differ") == 1
    gather_parts(Shot.open(root), outcome.out)
    in_parts = json.loads((outcome.out / "framecolor.json").read_text())
    alone = colorize(Shot.open(root), root / "alone")
    assert json.loads((alone.out / "framecolor.json").read_text())["warnings"] == in_parts["warnings"]


def test_keys_of_drawings_with_letters_are_kept_for_tasks(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, number in (("line", 1002), ("line", 1007), ("keys", 1007)):
        shutil.copy(root / f"{folder}/cut.{number}.png", root / f"{folder}/cut.{number}a.png")
    prepare(Shot.open(root))
    alone = colorize(Shot.open(root), root / "alone")

    def refuse(*args: object) -> None:
        raise AssertionError("the keys are read again")

    monkeypatch.setattr("framecolor.pipeline.job.read_key_drawings", refuse)
    for frames in ("1001-1002", "1002a-1006", "1007,1007a"):
        colorize_part(Shot.open(root, frames=frames))
    outcome = gather_parts(Shot.open(root), root / "color")
    assert outcome.failed == {} and (root / "color/cut.1002a.png").exists()
    assert read_bytes(outcome.out) == read_bytes(alone.out)
