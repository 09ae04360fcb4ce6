"""Where the numbers of unsure regions are put, and what part of the frame is shown with them."""

import itertools

import numpy as np
import pytest

from framecolor import UnsureRegion
from framecolor.report.marks import Crop, crop_to_regions, place_tags


def region(*box):
    return UnsureRegion(box[2] * box[3], box, (), 0, None, 0.5)


BOXES = [(5, 5, 20, 20), (8, 8, 20, 20), (1890, 1060, 25, 18), (900, 500, 6, 6), (903, 503, 6, 6), (0, 0, 1920, 1080)]


def test_tags_stay_inside_and_apart():
    tags = place_tags([region(*box) for box in BOXES], Crop(0, 0, 1920, 1080))
    radius = 1920 * 9 / 340
    assert all(radius <= tag.x <= 1920 - radius and radius <= tag.y <= 1080 - radius for tag in tags)
    for a, b in itertools.combinations(tags, 2):
        assert np.hypot(a.x - b.x, a.y - b.y) > 2 * radius


def test_a_leader_runs_to_the_nearest_point_of_the_outline():
    square = UnsureRegion(100, (500, 500, 10, 10), ((500, 500), (509, 500), (509, 509), (500, 509)), 0, None, 0.5)
    (tag,) = place_tags([square], Crop(0, 0, 1000, 1000))
    assert (tag.anchor_x, tag.anchor_y) == (509, 500)
    assert tag.x > 509 and tag.y < 500


@pytest.mark.parametrize("boxes", [BOXES[:1], BOXES[2:3], BOXES[3:5], BOXES[:5], BOXES])
def test_a_crop_holds_its_regions_and_lies_inside_the_frame(boxes):
    crop = crop_to_regions([region(*box) for box in boxes], 1920, 1080)
    assert crop.x >= 0 and crop.x + crop.width <= 1920 and crop.width >= 768
    assert crop.y >= 0 and crop.y + crop.height <= 1080 and crop.height >= 432
    for x, y, width, height in boxes:
        assert crop.x <= x and x + width <= crop.x + crop.width
        assert crop.y <= y and y + height <= crop.y + crop.height


def test_without_regions_the_whole_frame_is_shown():
    assert crop_to_regions([], 1920, 1080) == Crop(0, 0, 1920, 1080)
