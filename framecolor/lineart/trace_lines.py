"""Find trace lines of given hues, name the hue of each pixel, and take their remains out of the ink."""

from __future__ import annotations

from collections.abc import Collection

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.config.trace_map import HUES
from framecolor.core.types import FAINT
from framecolor.lineart.hues import FAINTEST_ALPHA, NO_HUE, find_hues

# A line covers a pixel if its alpha is at least this share of that in the middle of lines of its hue: some are pale.
_COVERED_SHARE = 0.5
_MIDDLE_PERCENTILE = 90
# Faint pixels belong to a line of their hue within this distance.
_BESIDE_PX = 2
# A pixel is a mix of ink and a trace line only if at most this share of the ink elsewhere is colored.
_MOST_COLORED = 0.02
_LEAST_CHROMA = 24


def find_lines_of(ink: NDArray[np.uint8], hues: Collection[int]) -> NDArray[np.bool_]:
    """Find the lines of some hues, bool HxW: pixels that a line covers, and antialiased ones beside them.

    ink  all lines, uint8 HxWx4 straight RGBA
    """
    chosen = np.zeros(NO_HUE + 1, bool)
    chosen[list(hues)] = True
    found = chosen[find_hues(ink)]
    if not found.any():
        return found
    core = found & (ink[..., 3] >= _COVERED_SHARE * np.percentile(ink[..., 3][found], _MIDDLE_PERCENTILE))
    side = 2 * _BESIDE_PX + 1
    return found & (cv2.dilate(core.view(np.uint8), np.ones((side, side), np.uint8)) > 0)


def name_trace(ink: NDArray[np.uint8], trace: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Name the hue of each pixel of trace lines, uint8 HxW as `Frame.hues`.

    ink  all lines, uint8 HxWx4 straight RGBA; trace: pixels of trace lines
    """
    named = np.zeros(trace.shape, np.uint8)
    y, x = np.nonzero(trace)
    hues = find_hues(np.ascontiguousarray(ink[y, x])[None])[0]
    hues[hues == NO_HUE] = 0
    alpha = ink[y, x, 3]
    faint = np.zeros(len(y), bool)
    for hue in range(len(HUES)):
        own = hues == hue
        if own.any():
            faint |= own & (alpha < _COVERED_SHARE * np.percentile(alpha[own], _MIDDLE_PERCENTILE))
    named[y, x] = 1 + hues + FAINT * faint.astype(np.uint8)
    return named


def clear_beside(ink: NDArray[np.uint8], trace: NDArray[np.bool_]) -> None:
    """Take the remains of trace lines out of the ink beside them, in place.

    Pixels too faint to be found vanish. Where a trace line meets dark ink, antialiasing mixes both: the ink's share
    stays, as black. Colored ink stays as it is.
    """
    near = cv2.dilate(trace.view(np.uint8), np.ones((3, 3), np.uint8)).view(bool) & ~trace & (ink[..., 3] > 0)
    y, x = np.nonzero(near)
    rgb = ink[y, x, :3].astype(int)
    chroma = np.ptp(rgb, axis=1) >= _LEAST_CHROMA
    if not chroma.any():
        return
    faint = chroma & (ink[y, x, 3] < FAINTEST_ALPHA)
    ink[y[faint], x[faint]] = 0
    apart = (ink[..., 3] >= 2 * FAINTEST_ALPHA) & ~near & ~trace
    others = ink[apart][:, :3]
    if np.count_nonzero(np.ptp(others, axis=1) >= _LEAST_CHROMA) > _MOST_COLORED * len(others):
        return
    mixed = chroma & ~faint
    y, x = y[mixed], x[mixed]
    darkness = 1 - ink[y, x, :3].max(axis=1).astype(np.float32) / 255
    ink[y, x, 3] = np.rint(ink[y, x, 3] * darkness)
    ink[y, x, :3] = 0
