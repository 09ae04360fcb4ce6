"""The colors of a picture as a histogram: how a reference image tells a network which colors to use, and not where.

512 bins, 8x8x8 over red, green and blue, as in Automatic Colorization for Line Arts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEVELS = 8
BINS = LEVELS**3


def color_histogram(rgb: NDArray[np.uint8], weight: NDArray[np.floating] | None = None) -> NDArray[np.float32]:
    """The share of each bin, float32 [512] with sum 1; all 0 when there is no pixel, or no weight.

    rgb     uint8 [..., 3]
    weight  [...], how much each pixel counts (1 without it); not negative
    Bin 64 * (red // 32) + 8 * (green // 32) + blue // 32. Raises ValueError when the shapes do not fit.
    """
    if rgb.dtype != np.uint8 or rgb.shape[-1:] != (3,):
        raise ValueError(f"rgb must be uint8 [..., 3], got {rgb.dtype} {rgb.shape}")
    if weight is not None and weight.shape != rgb.shape[:-1]:
        raise ValueError(f"weight must be {rgb.shape[:-1]}, got {weight.shape}")
    level = (rgb.reshape(-1, 3) >> 5).astype(np.intp)
    place = (level[:, 0] * LEVELS + level[:, 1]) * LEVELS + level[:, 2]
    counts = np.bincount(place, None if weight is None else weight.ravel(), BINS).astype(np.float64)
    total = counts.sum()
    return (counts / total if total > 0 else counts).astype(np.float32)


def bin_colors() -> NDArray[np.uint8]:
    """The color in the middle of each bin, uint8 [512, 3]."""
    bins = np.arange(BINS)
    level = np.stack([bins // LEVELS**2, bins // LEVELS % LEVELS, bins % LEVELS], axis=1)
    return (level * 32 + 16).astype(np.uint8)
