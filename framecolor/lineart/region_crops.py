"""Crops around each region at a finer scale than the networks' working size, so that small parts are seen sharply."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

CROP_PX = 32
"""Side of a crop."""
CROP_SCALES = 2
"""Crops of each region: a near one, which follows the region's size, and a wide one of fixed size."""
CROP_PLANES = 2
"""Of each crop: lines (trace lines half as bright), and the region itself."""

# Side of the windows, in working pixels: the near one is this many times the region's longer side, within limits.
_NEAR_SHARE, _NEAREST, _FARTHEST, _WIDE = 2.0, 12, 64, 96
# Pixels per working pixel of the maps that crops are taken from, if the drawing has as many.
_FINENESS = 2
_TRACE = 128

Crops = NDArray[np.uint8]
"""uint8 [N, CROP_SCALES, CROP_PLANES, CROP_PX, CROP_PX]."""


def crop_regions(
    ink: NDArray[np.bool_], trace: NDArray[np.bool_], labels: NDArray[np.int32], rows: NDArray[np.intp], scale: float
) -> Crops:
    """Cut the crops of the regions `rows` of a drawing.

    ink, trace  bool HxW
    labels      int32 HxW, the region of each pixel, 0 on lines
    scale       working pixels per drawing pixel
    """
    crops = np.zeros(crop_shape(len(rows)), np.uint8)
    if not len(rows):
        return crops
    fineness = min(float(_FINENESS), 1 / scale)
    line, small = _shrink(ink, trace, labels, scale * fineness)
    left, top, right, bottom = _measure_boxes(small, int(rows.max()))
    margin = round(_WIDE * fineness / 2) + 2
    line, small = np.pad(line, margin), np.pad(small, margin)
    for i, row in enumerate(rows):
        longer = max(right[row] - left[row], bottom[row] - top[row]) / fineness
        near = float(np.clip(_NEAR_SHARE * longer, _NEAREST, _FARTHEST))
        x, y = (left[row] + right[row]) / 2 + margin, (top[row] + bottom[row]) / 2 + margin
        for place, window in enumerate((near, _WIDE)):
            half = max(1, round(window * fineness / 2))
            at = (slice(int(y) - half, int(y) + half), slice(int(x) - half, int(x) + half))
            mask = (small[at] == row).view(np.uint8) * 255
            for plane, values in enumerate((line[at], mask)):
                cv2.resize(values, (CROP_PX, CROP_PX), crops[i, place, plane], interpolation=cv2.INTER_AREA)
    return crops


def crop_shape(count: int) -> tuple[int, ...]:
    """Return the shape of the crops of `count` regions."""
    return count, CROP_SCALES, CROP_PLANES, CROP_PX, CROP_PX


def _shrink(
    ink: NDArray[np.bool_], trace: NDArray[np.bool_], labels: NDArray[np.int32], scale: float
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Scale the lines, as brightness, and the labels; never up."""
    line = np.where(ink, np.uint8(255), np.where(trace, np.uint8(_TRACE), np.uint8(0)))
    if scale >= 1:
        return line, labels
    height, width = (max(1, round(side * scale)) for side in labels.shape)
    y, x = ((2 * np.arange(n) + 1) * side // (2 * n) for n, side in zip((height, width), labels.shape, strict=True))
    smaller = cv2.resize(line, (width, height), interpolation=cv2.INTER_AREA)
    return smaller.astype(np.uint8, copy=False), labels[np.ix_(y, x)]


def _measure_boxes(labels: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """Measure (left, top, right, bottom) of each region, int64 [4, count + 1]; all 0 for a region that is not there."""
    from scipy.ndimage import find_objects

    boxes = np.zeros((4, count + 1), np.int64)
    for i, found in enumerate(find_objects(labels, count), 1):
        if found is not None:
            rows, columns = found
            boxes[:, i] = columns.start, rows.start, columns.stop, rows.stop
    return boxes
