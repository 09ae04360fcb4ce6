"""The simple ways that a system of the literature has to beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.colorists.base import Colorist, Conditioning, SamplingOptions
from framecolor.colorists.flats import vote_flats
from framecolor.core.histogram import color_histogram
from framecolor.core.types import Frame, Hint, Regions
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions

RED, BLUE = (220, 40, 40), (40, 90, 220)


def rooms() -> tuple[Frame, Regions]:
    """Three rooms in a row in a frame of paper: the walls of the first two are short, the third has a long one."""
    drawing = np.zeros((96, 160, 4), np.uint8)
    for left, right, top, bottom in ((20, 60, 40, 60), (60, 100, 20, 80), (100, 140, 20, 80)):
        drawing[[top, bottom], left : right + 1] = drawing[top : bottom + 1, left] = (0, 0, 0, 255)
        drawing[top : bottom + 1, right] = (0, 0, 0, 255)
    frame = read_drawing(1, drawing)
    return frame, find_regions(frame)


def dots(*spots: tuple[int, int, tuple[int, int, int]]) -> Hint:
    rgb, confidence = np.zeros((96, 160, 3), np.uint8), np.zeros((96, 160), np.float32)
    for x, y, color in spots:
        rgb[y - 2 : y + 3, x - 2 : x + 3], confidence[y - 2 : y + 3, x - 2 : x + 3] = color, 1
    return Hint(rgb, confidence)


def paint(colorist: Colorist, conditioning: Conditioning) -> list[NDArray[np.uint8]]:
    """Paint, and return the colors of the three rooms."""
    frame, regions = rooms()
    colors = vote_flats(colorist.paint(frame, regions, conditioning, SamplingOptions()), regions)
    return [colors[regions.labels[50, x]][:3] for x in (40, 80, 120)]


def test_the_nearest_stroke_paints_a_room_without_one() -> None:
    from yardsticks import NearestStroke

    first, middle, last = paint(NearestStroke(), Conditioning(hint=dots((55, 50, RED), (135, 50, BLUE))))
    np.testing.assert_array_equal(first, RED)
    np.testing.assert_array_equal(middle, BLUE)  # the third room fills up to its wall
    np.testing.assert_array_equal(last, BLUE)


def test_lazybrush_cuts_where_the_common_line_is_shortest() -> None:
    from yardsticks import LazyBrush

    colors = paint(LazyBrush(), Conditioning(hint=dots((40, 50, RED), (120, 50, BLUE))))
    np.testing.assert_array_equal(colors, [RED, BLUE, BLUE])


def test_one_stroke_paints_everything_and_none_leaves_paper() -> None:
    from yardsticks import LazyBrush, NearestStroke

    for colorist in (LazyBrush(), NearestStroke()):
        np.testing.assert_array_equal(paint(colorist, Conditioning(hint=dots((40, 50, RED)))), [RED] * 3)
        np.testing.assert_array_equal(paint(colorist, Conditioning()), [(255, 255, 255)] * 3)


def test_by_frequency_larger_regions_take_more_frequent_colors() -> None:
    from yardsticks import ByFrequency

    picture = np.array([[RED] * 9 + [BLUE]], np.uint8)
    first, middle, last = paint(ByFrequency(), Conditioning(histogram=color_histogram(picture)))
    assert np.abs(middle.astype(int) - RED).max() <= 16
    assert np.abs(last.astype(int) - RED).max() <= 16
    assert np.abs(first.astype(int) - BLUE).max() <= 16
