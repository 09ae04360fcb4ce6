"""Which region of which key does this region look most like? Learned features, pooled per region, against all keys.

This is the field's own way to match (BasicPBC, DACoN), here with the base weights' features, which were trained for it
(`training/recipes/generator.py`). It needs no fit, so it knows poses and rare regions that a short fit has not learned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# How fast likeness falls with the angle between features: the nearest key region counts, not how many there are.
_SHARPNESS = 80.0
# However alike, two regions may differ in color: this much is spread over the whole palette.
_DOUBT = 0.02


@dataclass(frozen=True, eq=False)
class Gallery:
    """All regions of all keys.

    features  float32 [K, F], unit length
    colors    intp [K], the palette entry of each
    palette_size  P
    """

    features: NDArray[np.float32]
    colors: NDArray[np.intp]
    palette_size: int

    def vote(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-probability of each palette color, float32 [N, P], from unit features of regions, float32 [N, F]."""
        likeness = _SHARPNESS * (features @ self.features.T)
        best = likeness.max(axis=1, keepdims=True)
        members = np.zeros((len(self.colors), self.palette_size), np.float32)
        members[np.arange(len(self.colors)), self.colors] = 1
        share = np.exp(likeness - best) @ members
        share /= share.sum(axis=1, keepdims=True)
        return np.log((1 - _DOUBT) * share + _DOUBT / self.palette_size).astype(np.float32)


def to_unit_length(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features [N, F], each scaled to length 1; those of length 0 stay 0."""
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-6)
