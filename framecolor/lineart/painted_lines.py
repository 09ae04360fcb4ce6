"""Find the lines of a painting that comes without its line art."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over_color
from framecolor.core.types import Frame
from framecolor.lineart.regions import nearest_regions

# Ink is narrower than this share of the picture's shorter side, and darker than its surroundings by so many levels.
_WIDEST_INK_SHARE = 1 / 120
_WIDEST_INK_PX = 5
_INK_CONTRAST = 48
_BRIGHTEST_INK = 128
# Fills that differ by no more levels are one fill with noise.
_SAME_LEVELS = 8
# A painting has ink lines if their pixels are at least this share of those along the borders of its fills.
_INKED_SHARE = 0.25


def find_painted_lines(number: int, painted: NDArray[np.uint8]) -> Frame:
    """Find the lines of a painting, uint8 HxWx4 straight RGBA: a drawing with black ink and trace lines.

    Thin dark strokes are ink. Borders between fills without ink become trace lines; in a painting without any ink they
    become ink, as line art has ink there.
    """
    rgb = lay_over_color(painted)
    ink = _find_ink(rgb)
    borders = _find_borders(_remove_ink(rgb, ink)) & ~ink
    if np.count_nonzero(ink) < _INKED_SHARE * np.count_nonzero(borders):
        ink, borders = ink | borders, np.zeros_like(borders)
    rgba = np.zeros(painted.shape, np.uint8)
    rgba[..., 3] = np.where(ink, 255, 0)
    return Frame(number, rgba, borders)


def _find_ink(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Find dark strokes that are too thin to be a fill, bool HxW."""
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    side_px = max(_WIDEST_INK_PX, round(_WIDEST_INK_SHARE * min(gray.shape))) | 1
    closed = cv2.morphologyEx(gray, cv2.MORPH_CLOSE, np.ones((side_px, side_px), np.uint8))
    return np.asarray((cv2.subtract(closed, gray) > _INK_CONTRAST) & (gray < _BRIGHTEST_INK))


def _remove_ink(rgb: NDArray[np.uint8], ink: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Give ink and its antialiased edge the nearest color of a fill."""
    if not ink.any():
        return rgb
    covered = np.asarray(cv2.dilate(ink.view(np.uint8), np.ones((3, 3), np.uint8)), np.uint8).view(bool)
    if covered.all():
        return rgb
    code = rgb.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
    code[covered] = nearest_regions(code, covered)
    return np.stack([code >> 16 & 255, code >> 8 & 255, code & 255], axis=-1).astype(np.uint8)


def _find_borders(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Find pixels whose right or lower neighbor has another color, bool HxW: no 4-connected path crosses them."""
    borders = np.zeros(rgb.shape[:2], bool)
    if rgb.shape[1] > 1:  # OpenCV returns None for empty pictures
        borders[:, :-1] |= cv2.absdiff(rgb[:, :-1], rgb[:, 1:]).max(axis=2) > _SAME_LEVELS
    if rgb.shape[0] > 1:
        borders[:-1] |= cv2.absdiff(rgb[:-1], rgb[1:]).max(axis=2) > _SAME_LEVELS
    return borders
