"""The colors of a picture as a histogram: how a reference image tells a network which colors to use, and not where.

512 bins, 8x8x8 over red, green and blue, as in Automatic Colorization for Line Arts.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

LEVELS = 8
BINS = LEVELS**3
# Channels of paper are at least this bright.
_PAPER_LEVEL = 240


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


def figure_weight(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """1 where a picture is painted, 0 on the white paper around it, float32 HxW; 1 everywhere if it is all paper.

    Paper is what is nearly white and joined to the border: white clothes inside of the figure count.
    """
    white = np.pad((rgb.min(axis=2) >= _PAPER_LEVEL).astype(np.uint8), 1, constant_values=1)
    _, labels = cv2.connectedComponents(white, connectivity=4)
    painted = labels[1:-1, 1:-1] != labels[0, 0]
    return painted.astype(np.float32) if painted.any() else np.ones(painted.shape, np.float32)


def mean_by_label(
    values: NDArray[np.generic], labels: NDArray[np.integer], count: int | None = None
) -> NDArray[np.float64]:
    """The mean of values [..., C] where labels [...] are 0, 1, ..., count - 1, float64 [count, C]; 0 where none is.

    count  of labels; None: as many as the highest asks for
    """
    count, labels = (int(labels.max()) + 1 if count is None else count), labels.ravel()
    seen = np.maximum(np.bincount(labels, minlength=count), 1)[:, None]
    return np.stack([np.bincount(labels, plane.ravel(), count) for plane in np.moveaxis(values, -1, 0)], axis=1) / seen
