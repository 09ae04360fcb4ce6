"""The lines of a painting without its line art."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawings import COAT, PAPER, SCARF, SIZE, SKIN, draw
from numpy.typing import NDArray

from framecolor.lineart.lines import read_drawing
from framecolor.lineart.painted_lines import find_painted_lines
from framecolor.lineart.regions import find_regions


def fill_only() -> NDArray[np.uint8]:
    """A figure in fills alone: a coat, a face, and on it a shadow."""
    painted = np.full((*SIZE, 4), PAPER, np.uint8)
    cv2.rectangle(painted, (30, 40), (90, 90), COAT, -1)
    cv2.circle(painted, (60, 30), 20, SKIN, -1)
    cv2.rectangle(painted, (60, 22), (70, 36), (230, 190, 150, 255), -1)
    return painted


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 2)])
def test_tiny_paintings_have_lines_between_their_fills(size: tuple[int, int]) -> None:
    painted = np.full((*size, 4), PAPER, np.uint8)
    assert not find_painted_lines(0, painted).solid.any()
    painted[: size[0] // 2 or None, : size[1] // 2 or None] = COAT
    found = find_painted_lines(0, painted)
    assert bool(found.solid.any() | found.trace.any()) == (max(size) > 1)


def test_a_painting_has_the_regions_of_its_line_art() -> None:
    line, painted = draw(2)
    found = find_painted_lines(5, painted)
    expected = find_regions(read_drawing(5, line))
    regions = find_regions(found)
    assert (found.number, regions.count) == (5, expected.count)
    both = (regions.labels > 0) & (expected.labels > 0)
    assert (regions.labels == expected.labels)[both].all() and both.mean() > 0.85
    assert not found.trace.any()


def test_borders_of_fills_without_ink_become_trace_lines() -> None:
    _, painted = draw(2)
    shade = (210, 170, 130, 255)
    x = 36 + 3 * 2
    painted[22:34, x - 6 : x + 6][painted[22:34, x - 6 : x + 6, 0] == SKIN[0]] = shade
    found = find_painted_lines(1, painted)
    regions = find_regions(found)
    colors = {tuple(painted[regions.labels == region][0].tolist()) for region in range(1, regions.count + 1)}
    assert found.trace.any() and colors >= {shade, SKIN, COAT, SCARF}


def test_a_painting_without_any_ink_gets_ink_along_its_fills() -> None:
    found = find_painted_lines(1, fill_only())
    assert found.solid.any() and not found.trace.any()
    assert find_regions(found).count == 4


def test_a_dark_fill_is_no_ink() -> None:
    painted = fill_only()
    painted[(painted == COAT).all(axis=2)] = (10, 10, 10, 255)
    regions = find_regions(find_painted_lines(1, painted))
    assert (painted[70, 60] == (10, 10, 10, 255)).all() and regions.labels[70, 60] > 0


def test_antialiased_ink_gives_no_trace_lines() -> None:
    big = np.full((4 * SIZE[0], 4 * SIZE[1], 4), (255, 255, 255, 255), np.uint8)
    cv2.ellipse(big, (256, 200), (120, 90), 0, 0, 360, SKIN, -1)
    cv2.ellipse(big, (256, 200), (120, 90), 0, 0, 360, (0, 0, 0, 255), 9)
    small = np.asarray(cv2.resize(big, SIZE[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    found = find_painted_lines(1, small)
    assert find_regions(found).count == 2 and found.trace.sum() < 0.05 * found.solid.sum()
