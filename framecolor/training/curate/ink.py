"""Find the pixels of a painting that are lines."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Ink is darker than this lightness and nowhere wider than this share of the long side; or at most 4 pixels wide and
# this much darker than both sides.
_INK_LIGHTNESS = 35.0
_INK_WIDTH = 0.014
_INK_CONTRAST = 25.0
# Half the widest line of a bold pen: as a share of the long side, and in px for a small picture.
_BOLD_HALF, _BOLD_HALF_PX = 0.01, 4.0
# A wide dark spot below this multiple of such a line's dot area is a crossing of lines.
_KNOT = 1.8


def find_ink(lab: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Find pixels of lines, bool HxW: dark and thin, or thin and much darker than both sides. Wide dark areas stay."""
    lightness = np.ascontiguousarray(lab[..., 0])
    dark = (lightness < _INK_LIGHTNESS).astype(np.uint8)
    reach = max(3, round(_INK_WIDTH * max(dark.shape) / 2), _measure_ink(dark))
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    wide = cv2.morphologyEx(dark, cv2.MORPH_OPEN, disk)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(wide, connectivity=4)
    knots = stats[:, cv2.CC_STAT_AREA] < _KNOT * int(disk.sum())  # where lines cross, not a fill
    wide[knots[np.asarray(labels, dtype=np.int32)]] = 0
    wide = cv2.dilate(wide, np.ones((3, 3), np.uint8))
    ridge = cv2.morphologyEx(lightness, cv2.MORPH_BLACKHAT, np.ones((5, 5), np.uint8))
    return ((dark > 0) & (wide == 0)) | (ridge > _INK_CONTRAST)


def _measure_ink(dark: NDArray[np.uint8]) -> int:
    """Measure a width, in px, surely above half of the pen's line; 0 if dark areas are too wide to be lines."""
    if dark.all():
        return 0
    distance = cv2.distanceTransform(dark, cv2.DIST_L2, 3)
    ridge = distance[(distance > 0) & (distance >= cv2.dilate(distance, np.ones((3, 3), np.uint8)))]
    half = float(np.median(ridge)) if len(ridge) else 0.0
    return round(1.6 * half) if half <= max(_BOLD_HALF_PX, _BOLD_HALF * max(dark.shape)) else 0
