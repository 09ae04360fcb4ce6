"""Region matching as it is made by hand: by place, size and elongation alone. What the learned matcher has to beat."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.lineart.region_shapes import Shapes

# How far two drawings of the same region usually lie apart: place in shares of the figure's size, log area, elongation.
_SPREAD = np.array([0.12, 0.12, 0.35, 0.25, 0.25], np.float32)
# A match has to beat this likeness of having no counterpart at all, and to be as mutual as this.
_NOWHERE = 0.05
_LEAST_MUTUAL = 0.25


def match_by_hand(target: Shapes, source: Shapes) -> NDArray[np.float32]:
    """The counterpart of each region, float32 [target count + 1, source count + 1]: how surely, at most one a row.

    A pair counts as far as each is the other's best choice.
    """
    distance = np.zeros((len(target.traits), len(source.traits)), np.float32)
    for trait, deviation in enumerate(_SPREAD):
        distance += np.square((target.traits[:, trait, None] - source.traits[None, :, trait]) / deviation)
    likeness = np.exp(-0.5 * distance)
    likeness[0] = likeness[:, 0] = 0
    forward = likeness / (likeness.sum(axis=1, keepdims=True) + _NOWHERE)
    backward = likeness / (likeness.sum(axis=0, keepdims=True) + _NOWHERE)
    mutual = forward * backward
    best = mutual == mutual.max(axis=1, keepdims=True)
    return np.where(best & (mutual >= _LEAST_MUTUAL), mutual, 0).astype(np.float32)


def fill_lost(by_flow: NDArray[np.float32], by_match: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shares by flow, and by match what flow could not follow; rows sum to at most 1."""
    return by_flow + np.clip(1 - by_flow.sum(axis=1, keepdims=True), 0, 1) * by_match
