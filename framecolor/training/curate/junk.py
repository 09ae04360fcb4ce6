"""Reject pictures that are not paintings to learn from: named reasons, each with its threshold."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Reason = Literal["too small", "extreme aspect", "blank", "colorless", "photograph", "text page"]

# Icons and thumbnails: their lines are a pixel or less.
SHORTEST_SIDE_PX = 96
# Strips, banners and film leaders; a wide-screen pan is 4:1 at most.
MOST_ASPECT = 4.5
# Fades, leaders, empty cels: at least this share of the pixels has one color (within _SAME_LEVELS).
BLANK_SHARE = 0.997
_SAME_LEVELS = 12
# Line art, sketches, gray scans, sepia: the colors lie on one straight line from dark to light (white paper and one
# ink of any tint), except for at most this share of the pixels, which are off it by more than _TINT_LEVELS. Only areas
# wider than a colored trace line count.
COLOR_SHARE = 0.01
_TINT_LEVELS = 18.0
_WIDER_THAN_LINE = np.ones((5, 5), np.uint8)
# Photographs and noise have texture everywhere. In drawings, most 3x3 neighborhoods are within _CALM_LEVELS, even with
# soft shading; in a photograph, only sky and blur are.
CALM_SHARE = 0.35
_CALM_LEVELS = 14
# Pages of text: on a ground of one color, at least this many small dark pieces of about one height, most of the ink.
TEXT_PIECES = 80
_GROUND_SHARE = 0.6
_TEXT_SHARE = 0.6


def find_size_junk(height: int, width: int) -> Reason | None:
    """Find the reason to reject a picture by its size alone; None if it passes."""
    if min(height, width) < SHORTEST_SIDE_PX:
        return "too small"
    return "extreme aspect" if max(height, width) > MOST_ASPECT * min(height, width) else None


def find_junk(rgb: NDArray[np.uint8]) -> Reason | None:
    """Find the reason to reject uint8 HxWx3 pixels at training size; None for a painting."""
    values, counts = np.unique(_pack(rgb), return_counts=True)
    most = int(values[counts.argmax()])
    common = np.array([most >> 16, most >> 8 & 255, most & 255], np.int16)
    ground = np.abs(rgb.astype(np.int16) - common).max(axis=2) <= _SAME_LEVELS
    if ground.mean() > BLANK_SHARE:
        return "blank"
    if measure_calm(rgb) < CALM_SHARE:
        return "photograph"
    if _is_text(rgb, ground):
        return "text page"
    return "colorless" if measure_color(rgb) < COLOR_SHARE else None


def measure_color(rgb: NDArray[np.uint8]) -> float:
    """Measure the share of pixels in areas off the straight line in RGB space that fits all pixels best."""
    pixels = rgb.reshape(-1, 3).astype(np.float32)
    pixels -= pixels.mean(axis=0)
    _, axes = np.linalg.eigh((pixels.T @ pixels).astype(np.float64))
    off = pixels @ axes[:, :2].astype(np.float32)  # the two axes with the least spread
    stray = (np.hypot(off[:, 0], off[:, 1]) > _TINT_LEVELS).reshape(rgb.shape[:2]).astype(np.uint8)
    return float(cv2.morphologyEx(stray, cv2.MORPH_OPEN, _WIDER_THAN_LINE).astype(bool).mean())


def measure_calm(rgb: NDArray[np.uint8]) -> float:
    """Measure the share of pixels whose 3x3 neighborhood has nearly one brightness."""
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    square = np.ones((3, 3), np.uint8)
    return float((cv2.dilate(gray, square) - cv2.erode(gray, square) <= _CALM_LEVELS).mean())


def _is_text(rgb: NDArray[np.uint8], ground: NDArray[np.bool_]) -> bool:
    if ground.mean() < _GROUND_SHARE:
        return False
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    ink = (np.abs(gray.astype(np.int16) - np.int16(np.median(gray[ground]))) > 60).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    height, width, area = (stats[1:, i] for i in (cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH, cv2.CC_STAT_AREA))
    real = area >= 4
    if real.sum() < TEXT_PIECES:
        return False
    usual = float(np.median(height[real]))
    letters = real & (height <= 2 * usual) & (width <= 5 * usual) & (2 * height >= usual)
    return int(letters.sum()) >= TEXT_PIECES and float(area[letters].sum()) > _TEXT_SHARE * float(area.sum())


def _pack(rgb: NDArray[np.uint8]) -> NDArray[np.int32]:
    return rgb.astype(np.int32) @ np.array([65536, 256, 1], np.int32)
