"""Make PaintsTorch's hint of loose marks: a small map of colors, and a mask of their places."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]


def shrink_marks(rgb: NDArray[np.uint8] | Float, confidence: Float, size: tuple[int, int]) -> Float:
    """Shrink marks to a size (rows, columns), planes float32 4xhxw: color in [-1, 1] times the mask, then the mask.

    rgb         uint8 or float32 in [0, 1], HxWx3
    confidence  float32 HxW in [0, 1]; 0 without a mark

    A cell has the mean color of its marks and their highest confidence, so that a dot counts in a drawing of any size.
    """
    rows, columns = size
    y, x = np.nonzero(confidence > 0)
    cell = (y * rows // confidence.shape[0]) * columns + x * columns // confidence.shape[1]
    weight = confidence[y, x].astype(np.float64)
    total = np.bincount(cell, weight, rows * columns)
    planes = np.zeros((4, rows * columns), np.float32)
    np.maximum.at(planes[3], cell, confidence[y, x])
    marked = total > 0
    full = 255.0 if rgb.dtype == np.uint8 else 1.0
    for channel in range(3):
        mean = np.bincount(cell, weight * rgb[y, x, channel], rows * columns)[marked] / total[marked] / full
        planes[channel, marked] = (2 * mean - 1) * planes[3, marked]
    return planes.reshape(4, rows, columns)
