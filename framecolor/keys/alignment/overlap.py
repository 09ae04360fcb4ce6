"""Measure how the color borders of a key lie on the lines of a drawing, at one place and at all others."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over_color, measure_difference

Mask = NDArray[np.uint8]
Rgba = NDArray[np.uint8]

# Neighboring pixels that differ by more levels lie on two sides of a border.
_BORDER_LEVELS = 40
# The best move is clear if its share is so much above that of all others, but those in its neighborhood.
GAIN = 0.15
_PEAK_PX = 6
# Pictures that are larger together would take gigabytes of memory: only smaller copies of them are compared.
_MOST_PX = 1 << 26


class Move(NamedTuple):
    """A move of borders against lines, in pixels, and the share of them that lies on lines then."""

    x: int
    y: int
    fit: float


def find_borders(painted: Rgba) -> Mask:
    """Find the pixels on both sides of each color border of a key, 0 or 1, uint8 HxW."""
    rgb = lay_over_color(painted)
    borders = np.zeros(rgb.shape[:2], np.uint8)
    if rgb.shape[1] > 1:  # OpenCV returns None for empty pictures
        beside = measure_difference(rgb[:, :-1], rgb[:, 1:]) > _BORDER_LEVELS
        borders[:, 1:] |= beside
        borders[:, :-1] |= beside
    if rgb.shape[0] > 1:
        below = measure_difference(rgb[:-1], rgb[1:]) > _BORDER_LEVELS
        borders[1:] |= below
        borders[:-1] |= below
    return borders


def measure_share(borders: Mask, lines: Mask) -> float:
    """Measure the share of border pixels that lie on lines."""
    return float(np.count_nonzero(borders & lines) / max(1, np.count_nonzero(borders)))


def find_move(borders: Mask, lines: Mask) -> Move | None:
    """Find the move of the borders against the lines by cross-correlation; None if it is not the only good one."""
    height, width = (a + b for a, b in zip(borders.shape, lines.shape, strict=True))
    if height * width > _MOST_PX:
        return None
    shape = cv2.getOptimalDFTSize(height), cv2.getOptimalDFTSize(width)
    overlap = cv2.mulSpectrums(_transform(borders, shape), _transform(lines, shape), 0, conjB=True)
    overlap = cv2.idft(overlap, flags=cv2.DFT_SCALE)
    y, x = (int(i) for i in np.unravel_index(overlap.argmax(), shape))
    best = float(overlap[y, x])
    near = np.arange(-_PEAK_PX, _PEAK_PX + 1)
    overlap[np.ix_((y + near) % shape[0], (x + near) % shape[1])] = 0
    total = max(1, int(np.count_nonzero(borders)))
    if best - float(overlap.max()) < GAIN * total:
        return None
    y, x = (v - n if v >= m else v for v, n, m in zip((y, x), shape, borders.shape, strict=True))
    return Move(x, y, best / total)


def _transform(mask: Mask, shape: tuple[int, int]) -> NDArray[np.float32]:
    padded = np.zeros(shape, np.float32)
    padded[: mask.shape[0], : mask.shape[1]] = mask
    return np.asarray(cv2.dft(padded), np.float32)


def widen(mask: Mask) -> Mask:
    """Add the pixels beside those of a mask."""
    return np.asarray(cv2.dilate(mask, np.ones((3, 3), np.uint8)), np.uint8)


def shrink_lines(lines: Mask, factor: float) -> Mask:
    """Make a mask of lines smaller, and a pixel wider."""
    small = cv2.resize(lines * 255, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return widen((np.asarray(small, np.uint8) > 60).view(np.uint8))


def resize(painted: Rgba, factor: float) -> Rgba:
    """Resize a key: no new colors in larger ones."""
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(painted, None, fx=factor, fy=factor, interpolation=way), np.uint8)
