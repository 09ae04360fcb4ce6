"""Choose the tints of regions: neighbors differ, and a region keeps its tint from one drawing to the next."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.run_length import Runs
from framecolor.core.types import Frame, Regions
from framecolor.lineart.regions import fill_lines, outside_regions

Tints = NDArray[np.uint8]

# Drawings are compared at this size.
_SMALL_PX = 480
# Tints take hues in turn, far apart on the color circle, of OpenCV's 180 steps without those that look like the marks
# of gaps; three lightnesses tell them apart without hues.
_GOLDEN_TURN, _USED_STEPS, _TINTS, _PASTELS = 0.381966, 135, 33, ((84, 244), (150, 218), (72, 190))
# Colors that are so far apart in CIELAB are told apart at a glance; neighbors never come closer than the second.
_FAR, _NEAR = 45.0, 18.0
# A region follows one of the drawing before if they share this part of the smaller and of the larger one.
_SHARED_SMALL, _SHARED_LARGE = 0.5, 0.2


@dataclass(frozen=True, eq=False)
class Outline:
    """A drawing's regions at a small size, to compare drawings.

    labels  of regions, 0 on lines, int32 hxw
    paper   bool [count + 1]
    line_px pixels of its lines
    middle  (x, y) of the box of its lines, in pixels of `labels`
    scale   pixels of the drawing in one of `labels`
    """

    number: int
    labels: Runs[np.int32]
    paper: NDArray[np.bool_]
    line_px: int
    middle: tuple[float, float]
    scale: float


def make_outline(frame: Frame, regions: Regions) -> Outline:
    """Shrink a drawing's regions."""
    height, width = frame.size
    scale = max(1.0, max(height, width) / _SMALL_PX)
    h, w = max(1, round(height / scale)), max(1, round(width / scale))
    rows, columns = (2 * np.arange(h) + 1) * height // (2 * h), (2 * np.arange(w) + 1) * width // (2 * w)
    box = frame.box
    middle = (box.left + box.right) / 2 / scale, (box.top + box.bottom) / 2 / scale
    small = np.ascontiguousarray(regions.labels[rows][:, columns])
    lines = int(np.count_nonzero(box.crop(frame.lines)))
    return Outline(frame.number, Runs.pack(small), outside_regions(regions), lines, middle, scale)


def lay_over(outline: Outline, other: Outline) -> NDArray[np.int32]:
    """Lay the labels of another drawing over one so that the middles of both figures meet, int32 hxw; 0 beyond them."""
    dx, dy = (round(a - b) for a, b in zip(outline.middle, other.middle, strict=True))
    source = other.labels.unpack()
    height, width = outline.labels.shape
    laid = np.zeros((height, width), np.int32)
    rows, columns = slice(max(0, dy), min(height, height + dy)), slice(max(0, dx), min(width, width + dx))
    part = source[max(0, -dy) : max(0, -dy) + height, max(0, -dx) : max(0, -dx) + width]
    part = part[: max(0, rows.stop - rows.start), : max(0, columns.stop - columns.start)]
    laid[rows.start : rows.start + part.shape[0], columns.start : columns.start + part.shape[1]] = part
    return laid


class TintChooser:
    """Chooses the tints of a shot's drawings, one after the other."""

    def __init__(self) -> None:
        self._before: tuple[Outline, NDArray[np.intp]] | None = None

    def choose(self, outline: Outline) -> Tints:
        """Choose the tints of a drawing's regions, uint8 [count + 1, 3]; paper is white."""
        labels, size = outline.labels.unpack(), len(outline.paper)
        area = np.bincount(labels.ravel(), minlength=size)
        neighbors = _find_neighbors(fill_lines(labels), size)
        chosen = np.full(size, -1, np.intp)
        kept = self._follow(outline, labels, area)
        apart = _measure_apart()
        order = np.argsort(-area, kind="stable").tolist()
        is_paper = outline.paper.tolist()
        for follows in (True, False):
            for region in order:
                if region == 0 or is_paper[region] or chosen[region] >= 0 or (follows and kept[region] < 0):
                    continue
                beside = chosen[neighbors[region]]
                nearest = apart[:, beside[beside >= 0]].min(axis=1, initial=_FAR)
                if follows:
                    if nearest[kept[region]] >= _NEAR:
                        chosen[region] = kept[region]
                    continue
                turned = np.roll(nearest, -region)
                chosen[region] = (int(turned.argmax()) + region) % _TINTS
        self._before = outline, chosen
        tints = _make_tints()[chosen]
        tints[outline.paper] = 255
        tints[0] = 255
        return tints

    def _follow(self, outline: Outline, labels: NDArray[np.int32], area: NDArray[np.intp]) -> NDArray[np.intp]:
        """Find the tint that each region has in the drawing before, intp [count + 1]; -1 if it is not there."""
        kept = np.full(len(outline.paper), -1, np.intp)
        if self._before is None or self._before[0].labels.shape != labels.shape:
            return kept
        before, tints = self._before
        laid = lay_over(outline, before)
        both = (laid > 0) & (labels > 0) & ~before.paper[laid] & ~outline.paper[labels]
        old, new = laid[both].astype(np.int64), labels[both].astype(np.int64)
        code, shared = np.unique(old * len(kept) + new, return_counts=True)
        old, new = np.divmod(code, len(kept))
        old_area = np.bincount(before.labels.values, before.labels.lengths, minlength=len(before.paper))
        small, large = np.minimum(old_area[old], area[new]), np.maximum(old_area[old], area[new])
        use = (shared >= _SHARED_SMALL * small) & (shared >= _SHARED_LARGE * large)
        taken: set[int] = set()
        for i in np.flatnonzero(use)[np.argsort(-shared[use], kind="stable")].tolist():
            if int(old[i]) not in taken and kept[new[i]] < 0:
                taken.add(int(old[i]))
                kept[new[i]] = tints[old[i]]
        return kept


def _find_neighbors(filled: NDArray[np.int32], size: int) -> list[NDArray[np.intp]]:
    """List the regions beside each one, of labels without lines."""
    codes = [
        one[one != two].astype(np.int64) * size + two[one != two]
        for one, two in ((filled[:, :-1], filled[:, 1:]), (filled[:-1], filled[1:]))
    ]
    one, two = np.divmod(np.unique(np.concatenate(codes)), size)
    left, right = np.concatenate([one, two]), np.concatenate([two, one])
    order = np.argsort(left, kind="stable")
    return np.split(right[order].astype(np.intp), np.searchsorted(left[order], np.arange(1, size)))


@cache
def _make_tints() -> Tints:
    turn = np.arange(_TINTS)
    hsv = np.empty((1, _TINTS + 1, 3), np.uint8)
    hsv[0, :-1, 0] = (turn * _GOLDEN_TURN % 1) * _USED_STEPS
    hsv[0, :-1, 1:] = np.array(_PASTELS)[turn % len(_PASTELS)]
    hsv[0, -1] = (0, 0, 255)  # the last one, at -1, is for regions too small to be compared and paper
    return np.ascontiguousarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0])


@cache
def _measure_apart() -> NDArray[np.float64]:
    """Measure the distances of tints in CIELAB."""
    lab = cv2.cvtColor((_make_tints()[None, :-1] / 255).astype(np.float32), cv2.COLOR_RGB2LAB)[0].astype(np.float64)
    return np.minimum(np.linalg.norm(lab[:, None] - lab, axis=2), _FAR)
