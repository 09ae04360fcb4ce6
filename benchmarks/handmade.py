"""Hand-made region matching by place, size and elongation: the baseline of the learned matcher."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.lineart.region_shapes import Shapes

# Usual differences between two drawings of a region: place in shares of the figure's size, log area, elongation.
_SPREAD = np.array([0.12, 0.12, 0.35, 0.25, 0.25], np.float32)
# Likeness that stands for "no counterpart", and the least mutual share of a match.
_NO_COUNTERPART = 0.05
_LEAST_MUTUAL = 0.25


def match_by_hand(target: Shapes, source: Shapes) -> NDArray[np.float32]:
    """Match the regions of two drawings: scores, float32 [target count + 1, source count + 1], at most one per row.

    The score of a pair is the product of the shares that each has in the other's choices.
    """
    distance = np.zeros((len(target.traits), len(source.traits)), np.float32)
    for trait, deviation in enumerate(_SPREAD):
        distance += np.square((target.traits[:, trait, None] - source.traits[None, :, trait]) / deviation)
    likeness = np.exp(-0.5 * distance)
    likeness[0] = likeness[:, 0] = 0
    forward = likeness / (likeness.sum(axis=1, keepdims=True) + _NO_COUNTERPART)
    backward = likeness / (likeness.sum(axis=0, keepdims=True) + _NO_COUNTERPART)
    mutual = forward * backward
    best = mutual == mutual.max(axis=1, keepdims=True)
    return np.where(best & (mutual >= _LEAST_MUTUAL), mutual, 0).astype(np.float32)


def fill_lost(by_flow: NDArray[np.float32], by_match: NDArray[np.float32]) -> NDArray[np.float32]:
    """Add to the shares by flow those by match, for the part of each region that flow lost; rows sum to at most 1."""
    return by_flow + np.clip(1 - by_flow.sum(axis=1, keepdims=True), 0, 1) * by_match
