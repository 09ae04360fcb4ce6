"""Draw the regions of a drawing before it is painted: each in a tint of its own, closed gaps in magenta."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Box, Frame, Regions
from framecolor.lineart.necks import find_contacts
from framecolor.lineart.regions import label_regions, outside_regions

Pixels = NDArray[np.uint8]

GAP, PAPER, INK = (227, 0, 109), (255, 255, 255), (24, 24, 26)
# Lines are darkened by this, so that thin ones do not vanish in a small picture.
_LINE_GAIN = 1.6
# A crop around a closed gap shows so many pixels of the drawing, and a ring. What lies beside its two regions is pale.
_CROP_PX, _RING_PX, _PALE = 72, 9, 0.8


@dataclass(frozen=True, eq=False)
class Closing:
    """A gap in the lines that is closed.

    place     (x, y) in its middle, in pixels of the drawing
    regions   the two regions that it would join
    width_px  length of the border on which they meet
    joins_px  pixels of the smaller region; of the one that is not paper
    to_paper  whether one of them is paper
    pixels    float64 [N, 2], where they meet
    """

    place: tuple[int, int]
    regions: tuple[int, int]
    width_px: int
    joins_px: int
    to_paper: bool
    pixels: NDArray[np.float64]


def find_closings(frame: Frame, regions: Regions) -> tuple[Closing, ...]:
    """Find the gaps that are closed in a drawing; those that keep the most paint apart come first."""
    box = Box.around(frame.lines.view(np.uint8), margin_px=1)
    labels, lines = box.crop(regions.labels), box.crop(frame.lines)
    pairs, places = find_contacts(labels, label_regions(lines, gap_px=0).labels)
    if not len(pairs):
        return ()
    places += (box.left, box.top)
    paper = outside_regions(regions)
    met, which = np.unique(pairs, axis=0, return_inverse=True)
    found = []
    for pair, (one, two) in enumerate(met.tolist()):
        own = places[which.ravel() == pair]
        x, y = own[np.abs(own - np.median(own, axis=0)).sum(axis=1).argmin()]
        width, height = np.ptp(own, axis=0) + 1
        is_paper = paper[[one, two]]
        joins_px = int(regions.area[[one, two]][~is_paper | is_paper.all()].min())
        width_px = round(float(max(width, height)))
        found.append(Closing((int(x), int(y)), (one, two), width_px, joins_px, bool(is_paper.any()), own))
    return tuple(sorted(found, key=lambda one: -one.joins_px))


def draw_regions(
    frame: Frame,
    regions: Regions,
    tints: Pixels,
    closings: tuple[Closing, ...],
    hues: Pixels,
    box: Box,
    long_side_px: int,
) -> Pixels:
    """Draw a part of a drawing, shrunk to a long side of at most `long_side_px`: opaque uint8 hxwx4.

    tints  of each region, uint8 [count + 1, 3]
    hues   of trace lines by hue, uint8 [12, 3]; ink is black, and a magenta line runs along closed gaps
    """
    labels, lines = box.crop(regions.labels), box.crop(frame.lines)
    height, width = labels.shape
    scale = min(1.0, long_side_px / max(height, width))
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    rows, columns = (2 * np.arange(h) + 1) * height // (2 * h), (2 * np.arange(w) + 1) * width // (2 * w)
    picture = np.take(tints, labels[rows][:, columns], axis=0)
    cover = cv2.resize(np.ascontiguousarray(lines).view(np.uint8) * np.uint8(255), (w, h), interpolation=cv2.INTER_AREA)
    y, x = np.nonzero(cover)
    line = np.broadcast_to(np.array(INK, np.float32), (len(y), 3))
    if frame.hues is not None and frame.trace.any():
        hue = _shrink_hues(frame, box, (w, h))[y, x]
        line = np.where(hue[:, None] > 0, hues[np.maximum(hue, 1) - 1], line)
    share = np.minimum(1, _LINE_GAIN / 255 * cover[y, x].astype(np.float32))[:, None]
    picture[y, x] = np.rint(picture[y, x] * (1 - share) + line * share)
    if closings:
        meet = (np.concatenate([one.pixels for one in closings]) - (box.left, box.top)) * scale
        for at_x, at_y in meet.astype(int).tolist():
            cv2.circle(picture, (at_x, at_y), 1, GAP, -1)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA), np.uint8)


def draw_closing(frame: Frame, regions: Regions, tints: Pixels, closing: Closing) -> Pixels:
    """Draw what lies around a closed gap, pixel by pixel, uint8 hxwx3: its two regions in their tints, others pale."""
    height, width = frame.size
    left, top = (
        max(0, min(at - _CROP_PX // 2, size - _CROP_PX))
        for at, size in zip(closing.place, (width, height), strict=True)
    )
    window = slice(top, top + _CROP_PX), slice(left, left + _CROP_PX)
    labels, lines = regions.labels[window], frame.lines[window]
    pale = np.rint(tints * (1 - _PALE) + 255 * _PALE).astype(np.uint8)
    pale[list(closing.regions)] = tints[list(closing.regions)]
    picture = pale[labels]
    picture[lines] = INK
    x, y = np.floor(closing.pixels - (left, top)).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < picture.shape[1]) & (y < picture.shape[0])
    meet = np.zeros(labels.shape, np.uint8)
    meet[y[inside], x[inside]] = 1
    picture[cv2.dilate(meet, np.ones((3, 3), np.uint8)) > 0] = GAP
    at = int(closing.place[0]) - left, int(closing.place[1]) - top
    cv2.circle(picture, at, _RING_PX, GAP, 1)
    return picture


def _shrink_hues(frame: Frame, box: Box, size: tuple[int, int]) -> Pixels:
    """Shrink the hues of trace lines, 1 + hue, to (width, height): the highest in each place."""
    assert frame.hues is not None
    hues = box.crop(frame.hues) & 15
    reach = max(1, int(np.ceil(max(hues.shape[1] / size[0], hues.shape[0] / size[1]))))
    wide = cv2.dilate(hues, np.ones((reach, reach), np.uint8))
    return np.asarray(cv2.resize(wide, size, interpolation=cv2.INTER_NEAREST), np.uint8)
