"""Runs of a session repeat only what an edit touches, and give the frames of a run without one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawings import COAT, draw, make_shot
from painting import copy_shot, read_all

from framecolor import Event, FrameDone, Settings, Shot
from framecolor.media import read_image, write_image
from framecolor.output.frame_entry import FrameEntry
from framecolor.pipeline.colorize import paint_shot
from framecolor.pipeline.result import Outcome
from framecolor.pipeline.session import Session
from framecolor.propagation import features
from framecolor.shot.corrections import Correction, write_corrections

pytestmark = pytest.mark.usefixtures("quick_engine")


@pytest.fixture(scope="module")
def painted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frames 1001 to 1006, keys 1001 and 1006; 1004 repeats 1003."""
    root = make_shot(tmp_path_factory.mktemp("session") / "cut", 6, (0, 5))
    shutil.copy(root / "line/cut.1003.png", root / "line/cut.1004.png")
    return root


class Desk:
    """A shot at work in one session."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.root, self.settings = root, Settings(**settings)
        self.noted: list[FrameEntry] = []
        self.corrections: list[Correction] = []
        self.session = Session(self.noted.append)

    def run(self, listener: Callable[[Event], None] | None = None) -> Outcome:
        self.noted.clear()
        return paint_shot(self.open(), self.root / "color", self.settings, listener, session=self.session)

    def open(self) -> Shot:
        write_corrections(self.root / "corrections.json", "cut", self.corrections)
        return Shot.open(self.root, corrections=self.root / "corrections.json")

    def correct(self, number: int, x: int, y: int, color: tuple[int, int, int, int]) -> None:
        self.corrections.append(Correction(number, x, y, color))

    def check(self, tmp_path: Path) -> None:
        """Compare the folder with that of runs without a session, one a check: mattes keep ids of earlier runs."""
        fresh = tmp_path / "fresh"
        paint_shot(self.open(), fresh / "color", self.settings, None)
        left, right = read_all(self.root / "color"), read_all(fresh / "color")
        left = {name: data for name, data in left.items() if not name.startswith(".framecolor")}
        right = {name: data for name, data in right.items() if not name.startswith(".framecolor")}
        manifest = "framecolor.json"
        assert left.keys() == right.keys()
        assert {name for name in left if left[name] != right[name]} <= {manifest}
        assert without_places(left[manifest]) == without_places(right[manifest])


def without_places(manifest: bytes) -> list[str]:
    """The lines of a manifest but those that say where its shot is."""
    return [line for line in manifest.decode().splitlines() if '"line_dir"' not in line and '"seal"' not in line]


def place_of(root: Path, number: int, color: tuple[int, ...]) -> tuple[int, int]:
    """A pixel (x, y) of a painted frame inside of the largest region of a color."""
    rows, columns = np.nonzero((read_image(root / f"color/cut.{number}.png") == color).all(axis=-1))
    middle = len(rows) // 2
    return int(columns[middle]), int(rows[middle])


@pytest.fixture
def desk(painted: Path, tmp_path: Path) -> Desk:
    return Desk(copy_shot(painted, tmp_path / "cut"))


def test_a_first_run_paints_and_a_second_rests(desk: Desk, tmp_path: Path) -> None:
    assert len(desk.run().written) == 6
    assert [entry.number for entry in desk.noted] == [1001, 1002, 1003, 1004, 1005, 1006]
    assert desk.run().written == () and desk.noted == []
    desk.check(tmp_path)


@pytest.mark.parametrize("settings", [{}, {"mattes": True}, {"line": "layer"}, {"mode": "painted"}], ids=str)
def test_edits_give_the_frames_of_a_run_without_a_session(
    painted: Path, tmp_path: Path, settings: dict[str, Any]
) -> None:
    desk = Desk(copy_shot(painted, tmp_path / "cut"), **settings)
    desk.run()
    desk.check(tmp_path)
    desk.correct(1003, *place_of(desk.root, 1003, COAT), (10, 200, 30, 255))
    assert 1003 in desk.run().written
    desk.check(tmp_path)
    key = draw(2)[1]
    key[(key == COAT).all(-1)] = (1, 2, 250, 255)
    write_image(desk.root / "keys/cut.1003.png", key)
    desk.run()
    desk.check(tmp_path)
    (desk.root / "keys/cut.1003.png").unlink()
    desk.corrections.clear()
    desk.run()
    desk.check(tmp_path)


def test_only_frames_whose_picture_changes_are_written(desk: Desk) -> None:
    desk.run()
    color = read_image(desk.root / "color/cut.1003.png")[place_of(desk.root, 1003, COAT)[::-1]].tolist()
    desk.correct(1003, *place_of(desk.root, 1003, COAT), (color[0], color[1], color[2], 255))
    assert desk.run().written == ()
    assert 1003 in {entry.number for entry in desk.noted}  # it is sure now


def test_the_first_run_looks_at_frames_that_are_up_to_date(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    paint_shot(desk.open(), desk.root / "color", desk.settings, None)
    assert desk.run().written == () and desk.noted == []
    monkeypatch.setattr(features, "segment", refuse)  # later runs segment nothing
    desk.correct(1002, *place_of(desk.root, 1002, COAT), (10, 200, 30, 255))
    monkeypatch.setattr("framecolor.pipeline.read_ahead.hash_pixels", refuse)  # and decode nothing
    assert 1002 in desk.run().written


def refuse(*arguments: object) -> None:
    raise AssertionError("not called")


def test_frames_that_somebody_deletes_or_changes_come_back(desk: Desk, tmp_path: Path) -> None:
    desk.run()
    (desk.root / "color/cut.1002.png").unlink()
    (desk.root / "color/cut.1004.png").write_bytes(b"other")
    assert set(desk.run().written) == {1002, 1004}
    desk.check(tmp_path)


def test_a_drawing_that_changes_on_disk_is_read_again(desk: Desk, tmp_path: Path) -> None:
    desk.run()
    write_image(desk.root / "line/cut.1002.png", draw(9)[0])
    assert 1002 in desk.run().written
    desk.check(tmp_path)


def test_a_run_that_is_stopped_leaves_nothing_wrong_behind(desk: Desk, tmp_path: Path) -> None:
    class Stopped(BaseException):
        pass

    def stop(event: Event) -> None:
        if isinstance(event, FrameDone) and event.number == 1003:
            raise Stopped

    desk.run()
    desk.correct(1003, *place_of(desk.root, 1003, COAT), (10, 200, 30, 255))
    with pytest.raises(Stopped):
        desk.run(stop)
    desk.corrections.clear()  # undone before the run went on
    desk.run()
    desk.check(tmp_path)


def test_a_session_without_room_paints_the_same(desk: Desk, tmp_path: Path) -> None:
    desk.session.memory._most_bytes = 0
    desk.run()
    desk.correct(1003, *place_of(desk.root, 1003, COAT), (10, 200, 30, 255))
    desk.run()
    desk.check(tmp_path)


def test_colors_are_told_before_any_frame_is_painted(desk: Desk) -> None:
    told: dict[int, np.ndarray] = {}
    order: list[str] = []

    def settle(number: int, colors: np.ndarray) -> None:
        told[number] = colors
        order.append("colors")

    desk.session.settle = settle
    desk.run()
    assert told == {}  # its frames come as soon as they are painted
    desk.correct(1003, *place_of(desk.root, 1003, COAT), (10, 200, 30, 255))
    desk.run(lambda event: order.append("frame") if isinstance(event, FrameDone) else None)
    assert order == 6 * ["colors"] + 6 * ["frame"]
    assert [10, 200, 30, 255] in told[1003].tolist()
    assert all(told[number].shape[1] == 4 for number in range(1001, 1007))
