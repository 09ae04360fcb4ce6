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
    confidence = np.array([1, 0.4, 0.6, 0.9], np.float32)
    first, second = find_unsure(strips(), belief, confidence)
    assert (first.box[0], first.color, first.second, first.confidence) == (0, 0, 1, 0.4)
    assert (second.box[0], second.color, second.second, second.confidence) == (10, 1, 0, 0.6)


def test_belief_can_be_the_confidence() -> None:
    belief = np.array([[1, 0], [0.95, 0.05], [0.3, 0.7], [0.1, 0.9]], np.float32)
    (only,) = find_unsure(strips(), belief, belief.max(axis=1))
    assert (only.box[0], only.confidence) == (10, 0.7)


def test_unsure_regions_come_with_place_and_second_choice() -> None:
    labels = np.zeros((20, 30), np.int32)
    labels[2:6, 3:9], labels[10:18, 10:28], labels[0, 0] = 1, 2, 3
    belief = np.array([[1, 0], [0.55, 0.45], [0.4, 0.6], [0.05, 0.95]], np.float32)
    big, small = find_unsure(Regions(labels, 3), belief, belief.max(axis=1))
    assert (big.area, big.box, big.color, big.second) == (144, (10, 10, 18, 8), 1, 0)
    assert (small.area, small.box, small.color, small.second) == (24, (3, 2, 6, 4), 0, 1)
    assert sorted(small.outline) == [(3, 2), (3, 5), (8, 2), (8, 5)]
    assert big.confidence == pytest.approx(0.6)
    one_color = find_unsure(Regions(labels, 3), np.full((4, 1), 0.5, np.float32), np.full(4, 0.5, np.float32))
    assert [region.second for region in one_color] == [None] * 3
    assert (
        find_unsure(Regions(np.zeros((1, 2), np.int32), 0), np.ones((1, 2), np.float32), np.ones(1, np.float32)) == []
    )
