"""Draw a painted key with what is wrong with it: its drawing's lines over it, and the pixels that are not flat."""

from __future__ import annotations

from collections.abc import Collection

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over_color
from framecolor.core.faults import FaultKind
from framecolor.core.types import Box, Frame
from framecolor.report.webp import shrink

Pixels = NDArray[np.uint8]

# Okabe and Ito, Color Universal Design: vermilion and sky blue.
LINES, UNEVEN = (213, 94, 0), (86, 180, 233)
# Fills that differ by so many levels from pixel to pixel are not flat.
_UNEVEN_LEVELS = (2, 40)
# A key with nearly the shape of its drawing was scaled as a whole.
_SAME_SHAPE = 0.02


def draw_key(painted: Pixels, frame: Frame, kinds: Collection[FaultKind], box: Box, long_side_px: int) -> Pixels:
    """Draw a part of a key as it is in its file, uint8 HxWx4, at the place of its drawing: opaque uint8 hxwx4.

    Lines of the drawing lie over a key that is moved, and pixels that are not flat are marked if it is not flat.
    """
    shown = box.crop(_fit(painted, frame.size))
    picture = shrink(shown, long_side_px)
    h, w = picture.shape[:2]
    rgb = lay_over_color(picture).astype(np.uint8)
    if "soft" in kinds:
        rgb = _mark(rgb, _find_uneven(shown), UNEVEN, (w, h))
    if "moved" in kinds:
        rgb = _mark(rgb, np.ascontiguousarray(box.crop(frame.lines)).view(np.uint8), LINES, (w, h))
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA), np.uint8)


def _fit(painted: Pixels, size: tuple[int, int]) -> Pixels:
    """Bring a key of another size to that of its drawing: scaled if it has its shape, else cut or padded."""
    (height, width), (rows, columns) = painted.shape[:2], size
    if (height, width) == size:
        return painted
    if abs(width * rows / (height * columns) - 1) <= _SAME_SHAPE:
        return np.asarray(cv2.resize(painted, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)
    fitted = np.zeros((rows, columns, 4), np.uint8)
    part = painted[:rows, :columns]
    fitted[: part.shape[0], : part.shape[1]] = part
    return fitted


def _find_uneven(painted: Pixels) -> Pixels:
    """Find pixels that differ a little from those around them, 0 or 1, uint8 HxW."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    spread = cv2.absdiff(cv2.dilate(painted, cross), cv2.erode(painted, cross)).max(axis=2)
    least, most = _UNEVEN_LEVELS
    return ((spread >= least) & (spread <= most)).astype(np.uint8)


def _mark(rgb: Pixels, mask: Pixels, color: tuple[int, int, int], size: tuple[int, int]) -> Pixels:
    cover = cv2.resize(mask * np.uint8(255), size, interpolation=cv2.INTER_AREA)[..., None].astype(np.float32)
    share = np.minimum(1, 2 * cover / 255) * 0.85
    return np.rint(rgb * (1 - share) + np.array(color, np.float32) * share).astype(np.uint8)
