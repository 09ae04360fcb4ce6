"""Necks: a wide gap setting closes openings, and cuts no area where no line ends."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from framecolor.lineart.regions import label_regions


def hourglass(neck_px: int) -> np.ndarray:
    """A closed outline of two chambers that a neck joins; nothing ends."""
    points = np.array([[20, 20], [20, 80], [60, 50 + neck_px // 2], [100, 80], [100, 20], [60, 50 - neck_px // 2]])
    line = np.zeros((100, 120), np.uint8)
    cv2.polylines(line, [points.astype(np.int32)], True, 1)
    return line


@pytest.mark.parametrize("gap", [4, 8, 12])
def test_a_neck_stays_open_however_wide_the_gap(gap: int) -> None:
    regions = label_regions(hourglass(5) > 0, gap_px=gap)
    assert regions.labels[50, 30] == regions.labels[50, 90] != regions.labels[2, 2]
    assert regions.count == 2


@pytest.mark.parametrize("gap", [6, 8, 12])
def test_an_opening_is_closed_beside_a_neck(gap: int) -> None:
    line = hourglass(6)
    line[30:35, 20] = 0  # an opening of 5 pixels
    regions = label_regions(line > 0, gap_px=gap)
    assert regions.labels[50, 30] != regions.labels[2, 2]
    assert label_regions(line > 0, gap_px=2).count == 1


def test_two_ends_in_one_place_close_what_faces_a_line() -> None:
    """A stroke that stops before a line: its end is at the opening."""
    line = np.zeros((60, 80), np.uint8)
    cv2.rectangle(line, (10, 10), (70, 50), 1)
    cv2.line(line, (40, 10), (40, 44), 1)
    assert label_regions(line > 0, gap_px=6).count == 3
