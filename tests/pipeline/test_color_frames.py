"""Frames from arrays in memory: the same pixels as `colorize` gives, in order, and errors before any work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from drawings import PALETTE, draw, make_shot
from painting import Pixels, colors_of, paint, read_frames

from framecolor import ColoredFrame, Event, Settings, SettingsError, ShotError, Warned, color_frames
from framecolor.media import write_image

pytestmark = pytest.mark.usefixtures("quick_engine")

STEPS = (0, 1, 1, 2, 3)
KEYS = (0, 4)


def make_lines() -> dict[int, Pixels]:
    """Five drawings, the third of which is held, numbered as in `make_shot`."""
    return {1001 + i: draw(step)[0] for i, step in enumerate(STEPS)}


def make_keys() -> dict[int, Pixels]:
    return {1001 + i: draw(STEPS[i])[1] for i in KEYS}


def test_frames_are_those_of_colorize(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 4, (0, 3))
    lines = {1001 + i: draw(i)[0] for i in range(4)}
    keys = {1001 + i: draw(i)[1] for i in (0, 3)}
    for settings in ({}, {"line": "none", "background": "transparent"}, {"mode": "painted"}):
        frames = list(color_frames(lines, keys, Settings(**settings)))  # type: ignore[arg-type]
        painted = read_frames(paint(root, tmp_path / "out", overwrite=True, **settings).out)
        assert [frame.number for frame in frames] == [1001, 1002, 1003, 1004]
        for frame, pixels in zip(frames, painted.values(), strict=True):
            np.testing.assert_array_equal(frame.rgba, pixels)


def test_a_sequence_is_numbered_from_0_and_holds_share_their_pixels() -> None:
    frames = list(color_frames([draw(step)[0] for step in STEPS], {0: draw(0)[1], 4: draw(3)[1]}))
    assert [frame.number for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.hold_of for frame in frames] == [None, None, 1, None, None]
    assert frames[2].rgba is frames[1].rgba
    assert frames[0].confidence == 1 and not frames[0].unsure
    assert {tuple(color) for color in frames[1].palette.tolist()} == PALETTE


def test_holds_around_an_empty_drawing_repeat_their_drawing(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 6, (0,))
    lines = [draw(step)[0] for step in (0, 0, 0, 0, 1, 1)]
    lines[2] = np.zeros_like(lines[0])
    for i, line in enumerate(lines):
        write_image(next((root / "line").glob(f"*{1001 + i}.png")), line)
    frames = list(color_frames(lines, {0: draw(0)[1]}))
    assert [frame.number for frame in frames] == [0, 1, 2, 3, 4, 5]
    assert [frame.hold_of for frame in frames] == [None, 0, None, 0, None, 4]
    painted = read_frames(paint(root, tmp_path / "out").out)
    for frame, pixels in zip(frames, painted.values(), strict=True):
        np.testing.assert_array_equal(frame.rgba, frames[frame.hold_of or frame.number].rgba)
        np.testing.assert_array_equal(frame.rgba, pixels)


def test_lines_may_be_gray_or_without_alpha() -> None:
    on_white = {n: cv2.cvtColor(255 - line[..., 3], cv2.COLOR_GRAY2RGB) for n, line in make_lines().items()}
    rgb = list(color_frames(on_white, make_keys(), Settings(line="none")))
    gray = list(color_frames({n: line[..., 0] for n, line in on_white.items()}, make_keys(), Settings(line="none")))
    for one, other in zip(rgb, gray, strict=True):
        np.testing.assert_array_equal(one.rgba, other.rgba)
        assert colors_of(one.rgba) <= PALETTE


def test_lines_alone_are_given_where_they_are_a_layer() -> None:
    frame = next(iter(color_frames(make_lines(), make_keys(), Settings(line="layer"))))
    assert frame.ink is not None
    np.testing.assert_array_equal(frame.ink, draw(0)[0])


class Program(dict[int, Pixels]):
    """Drawings of a paint program, which records those that were read."""

    def __init__(self, lines: Mapping[int, Pixels]) -> None:
        super().__init__(lines)
        self.asked: list[int] = []

    def __getitem__(self, number: int) -> Pixels:
        self.asked.append(number)
        return super().__getitem__(number)


def test_drawings_are_fetched_as_they_are_needed_and_an_end_in_between_leaves_nothing_behind() -> None:
    program = Program({i: draw(i % 4)[0] for i in range(60)})
    before = cv2.getNumThreads()
    frames = color_frames(program, {0: draw(0)[1], 2: draw(2)[1], 59: draw(3)[1]})
    assert isinstance(next(iter(frames)), ColoredFrame)
    assert len(program.asked) < 40
    frames.close()  # type: ignore[attr-defined]
    assert cv2.getNumThreads() == before


def test_a_key_with_two_colors_in_a_region_is_warned_of() -> None:
    events: list[Event] = []
    keys = make_keys()
    region = keys[1001][..., 3] > 0
    rows = np.flatnonzero(region.any(axis=1))
    keys[1001][rows[len(rows) // 2 :]] = (9, 99, 9, 255)
    next(iter(color_frames(make_lines(), keys, listener=events.append)))
    assert events and all(isinstance(event, Warned) and "1001" in event.text for event in events)


@pytest.mark.parametrize(
    ("changed", "subject"),
    [
        ({"keys": {}}, "keys"),
        ({"keys": {7: draw(0)[1]}}, "keys"),
        ({"keys": {1001: draw(0)[1][:-1]}}, "drawing 1001"),
        ({"keys": {1001: draw(0)[1], 1005: draw(3)[1][:-1]}}, "key 1005"),
        ({"keys": {1001: draw(0)[1].astype(float)}}, "key 1001"),
        ({"keys": {1001: draw(0)[1][..., :2]}}, "key 1001"),
        ({"keys": {1001: None}}, "key 1001"),
        ({"keys": {1001: np.zeros(7, np.uint8)}}, "key 1001"),
        ({"settings": Settings(format="exr")}, "format"),
        ({"settings": Settings(fit="auto")}, "fit"),
        ({"settings": Settings(overwrite=True)}, "overwrite"),
    ],
)
def test_invalid_input_raises_at_the_call(changed: dict[str, Any], subject: str) -> None:
    given: dict[str, Any] = {"lines": make_lines(), "keys": make_keys()} | changed
    with pytest.raises((ShotError, SettingsError)) as raised:
        color_frames(**given)
    assert raised.value.subject == subject


def test_a_drawing_of_another_size_raises_when_it_is_reached() -> None:
    lines = make_lines()
    lines[1003] = lines[1003][:-1]
    with pytest.raises(ShotError) as raised:
        list(color_frames(lines, make_keys()))
    assert raised.value.subject == "drawing 1003"
