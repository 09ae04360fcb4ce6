"""Separate the pixels of a line drawing into ink and trace lines.

Studios deliver lines as black on white (grey or binary), black on transparent, or alpha only, as scans, as negatives,
or in one color. All become straight RGBA ink to composite over the paint, and a mask of trace lines, which bound
shadows and highlights and vanish in the paint.
"""

from __future__ import annotations

from collections.abc import Collection

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over_color
from framecolor.core.types import Box, Frame, is_colored
from framecolor.lineart.hues import FAINTEST_ALPHA, LEAST_LEVEL
from framecolor.lineart.ink_hues import InkHues, choose_trace
from framecolor.lineart.paper import Paper, clean_paper
from framecolor.lineart.trace_lines import clear_beside, find_lines_of, name_trace

# A trace line is a pure hue: without its white part, the second-highest channel is at most this share of the highest.
_TRACE_PURITY = 0.35
_NEAR_WHITE = 250
# The greatest second channel of a trace line, by its first.
_MOST_SECOND = np.floor(np.float32(_TRACE_PURITY) * np.arange(256, dtype=np.float32)).astype(np.uint8)
_WHITE_PAPER, _NO_PAPER = 0xFFFFFFFF, 0


def read_drawing(
    number: int,
    rgba: NDArray[np.uint8],
    paper: Paper = "white",
    ink_hues: InkHues = "dark",
    trace_hues: Collection[int] = (),
) -> Frame:
    """Separate a drawing (uint8 HxWx4, straight RGBA) into ink and trace lines.

    paper       what it is drawn on: light lines on black, and lines on toned paper, become dark lines without paper
    ink_hues    those of pure red, green and blue that are ink; lines of the others are trace lines
    trace_hues  hues whose lines are trace lines as well, indices into `lineart.hues.HUES`

    Ink on transparent keeps its pixels to the bit. Ink on white becomes the RGBA that gives the same drawing over
    white, within one level. A drawing with content in alpha only becomes black ink.
    """
    rgba = _take_off(rgba, paper)
    box = _drawn_box(rgba)
    ink, trace = np.zeros(rgba.shape, np.uint8), np.zeros(rgba.shape[:2], bool)
    drawn = _find_ink(box.crop(rgba))
    found = choose_trace(drawn, _find_trace(drawn), ink_hues)
    if trace_hues:
        found |= find_lines_of(drawn, trace_hues)
    if not found.any():
        box.crop(ink)[:] = drawn
        return Frame(number, ink, trace)
    hues = np.zeros(rgba.shape[:2], np.uint8)
    box.crop(hues)[:] = name_trace(drawn, found)
    clear_beside(drawn, found)
    drawn[found] = 0
    box.crop(ink)[:], box.crop(trace)[:] = drawn, found
    return Frame(number, ink, trace, hues)


def extract_lines(rgba: NDArray[np.uint8], paper: Paper) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Extract all lines of a drawing, uint8 HxWx4, as straight RGBA, and find those of a pure hue, bool HxW."""
    drawn = _find_ink(_take_off(rgba, paper))
    return drawn, _find_trace(drawn)


def _take_off(rgba: NDArray[np.uint8], paper: Paper) -> NDArray[np.uint8]:
    """Take an opaque drawing off its paper; one with transparency has none."""
    if paper == "white" or rgba[..., 3].min() < 255:
        return rgba
    return np.dstack([clean_paper(np.ascontiguousarray(rgba[..., :3]), paper), rgba[..., 3]])


def _drawn_box(rgba: NDArray[np.uint8]) -> Box:
    """Find the box around all ink: outside is only white or transparent paper. Else the whole picture."""
    packed = np.ascontiguousarray(rgba).view(np.uint32)[..., 0]
    paper = packed[0, 0]
    box = Box.around((packed != paper).view(np.uint8))
    if paper == _NO_PAPER or (paper == _WHITE_PAPER and box.crop(rgba)[..., 3].min() == 255):
        return box
    return Box(0, rgba.shape[0], 0, rgba.shape[1], rgba.shape[0], rgba.shape[1])


def _find_ink(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Extract all lines, including trace lines, as straight RGBA."""
    alpha = rgba[..., 3]
    if alpha.min() == 255:
        return _take_out_white(rgba[..., :3])
    if not _is_paperless(rgba):
        return _take_out_white(lay_over_color(rgba))
    ink = rgba.copy()
    if is_colored(ink) and np.maximum(_darkest(ink), (alpha == 0) * np.uint8(255)).min() >= _NEAR_WHITE:
        ink[..., :3] = 0
    return ink


def _is_paperless(rgba: NDArray[np.uint8]) -> bool:
    """Tell whether a transparent drawing has no white paper, cut out around the figure, besides its ink."""
    visible = rgba[..., 3] > 128
    white = visible & (_darkest(rgba) >= _NEAR_WHITE)
    return np.count_nonzero(white) == np.count_nonzero(visible) or not white.any()


def _darkest(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    red, green, blue = cv2.split(rgb)[:3]
    return np.asarray(cv2.min(cv2.min(red, green), blue), dtype=np.uint8)


def _take_out_white(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Compute the RGBA with the least alpha that gives `rgb` over white."""
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
    """Find the pixels of pure hue, antialiased ones too, bool HxW."""
    if not is_colored(ink):
        return np.zeros(ink.shape[:2], bool)
    red, green, blue, alpha = cv2.split(ink)
    low, high = cv2.min(red, green), cv2.max(red, green)
    first, second = cv2.max(high, blue), cv2.max(low, cv2.min(high, blue))
    trace = (first >= LEAST_LEVEL) & (second <= cv2.LUT(first, _MOST_SECOND))
    return trace & (alpha >= FAINTEST_ALPHA)
