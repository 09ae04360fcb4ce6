"""Regions: connectivity, gap closing, specks and paper."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from framecolor.core.types import Frame
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import fill_lines, find_regions, outside_regions


def frame_of(line: np.ndarray) -> Frame:
    ink = np.zeros((*line.shape, 4), np.uint8)
    ink[..., 3] = line
    return Frame(1, ink, np.zeros(line.shape, bool))


def box_with_gap(gap: int, thickness: int = 1) -> np.ndarray:
    line = np.zeros((60, 80), np.uint8)
    cv2.rectangle(line, (20, 15), (60, 45), 255, thickness)
    if gap:
        line[15 - thickness : 15 + thickness + 1, 40 : 40 + gap] = 0
    return line


def test_regions_are_four_connected() -> None:
    line = np.zeros((20, 20), np.uint8)
    np.fill_diagonal(line, 255)  # a diagonal of single pixels stops 4-connected paint
    assert find_regions(frame_of(line), gap_px=0).count == 2


@pytest.mark.parametrize("gap", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("thickness", [1, 3])
def test_nothing_leaks_through_a_gap_that_the_ball_closes(gap: int, thickness: int) -> None:
    line = box_with_gap(gap, thickness)
    leaking = find_regions(frame_of(line), gap_px=0)
    closed = find_regions(frame_of(line), gap_px=gap)
    assert leaking.labels[30, 40] == leaking.labels[2, 2]
    assert closed.labels[30, 40] != closed.labels[2, 2]
    # Only the passage itself is divided: elsewhere both areas are as with an unbroken line.
    whole = find_regions(frame_of(box_with_gap(0, thickness)), gap_px=gap)
    inside = (closed.labels == closed.labels[30, 40]) != (whole.labels == whole.labels[30, 40])
    assert closed.count == 2
    assert inside.sum() <= gap * (2 * thickness + 1)


def test_a_gap_wider_than_the_ball_stays_open() -> None:
    regions = find_regions(frame_of(box_with_gap(9)), gap_px=4)
    assert regions.labels[30, 40] == regions.labels[2, 2]


def test_a_thin_room_behind_a_gap_does_not_leak() -> None:
    """The room is narrower than the ball: it is found at a smaller radius, and still kept apart."""
    line = np.zeros((60, 80), np.uint8)
    cv2.rectangle(line, (20, 20), (60, 27), 255, 1)  # 6 px high inside
    line[20, 40:42] = 0
    regions = find_regions(frame_of(line), gap_px=7)
    assert regions.labels[23, 30] != regions.labels[2, 2]


def test_narrow_ends_stay_with_their_region() -> None:
    line = np.zeros((60, 120), np.uint8)
    cv2.polylines(line, [np.array([[10, 10], [110, 30], [10, 50]])], isClosed=True, color=255)
    for gap in (0, 2, 5):
        assert find_regions(frame_of(line), gap_px=gap).count == 2


def test_specks_count_as_line_and_get_their_neighbors_color() -> None:
    line = np.zeros((30, 30), np.uint8)
    line[10:13, 10:13] = 255
    line[11, 11] = 0
    regions = find_regions(frame_of(line))
    assert regions.count == 1
    assert regions.labels[11, 11] == 0
    assert fill_lines(regions.labels)[11, 11] == 1


def test_lines_are_filled_from_the_nearest_region() -> None:
    line = np.zeros((20, 41), np.uint8)
    line[:, 18:23] = 255
    regions = find_regions(frame_of(line), gap_px=0)
    filled = fill_lines(regions.labels)
    assert (filled[:, :20] == regions.labels[0, 0]).all()
    assert (filled[:, 21:] == regions.labels[0, 40]).all()


def test_a_drawing_without_lines_is_one_region_and_one_full_of_ink_has_none() -> None:
    empty = find_regions(frame_of(np.zeros((8, 9), np.uint8)))
    full = find_regions(frame_of(np.full((8, 9), 255, np.uint8)))
    assert (empty.count, full.count) == (1, 0)
    assert (fill_lines(full.labels) == 0).all()


def test_trace_lines_bound_regions_but_are_no_ink() -> None:
    rgba = np.zeros((20, 40, 4), np.uint8)
    rgba[:, 20] = (0, 0, 255, 255)
    frame = read_drawing(1, rgba)
    assert find_regions(frame).count == 2
    assert frame.trace[:, 20].all()
    assert not frame.ink.any()


def test_outside_is_what_runs_along_the_border() -> None:
    regions = find_regions(frame_of(box_with_gap(0)))
    outside = outside_regions(regions)
    assert outside[regions.labels[0, 0]]
    assert not outside[regions.labels[30, 40]]


def test_numbering_is_dense() -> None:
    rng = np.random.default_rng(3)
    noise = (
        cv2.resize(rng.integers(0, 2, (24, 32)).astype(np.uint8), (256, 192), interpolation=cv2.INTER_NEAREST)
    ) * 255
    regions = find_regions(frame_of(noise), gap_px=3)
    assert set(np.unique(regions.labels)) == set(range(regions.count + 1))
    assert (regions.labels[noise > 0] == 0).all()
