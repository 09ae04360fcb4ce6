"""Ink of a pure hue: what the keys show as lines, and what is nearly all there is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawings import draw

from framecolor.core.compositing import lay_over_color
from framecolor.lineart.ink_hues import HuedLines, InkHues, count_hues, find_ink_hues
from framecolor.lineart.lines import extract_lines, read_drawing

RED, DULL_RED, BLUE = (255, 0, 0), (200, 40, 40), (0, 0, 255)


def drawing(color: tuple[int, int, int], step: int = 1) -> np.ndarray:
    """A drawing with all lines in one color, antialiased, on white."""
    alpha = cv2.GaussianBlur(draw(step)[0][..., 3], (3, 3), 0)
    ink = np.dstack([np.full((*alpha.shape, 3), color, np.uint8), alpha])
    return np.dstack([lay_over_color(ink), np.full(alpha.shape, 255, np.uint8)])


def without_lines(step: int = 1) -> np.ndarray:
    """The key with fills that meet in the middle of the lines, as over trace lines."""
    line, painted = draw(step)
    hidden = cv2.inpaint(painted[..., :3].copy(), line[..., 3], 3, cv2.INPAINT_NS)
    nearest = painted[..., :3].reshape(-1, 3)
    fills = np.unique(nearest[line[..., 3].ravel() == 0], axis=0)
    flat = fills[np.abs(hidden[..., None, :].astype(int) - fills).sum(axis=3).argmin(axis=2)]
    return np.dstack([flat, np.full(flat.shape[:2], 255, np.uint8)])


def find(color: tuple[int, int, int], painted: np.ndarray | None) -> InkHues:
    return find_ink_hues([count_hues(*extract_lines(drawing(color), "white"), painted)])


@pytest.mark.parametrize("color", [RED, DULL_RED, BLUE])
def test_lines_of_one_hue_that_the_key_shows_are_ink(color: tuple[int, int, int]) -> None:
    found = find(color, lay_opaque(draw(1)[1]))
    assert found == ("blue" if color == BLUE else "red")
    frame = read_drawing(1, drawing(color), ink_hues=found)
    assert not frame.trace.any() and frame.solid.any()
    assert read_drawing(1, drawing(color)).trace.any()


def lay_opaque(painted: np.ndarray) -> np.ndarray:
    return np.dstack([lay_over_color(painted), np.full(painted.shape[:2], 255, np.uint8)])


def test_lines_that_the_key_hides_are_trace_lines() -> None:
    assert find(RED, without_lines()) == "dark"


def test_without_a_key_nearly_all_lines_have_to_be_colored() -> None:
    assert find(RED, None) == "red"
    nothing = np.full(3, np.nan)
    assert find_ink_hues([HuedLines(np.array([100, 0, 850, 20]), nothing)]) == "red-blue"
    assert find_ink_hues([HuedLines(np.array([0, 0, 860, 140]), nothing)]) == "dark"
    assert find_ink_hues([]) == "dark"


def test_pure_trace_lines_between_duller_ink_of_the_same_hue_stay_trace_lines() -> None:
    lines = drawing(DULL_RED)
    lines[5, 5:40, :3] = RED
    frame = read_drawing(1, lines, ink_hues="red")
    assert frame.trace[5, 5:40].all() and frame.trace.sum() == 35


def test_other_hues_stay_trace_lines() -> None:
    lines = drawing(DULL_RED)
    lines[5, 5:40, :3] = BLUE
    assert read_drawing(1, lines, ink_hues="red").trace.sum() == 35
    assert not read_drawing(1, lines, ink_hues="colored").trace.any()
