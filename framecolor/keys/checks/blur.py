"""Find how much a painted key is blurred: its lines and borders are softer than those of its drawing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over, lay_over_color, measure_difference
from framecolor.core.types import Frame, Regions
from framecolor.render.flat import paint_flat

# Widths (sigma) that are tried. A key is blurred by the best one if that is at least _LEAST_PX, and if no more than
# this share of its difference from a sharp picture is left then. Antialiased keys leave a little more.
_WIDTHS_PX = (0.5, 0.6, 0.7, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
_LEAST_PX, _LEFT_SHARE = 0.7, 0.77
# No other width is tried if the least one leaves more.
_FIRST_SHARE = 0.95
# Pixels so near to lines are compared; if they differ by fewer levels, all is sharp.
_NEAR_PX, _LEAST_LEVELS = 3, 4.0


def find_blur(painted: NDArray[np.uint8], frame: Frame, regions: Regions, colors: NDArray[np.uint8]) -> float:
    """Find by how many pixels (sigma) a key, uint8 HxWx4, is blurred; 0.0 if it is sharp.

    colors  of its regions, uint8 [count + 1, 4]
    """
    if not regions.count or not frame.lines.any():
        return 0.0
    crop = frame.box.crop
    side = 2 * _NEAR_PX + 1
    near = cv2.dilate(np.ascontiguousarray(crop(frame.lines)).view(np.uint8), np.ones((side, side), np.uint8)) > 0
    key = lay_over_color(crop(painted))
    paint = crop(paint_flat(regions, colors))
    left = [_measure_left(key, lay_over_color(sharp), near) for sharp in (lay_over(crop(frame.ink), paint), paint)]
    share, width_px = min(left)
    return width_px if share <= _LEFT_SHARE and width_px >= _LEAST_PX else 0.0


def _measure_left(key: NDArray[np.uint8], sharp: NDArray[np.uint8], near: NDArray[np.bool_]) -> tuple[float, float]:
    """Measure the share of a difference that is left if the sharp picture is blurred, and by how many pixels it is."""

    def measure(width_px: float) -> float:
        blurred = cv2.GaussianBlur(sharp, (0, 0), width_px)
        return float(measure_difference(np.asarray(blurred, np.uint8), key)[near].mean())

    before = float(measure_difference(sharp, key)[near].mean())
    if before < _LEAST_LEVELS or measure(_LEAST_PX) > _FIRST_SHARE * before:
        return 1.0, 0.0
    left, width_px = min((measure(width_px), width_px) for width_px in _WIDTHS_PX)
    return left / before, width_px
