"""Color histograms: a reference picture gives a network its colors without their places.

512 bins, 8x8x8 over red, green and blue, as in Automatic Colorization for Line Arts.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

LEVELS = 8
BINS = LEVELS**3
# All channels of paper have at least this level.
_PAPER_LEVEL = 240


def color_histogram(rgb: NDArray[np.uint8], weight: NDArray[np.floating] | None = None) -> NDArray[np.float32]:
    """Compute the share of each bin, float32 [512] with sum 1; all 0 without pixels or weight.

    rgb     uint8 [..., 3]
    weight  [...], how much each pixel counts, not negative; None: 1 each
    The bin of a color is 64 * (red // 32) + 8 * (green // 32) + blue // 32. Raises ValueError if the shapes differ.
    """
    if rgb.dtype != np.uint8 or rgb.shape[-1:] != (3,):
        raise ValueError(f"rgb must be uint8 [..., 3], got {rgb.dtype} {rgb.shape}")
    if weight is not None and weight.shape != rgb.shape[:-1]:
        raise ValueError(f"weight must be {rgb.shape[:-1]}, got {weight.shape}")
    counts = np.bincount(bin_of(rgb.reshape(-1, 3)), None if weight is None else weight.ravel(), BINS).astype(
        np.float64
    )
    total = counts.sum()
    return (counts / total if total > 0 else counts).astype(np.float32)


def bin_of(rgb: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Compute the bin of each color, intp [N], from uint8 [N, 3]."""
    level = (rgb >> 5).astype(np.intp)
    return (level[:, 0] * LEVELS + level[:, 1]) * LEVELS + level[:, 2]


def bin_colors() -> NDArray[np.uint8]:
    """List the color in the middle of each bin, uint8 [512, 3]."""
    bins = np.arange(BINS)
    level = np.stack([bins // LEVELS**2, bins // LEVELS % LEVELS, bins % LEVELS], axis=1)
    return (level * 32 + 16).astype(np.uint8)


def figure_weight(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Weigh the pixels of a picture, float32 HxW: 0 on white paper around the figure, else 1; all 1 if it is all paper.

    Paper is nearly white and connected to the border; white clothes inside the figure have weight 1.
    """
    white = np.pad((rgb.min(axis=2) >= _PAPER_LEVEL).astype(np.uint8), 1, constant_values=1)
    _, labels = cv2.connectedComponents(white, connectivity=4)
    painted = labels[1:-1, 1:-1] != labels[0, 0]
    return painted.astype(np.float32) if painted.any() else np.ones(painted.shape, np.float32)


def mean_by_label(
    values: NDArray[np.generic], labels: NDArray[np.integer], count: int | None = None
) -> NDArray[np.float64]:
    """Average values [..., C] over each label 0..count - 1 of labels [...], float64 [count, C]; 0 for unused labels.

    count  number of labels; None: the highest label + 1
    """
    count, labels = (int(labels.max()) + 1 if count is None else count), labels.ravel()
    area = np.maximum(np.bincount(labels, minlength=count), 1)[:, None]
    return np.stack([np.bincount(labels, plane.ravel(), count) for plane in np.moveaxis(values, -1, 0)], axis=1) / area
