"""Draw the regions of a drawing before it is painted: each in a color of its own, closed gaps in magenta."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.config.trace_map import HUES
from framecolor.core.types import Frame, Regions
from framecolor.lineart.necks import find_contacts
from framecolor.lineart.regions import label_regions, outside_regions

Pixels = NDArray[np.uint8]

_GAP, _PAPER, _INK = (227, 0, 109), (255, 255, 255), (24, 24, 26)
# Regions take their colors in turn: neighbors in reading order are far apart on the color circle, of OpenCV's 180 steps
# without those that look like the marks of gaps.
_GOLDEN_TURN, _USED_STEPS, _PASTELS = 0.381966, 135, ((96, 240), (140, 225), (70, 205))
_MARK_PX = 5
# Trace lines are drawn in their hue, in OpenCV's 180 steps of the color circle.
_HUE_STEP = 180 // len(HUES)


@dataclass(frozen=True, eq=False)
class RegionPicture:
    """The picture of a drawing's regions.

    rgba   uint8 hxwx4, opaque, shrunk
    count  number of regions
    gaps   (x, y) of the middle of each closed gap, in pixels of the drawing
    """

    rgba: Pixels
    count: int
    gaps: tuple[tuple[int, int], ...]


def draw_regions(frame: Frame, regions: Regions, long_side_px: int) -> RegionPicture:
    """Draw the regions of a drawing, shrunk to a long side of at most `long_side_px`.

    Paper is white, regions are pastel, ink is black; trace lines have their hue. A magenta ring marks where a gap in
    the lines is closed, and a magenta line where the two regions meet that it would join.
    """
    height, width = frame.size
    scale = min(1.0, long_side_px / max(height, width))
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    rows, columns = (2 * np.arange(h) + 1) * height // (2 * h), (2 * np.arange(w) + 1) * width // (2 * w)
    table = _make_colors(regions.count)
    table[np.flatnonzero(outside_regions(regions))] = _PAPER
    picture = np.take(table, regions.labels[rows[:, None], columns], axis=0)
    # Lines are averaged, so that thin ones do not vanish.
    cover = cv2.resize(frame.lines.astype(np.float32), (w, h), interpolation=cv2.INTER_AREA)[..., None]
    line = np.full((h, w, 3), _INK, np.float32)
    if frame.hues is not None and frame.trace.any():
        trace = cv2.resize(frame.trace.astype(np.float32), (w, h), interpolation=cv2.INTER_AREA)
        line[trace > 0] = _make_hues()[_spread_hues(frame, (w, h))[trace > 0]]
    picture = np.rint(picture * (1 - np.minimum(1, 1.6 * cover)) + line * np.minimum(1, 1.6 * cover)).astype(np.uint8)
    gaps, pixels = _find_gaps(frame, regions)
    for x, y in (pixels * scale).astype(int).tolist():
        cv2.circle(picture, (x, y), 1, _GAP, -1)
    for color, thickness in ((_PAPER, 4), (_GAP, 2)):
        for x, y in gaps:
            cv2.circle(picture, (int(x * scale), int(y * scale)), _MARK_PX, color, thickness, cv2.LINE_AA)
    return RegionPicture(np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA), np.uint8), regions.count, gaps)


def _make_colors(count: int) -> Pixels:
    turn = np.arange(count + 1)
    hsv = np.empty((1, count + 1, 3), np.uint8)
    hsv[0, :, 0] = (turn * _GOLDEN_TURN % 1) * _USED_STEPS
    hsv[0, :, 1:] = np.array(_PASTELS)[turn % len(_PASTELS)]
    return np.ascontiguousarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0])


def _make_hues() -> Pixels:
    hsv = np.full((1, 256, 3), (0, 0, 120), np.uint8)
    hsv[0, : len(HUES)] = [(_HUE_STEP * hue, 235, 230) for hue in range(len(HUES))]
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0]


def _spread_hues(frame: Frame, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Shrink the hues of trace lines: the highest in each place, as hues index the colors."""
    assert frame.hues is not None
    hues = (frame.hues & 15).astype(np.uint8)
    reach = max(1, int(np.ceil(max(frame.size[1] / size[0], frame.size[0] / size[1]))))
    wide = cv2.dilate(hues, np.ones((reach, reach), np.uint8))
    small = cv2.resize(wide, size, interpolation=cv2.INTER_NEAREST)
    return np.where(small > 0, small - 1, 0).astype(np.uint8)


def _find_gaps(frame: Frame, regions: Regions) -> tuple[tuple[tuple[int, int], ...], NDArray[np.float64]]:
    """Find the gaps that are closed: one place each, (x, y), and the pixels where their regions meet, [N, 2]."""
    pairs, places = find_contacts(regions.labels, label_regions(frame.lines, gap_px=0).labels)
    if not len(pairs):
        return (), places
    which = np.unique(pairs, axis=0, return_inverse=True)[1].ravel()
    middles = []
    for pair in range(int(which.max()) + 1):
        own = places[which == pair]
        x, y = own[np.abs(own - np.median(own, axis=0)).sum(axis=1).argmin()]
        middles.append((int(x), int(y)))
    return tuple(middles), places
