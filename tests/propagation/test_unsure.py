"""The regions that a painter is asked to check."""

from __future__ import annotations

import numpy as np

from framecolor.core.types import Regions
from framecolor.propagation.unsure import find_unsure


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
