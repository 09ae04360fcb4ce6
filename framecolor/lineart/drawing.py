"""From the pixels of a line drawing to its ink and its trace lines.

Studios hand over lines as black on white (grey or binary), black on transparent, or alpha only. All become the same
thing here: straight RGBA ink to lay over the paint, and a mask of trace lines, which bound shadow and highlight fills
and vanish in the paint.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.datatypes import Frame

# A pixel stops the paint when its darkest channel over white is below 200 of 255: the field's measure of a line.
LINE_ALPHA = 56
# A trace line is one pure hue: once white is taken out, the second channel stays below this share of the first.
_TRACE_PURITY = 0.35
_TRACE_MIN_LEVEL = 170
_FAINTEST_ALPHA = 4
_NEAR_WHITE = 250
_COLOR_BITS = np.frombuffer(bytes([255, 255, 255, 0]), np.int32)[0]


def read_drawing(number: int, rgba: NDArray[np.uint8]) -> Frame:
    """Separate a drawing (uint8 HxWx4, straight RGBA) into ink and trace lines.

    Ink on transparent keeps its pixels to the bit. Ink on white becomes the RGBA that gives the same drawing over
    white, within one level. Drawings whose only content is alpha are taken as black ink.
    """
    alpha = rgba[..., 3]
    opaque = bool(alpha.min() == 255)
    if not opaque and _is_paperless(rgba):
        ink = rgba.copy()
        if ink[..., :3][alpha > 0].min(initial=255) >= _NEAR_WHITE:
            ink[..., :3] = 0
    else:
        ink = _take_out_white(_over_white(rgba))
    trace = _find_trace(ink)
    ink[trace] = 0
    return Frame(number, ink, trace)


def line_mask(frame: Frame) -> NDArray[np.bool_]:
    """Pixels that stop the paint, bool HxW: solid ink and trace lines."""
    return ink_mask(frame) | frame.trace


def ink_mask(frame: Frame) -> NDArray[np.bool_]:
    """Pixels of ink that stop the paint, bool HxW. Faint antialiasing and white ink do not."""
    return _darkest_over_white(frame.ink) < 256 - LINE_ALPHA


def _is_paperless(rgba: NDArray[np.uint8]) -> bool:
    """True unless white pixels with alpha cover the drawing (paper that was cut out, not ink)."""
    visible = rgba[..., 3] > 128
    white = visible & (_darkest(rgba) >= _NEAR_WHITE)
    return np.count_nonzero(white) == np.count_nonzero(visible) or not white.any()


def _darkest_over_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The darkest channel over white, uint8 HxW."""
    alpha = rgba[..., 3]
    if not _is_colored(rgba):  # black ink, by far the most common case
        return 255 - alpha
    return 255 - cv2.multiply(alpha, 255 - _darkest(rgba), scale=1 / 255)


def _is_colored(rgba: NDArray[np.uint8]) -> bool:
    """Whether any pixel has a red, green or blue above 0, also where alpha is 0."""
    return cv2.countNonZero(np.ascontiguousarray(rgba).view(np.int32)[..., 0] & _COLOR_BITS) > 0


def _darkest(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    red, green, blue = cv2.split(rgb)[:3]
    return np.asarray(cv2.min(cv2.min(red, green), blue), dtype=np.uint8)


def _over_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    alpha = rgba[..., 3]
    if alpha.min() == 255:
        return rgba[..., :3]
    a = alpha[..., None].astype(np.uint16)
    return ((rgba[..., :3] * a + 255 * (255 - a) + 127) // 255).astype(np.uint8)


def _take_out_white(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The RGBA with the least alpha that gives `rgb` over white."""
    darkest = _darkest(rgb)
    ink = np.zeros((*rgb.shape[:2], 4), np.uint8)
    ink[..., 3] = 255 - darkest
    colored = (cv2.max(cv2.max(*cv2.split(rgb)[:2]), rgb[..., 2]) != darkest) & (darkest < 255)
    if colored.any():
        c = rgb[colored].astype(np.float32)
        a = ink[colored, 3:].astype(np.float32)
        ink[colored, :3] = np.rint(255 - (255 - c) * 255 / a)
    return ink


def _find_trace(ink: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pixels of one pure hue, whatever their antialiasing."""
    trace = np.zeros(ink.shape[:2], bool)
    if not _is_colored(ink):
        return trace
    visible = ink[..., 3] >= _FAINTEST_ALPHA
    first_two = np.sort(ink[visible, :3], axis=1)[:, 1:].astype(np.float32)
    trace[visible] = (first_two[:, 1] >= _TRACE_MIN_LEVEL) & (first_two[:, 0] <= _TRACE_PURITY * first_two[:, 1])
    return trace
