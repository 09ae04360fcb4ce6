"""Pieces of label maps and of lines: small ones go to what is around them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Bool = NDArray[np.bool_]


def fill_gaps(labels: NDArray[np.int32], gaps: Bool) -> NDArray[np.int32]:
    """Give the pixels of `gaps` the label of the nearest other pixel, int32 HxW; unchanged if there is none."""
    if gaps.all() or not gaps.any():
        return labels
    nearest = cv2.distanceTransformWithLabels(gaps.astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)[1]
    source = np.asarray(nearest, np.int32)
    value = np.zeros(int(source.max()) + 1, np.int32)
    value[source[~gaps]] = labels[~gaps]
    return value[source]


def drop_small_pieces(labels: NDArray[np.int32], least_px: int) -> NDArray[np.int32]:
    """Give connected pieces of fewer than `least_px` pixels to what is around them, int32 HxW; 0 is the background."""
    present = np.flatnonzero(np.bincount(labels.ravel()))
    present = present[present > 0]
    compact = np.zeros(int(labels.max()) + 1, np.int32)
    compact[present] = np.arange(1, len(present) + 1)
    compact = compact[labels]
    gaps = np.zeros(labels.shape, bool)
    for number, box in enumerate(ndimage.find_objects(compact), start=1):
        pieces, stats = _find_pieces(compact[box] == number, 4)
        small = stats[:, cv2.CC_STAT_AREA] < least_px
        small[0] = False
        gaps[box] |= small[pieces]
    return fill_gaps(labels, gaps)


def drop_short_lines(lines: Bool, least_px: int) -> Bool:
    """Drop connected lines that are less than `least_px` wide and high, bool HxW."""
    pieces, stats = _find_pieces(lines, 8)
    kept = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) >= least_px
    kept[0] = False
    return kept[pieces]


def _find_pieces(mask: Bool, connectivity: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=connectivity)
    return np.asarray(pieces, np.int32), np.asarray(stats, np.int32)
