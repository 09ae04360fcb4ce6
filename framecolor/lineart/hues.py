"""Name the hues of lines: twelve sectors of the color circle, and the pixels of a drawing that are of a pure hue."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.config.trace_map import HUES

RED, GREEN, BLUE = 0, 4, 8
_DEGREES = 30
# A pure hue, once the white in it is taken out: the highest channel has at least this level, the lowest at most this
# share of it.
LEAST_LEVEL = 170
_MOST_GRAY = 0.35
# Antialiased pixels have at least this alpha: fainter ones have hues by rounding.
FAINTEST_ALPHA = 4
NO_HUE = 255


def find_hues(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Find the hue of each pixel of a drawing's lines, uint8 HxW: an index into HUES, NO_HUE if it is not pure.

    ink  all lines, uint8 HxWx4 straight RGBA without their white part
    """
    found = np.full(ink.shape[:2], NO_HUE, np.uint8)
    y, x = np.nonzero((ink[..., :3].max(axis=2) >= LEAST_LEVEL) & (ink[..., 3] >= FAINTEST_ALPHA))
    rgb = ink[y, x, :3].astype(np.int16)
    high, low = rgb.max(axis=1), rgb.min(axis=1)
    pure = low <= _MOST_GRAY * high
    if pure.any():
        pixels = np.ascontiguousarray(ink[y[pure], x[pure], :3])[None]
        degrees = 2.0 * cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)[0, :, 0]  # OpenCV counts 180 to the circle
        found[y[pure], x[pure]] = np.round(degrees / _DEGREES).astype(np.uint8) % len(HUES)
    return found
