"""Crops of regions: what they show, where they look, and at what scale."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from framecolor.lineart.region_crops import CROP_PLANES, CROP_PX, CROP_SCALES, Crops, crop_regions

NEAR, WIDE = 0, 1
LINES, MASK = 0, 1


class Boxes:
    """A drawing of boxes with a line around each: regions 2 and on; 1 is the paper."""

    def __init__(self, size: tuple[int, int], *boxes: tuple[int, int, int, int]) -> None:
        self.labels = np.ones(size, np.int32)
        line = np.zeros(size, np.uint8)
        for i, (x, y, width, height) in enumerate(boxes, 2):
            cv2.rectangle(line, (x - 1, y - 1), (x + width, y + height), 255, 1)
            self.labels[y : y + height, x : x + width] = i
        self.ink: NDArray[np.bool_] = line > 0
        self.labels[self.ink] = 0

    def enlarge(self, times: int) -> Boxes:
        larger = Boxes((1, 1))
        block = np.ones((times, times), np.uint8)
        larger.labels, larger.ink = np.kron(self.labels, block).astype(np.int32), np.kron(self.ink, block) > 0
        return larger

    def crop(self, *rows: int, scale: float = 0.5, trace: bool = False) -> Crops:
        """At a scale of 0.5 a pixel of the drawing is one of the maps that crops are cut from."""
        nothing = np.zeros_like(self.ink)
        lines = (nothing, self.ink) if trace else (self.ink, nothing)
        return crop_regions(*lines, self.labels, np.array(rows, np.intp), scale)


def test_a_crop_shows_the_region_and_the_lines_around_it() -> None:
    crops = Boxes((200, 240), (100, 90, 32, 32)).crop(2)
    assert crops.shape == (1, CROP_SCALES, CROP_PLANES, CROP_PX, CROP_PX) and crops.dtype == np.uint8
    lines, mask = crops[0, NEAR]
    # The window is twice as wide as the region, which is in its middle.
    assert (mask[9:23, 9:23] == 255).all() and not mask[:7].any() and not mask[:, -7:].any()
    assert lines[16, 7] > 100 and lines[7, 16] > 100 and not lines[10:22, 10:22].any() and not lines[:5].any()
    lines, mask = crops[0, WIDE]
    # 96 working pixels are 192 of the drawing, of which the region is a sixth.
    share = mask.mean() / 255
    assert share == pytest.approx((32 / 192) ** 2, rel=0.1)
    assert lines.any() and not lines[:10].any()


def test_trace_lines_are_half_as_bright() -> None:
    boxes = Boxes((200, 240), (100, 90, 32, 32))
    ink, trace = (boxes.crop(2, trace=t)[0, :, LINES].astype(float) for t in (False, True))
    np.testing.assert_allclose(trace, ink / 2, atol=2)


def test_the_near_crop_follows_the_size_of_the_region_and_the_wide_one_does_not() -> None:
    crops = Boxes((300, 300), (100, 90, 16, 24), (180, 160, 32, 48)).crop(2, 3)
    small, large = crops[:, NEAR, MASK].astype(int)
    assert np.abs(small - large).mean() < 10
    assert crops[1, WIDE, MASK].sum() > 3 * crops[0, WIDE, MASK].sum()


def test_a_tiny_region_is_seen_with_what_is_around_it() -> None:
    boxes = Boxes((200, 200), (100, 90, 3, 3), (106, 90, 40, 40))
    lines, mask = boxes.crop(2)[0, NEAR]
    # The window is 12 working pixels wide: the region's own line, and the other's.
    assert 0 < mask.mean() / 255 < 0.04 and (lines[14:, 22] > 100).all()


@pytest.mark.parametrize("corner", [(1, 1), (207, 1), (1, 167), (207, 167)])
def test_nothing_is_outside_the_drawing(corner: tuple[int, int]) -> None:
    """A region in a corner is in the middle of its crops, as elsewhere."""
    (near, wide), (middle, _) = (Boxes((200, 240), (*at, 32, 32)).crop(2)[0] for at in (corner, (100, 90)))
    assert np.abs(near[MASK].astype(int) - middle[MASK]).mean() < 2
    assert np.abs(near[LINES].astype(int) - middle[LINES])[8:24, 8:24].mean() < 2
    rows, columns = np.nonzero(wide[MASK])
    assert abs(rows.mean() - 15.5) < 1 and abs(columns.mean() - 15.5) < 1


def test_crops_do_not_depend_on_the_size_that_it_was_drawn_at() -> None:
    boxes = Boxes((200, 240), (100, 90, 32, 24), (20, 30, 12, 40))
    here, larger = boxes.crop(2, 3), boxes.enlarge(3).crop(2, 3, scale=0.5 / 3)
    assert np.abs(here.astype(int) - larger).mean() < 6


def test_a_small_drawing_is_not_enlarged_but_its_windows_are_the_same() -> None:
    """Drawn at the working size, so that there is nothing finer to see."""
    boxes = Boxes((200, 240), (100, 90, 32, 24))
    here, half = boxes.crop(2), Boxes((100, 120), (50, 45, 16, 12)).crop(2, scale=1)
    assert np.abs(here[:, :, MASK].astype(int) - half[:, :, MASK]).mean() < 10


def test_crops_are_those_of_the_rows_that_were_asked_for() -> None:
    boxes = Boxes((200, 240), (100, 90, 32, 24), (20, 30, 12, 40))
    both = boxes.crop(2, 3)
    np.testing.assert_array_equal(boxes.crop(3), both[1:])
    np.testing.assert_array_equal(boxes.crop(3, 2), both[::-1])
    assert boxes.crop().shape == (0, *both.shape[1:])
    # The paper is as large as the drawing: it is all around.
    assert boxes.crop(1)[0, WIDE, MASK].mean() > 100
