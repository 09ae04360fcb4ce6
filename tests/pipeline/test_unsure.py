"""The regions that a painter is asked to check."""

from __future__ import annotations

import numpy as np
import pytest

from framecolor.core.types import Regions
from framecolor.pipeline.unsure import find_unsure


def strips() -> Regions:
    labels = np.zeros((10, 30), np.int32)
    for region in range(3):
        labels[:, 10 * region : 10 * region + 9] = region + 1
    return Regions(labels, 3)


def test_confidence_decides_what_is_unsure_and_belief_its_colors() -> None:
    belief = np.array([[1, 0], [0.95, 0.05], [0.3, 0.7], [0.1, 0.9]], np.float32)
    confidence = np.array([1, 0.4, 0.6, 0.96], np.float32)
    first, second = find_unsure(strips(), belief, confidence)
    assert (first.box[0], first.color, first.second, first.confidence) == (0, 0, 1, 0.4)
    assert (second.box[0], second.color, second.second, second.confidence) == (10, 1, 0, 0.6)


def test_belief_can_be_the_confidence() -> None:
    belief = np.array([[1, 0], [0.96, 0.04], [0.3, 0.7], [0.04, 0.96]], np.float32)
    (only,) = find_unsure(strips(), belief, belief.max(axis=1))
    assert (only.box[0], only.confidence) == (10, 0.7)


def test_unsure_regions_come_with_place_and_second_choice() -> None:
    labels = np.zeros((20, 30), np.int32)
    labels[2:6, 3:9], labels[10:18, 10:28], labels[0, 0] = 1, 2, 3
    belief = np.array([[1, 0], [0.55, 0.45], [0.4, 0.6], [0.05, 0.95]], np.float32)
    big, small = find_unsure(Regions(labels, 3), belief, belief.max(axis=1))
    assert (big.area, big.box, big.color, big.second) == (144, (10, 10, 18, 8), 1, 0)
    assert (small.area, small.box, small.color, small.second) == (24, (3, 2, 6, 4), 0, 1)
    assert (big.region, small.region) == (2, 1)
    assert sorted(small.outline) == [(3, 2), (3, 5), (8, 2), (8, 5)]
    assert big.confidence == pytest.approx(0.6)
    one_color = find_unsure(Regions(labels, 3), np.full((4, 1), 0.5, np.float32), np.full(4, 0.5, np.float32))
    assert [region.second for region in one_color] == [None] * 3
    assert (
        find_unsure(Regions(np.zeros((1, 2), np.int32), 0), np.ones((1, 2), np.float32), np.ones(1, np.float32)) == []
    )


def squares(sides: list[int], size: tuple[int, int] = (300, 400)) -> Regions:
    """Squares of these sides in a row, as regions 1, 2, ..."""
    labels, left = np.zeros(size, np.int32), 1
    for region, side in enumerate(sides, 1):
        labels[1 : 1 + side, left : left + side] = region
        left += side + 1
    return Regions(labels, len(sides))


def list_boxes(regions: Regions, confidence: list[float], unseen: list[float] | None = None) -> list[int]:
    """List the regions to check."""
    sure = np.array([1, *confidence], np.float32)
    new = None if unseen is None else np.array([0, *unseen], np.float32)
    found = find_unsure(regions, np.full((regions.count + 1, 2), 0.5, np.float32), sure, new)
    return [1 + [box[0] for box in regions.boxes[1:].tolist()].index(region.box[0]) for region in found]


def test_what_no_key_shows_comes_first_and_then_the_wrong_pixels_expected() -> None:
    regions = squares([20, 60, 30, 40])
    assert list_boxes(regions, [0.5, 0.5, 0.1, 0.99]) == [2, 3, 1]
    assert list_boxes(regions, [0.5, 0.5, 0.1, 0.99], [0.2, 0.05, 0.2, 0.2]) == [3, 4, 1, 2]
    found = find_unsure(
        regions, np.ones((5, 1), np.float32), np.full(5, 0.5, np.float32), np.array([0, 0, 0, 0.5, 0], np.float32)
    )
    assert [region.unseen for region in found] == [True, False, False, False]
    assert [region.confidence for region in found] == [0.25, 0.5, 0.5, 0.5], "right only if a key shows it after all"


def test_what_a_painter_gave_is_no_thing_that_no_key_shows() -> None:
    assert list_boxes(squares([20, 60]), [1, 1], [0.9, 0.9]) == []


def test_a_large_region_is_listed_for_the_pixels_at_stake() -> None:
    assert list_boxes(squares([200, 20]), [0.9, 0.9]) == [1]
    assert list_boxes(squares([200]), [0.97]) == []


def test_slivers_come_last_however_many_pixels_they_have() -> None:
    labels = np.zeros((300, 400), np.int32)
    labels[10:13, 5:395], labels[50:60, 50:60] = 1, 2
    for row in range(100, 250):  # a line across the picture, in a box full of air
        labels[row, row : row + 3] = 3
    found = find_unsure(
        Regions(labels, 3), np.full((4, 2), 0.5, np.float32), np.full(4, 0.4, np.float32), np.full(4, 0.5, np.float32)
    )
    assert [(region.area, region.sliver, region.unseen) for region in found] == [
        (100, False, True), (1170, True, False), (450, True, False)
    ]  # fmt: skip


def test_the_list_ends_by_pixels_and_not_by_a_number_of_regions() -> None:
    labels = np.zeros((300, 1000), np.int32)
    for place in range(100):
        labels[1:8, 9 * place : 9 * place + 7] = place + 1
    labels[200, 0:400:2] = np.arange(101, 301)
    sure = np.full(301, 0.5, np.float32)
    sure[101:] = 0.99
    sure[300] = 0.2
    found = find_unsure(Regions(labels, 300), np.full((301, 2), 0.5, np.float32), sure)
    assert len(found) == 100 and all(region.area == 49 for region in found)


def test_what_comes_out_as_paper_is_listed_earlier_and_what_is_left_always() -> None:
    regions, belief = squares([20, 60, 30, 40]), np.full((5, 2), 0.5, np.float32)
    sure = np.array([1, 0.85, 0.99, 1, 1], np.float32)
    paper, left = np.array([0, 1, 0, 0, 0], np.bool_), np.array([0, 0, 0, 1, 0], np.bool_)
    assert find_unsure(regions, belief, sure) == []
    found = find_unsure(regions, belief, sure, None, paper, left)
    assert [(region.area, region.paper) for region in found] == [(900, True), (400, False)]
    assert [region.confidence for region in found] == [0.5, 0.85]
