"""Bridges: openings are closed along strokes, and narrow regions stay whole."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from framecolor.lineart.bridges import find_bridges, find_ends
from framecolor.lineart.regions import label_regions


def bridge(line: np.ndarray, longest_px: float) -> np.ndarray:
    return find_bridges(line, find_ends(line), longest_px)


def box(opening: int, thickness: int = 2) -> np.ndarray:
    line = np.zeros((80, 120), np.uint8)
    cv2.rectangle(line, (20, 20), (100, 60), 1, thickness)
    line[:40, 60 : 60 + opening] = 0
    return line


@pytest.mark.parametrize("thickness", [1, 3])
@pytest.mark.parametrize("opening", [3, 6, 10])
def test_an_opening_is_closed_straight_on(opening: int, thickness: int) -> None:
    line = box(opening, thickness)
    bridges = bridge(line, opening)
    assert bridges.sum() == opening
    regions = label_regions(line > 0, bridge_px=opening)
    assert regions.labels[40, 60] != regions.labels[2, 2]
    assert (regions.labels[bridges] > 0).all(), "a bridge is no line: it is painted"


def test_a_wider_opening_stays_open() -> None:
    line = box(10)
    assert not bridge(line, 6).any()
    regions = label_regions(line > 0, bridge_px=6)
    assert regions.labels[40, 60] == regions.labels[2, 2]


def test_a_stroke_is_led_on_to_the_line_that_it_nearly_meets() -> None:
    line = np.zeros((60, 80), np.uint8)
    cv2.rectangle(line, (10, 10), (70, 50), 1, 2)
    cv2.line(line, (40, 10), (40, 42), 1, 2)  # ends 7 px above the lower line
    assert label_regions(line > 0, bridge_px=0).count == 2
    assert label_regions(line > 0, bridge_px=8).count == 3


def test_a_missing_corner_is_closed() -> None:
    line = np.zeros((60, 80), np.uint8)
    cv2.rectangle(line, (10, 10), (70, 50), 1, 2)
    line[5:15, 5:15] = 0
    regions = label_regions(line > 0, bridge_px=8)
    assert regions.labels[30, 40] != regions.labels[2, 2]


def test_bridges_cross_no_narrow_region() -> None:
    """Two lines 5 px apart, closer than the bridge is long: nothing ends, so nothing is bridged."""
    line = np.zeros((60, 120), np.uint8)
    cv2.rectangle(line, (10, 20), (110, 26), 1, 1)
    assert not bridge(line, 12).any()


def test_closed_drawings_and_empty_ones_have_no_bridges() -> None:
    assert not bridge(box(0), 20).any()
    assert not bridge(np.zeros((20, 30), np.uint8), 20).any()
    assert not bridge(np.ones((20, 30), np.uint8), 20).any()
