"""Strokes and dots over a drawing: find the regions that each of them labels.

A hint picture is transparent outside of its strokes. Strokes may cross lines: a blob of paint labels the region that it
is in, not every region that it touches.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Regions

Rgba = NDArray[np.uint8]
Mask = NDArray[np.bool_]

# Fainter paint is the soft edge of a brush.
_CORE_ALPHA = 128
# Colors this close to a more frequent one are merged into it.
_SCATTER_LEVELS = 8
# Distance of a mixed color from the straight line between its two components.
_MIXED_LEVELS = 12
# A blob labels a region that holds this share of it ...
_REAL_SHARE = 0.25
# ... at this share of the brush's width: paint that spills over a line is narrower.
_REAL_WIDTH = 0.6
# A blob also labels a region of which it covers this share, such as a dot in a tiny region.
_COVERED_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class Strokes:
    """The regions that the strokes over one drawing label.

    color   uint8 [count + 1, 4]: color of each labeled region, alpha 255
    meant   bool [count + 1]: which regions are labeled
    missed  (x, y) of strokes that label none, as they cover only lines
    """

    color: Rgba
    meant: Mask
    missed: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Blob:
    """One connected area of paint: its color, its mask in its bounding box, and the left and top of that box."""

    color: tuple[int, int, int]
    mask: Mask
    left: int
    top: int

    @property
    def area(self) -> int:
        return int(np.count_nonzero(self.mask))

    def crop(self, picture: NDArray[np.int32]) -> NDArray[np.int32]:
        """Crop a picture to the blob's box."""
        height, width = self.mask.shape
        return picture[self.top : self.top + height, self.left : self.left + width]

    def locate(self) -> tuple[int, int]:
        """Find (x, y) of the pixel farthest from the blob's edge."""
        y, x = np.unravel_index(int(_depth(self.mask).argmax()), self.mask.shape)
        return self.left + int(x), self.top + int(y)


def read_strokes(hint: Rgba, regions: Regions) -> Strokes:
    """Find the regions that the strokes of a hint picture (uint8 HxWx4 of the drawing's size) label.

    A region with strokes of several colors gets the color that covers most of it.
    """
    if hint.shape[:2] != regions.size:
        raise ValueError(f"hint {hint.shape[:2]} and regions {regions.size} differ in size")
    color = np.zeros((regions.count + 1, 4), np.uint8)
    claim = np.zeros(regions.count + 1, np.int64)
    missed = []
    for blob in find_blobs(hint):
        held = np.bincount(blob.crop(regions.labels)[blob.mask], minlength=regions.count + 1)
        meant = choose_regions(blob, regions, held)
        if not len(meant):
            missed.append(blob.locate())
        won = meant[held[meant] > claim[meant]]
        claim[won] = held[won]
        color[won] = (*blob.color, 255)
    return Strokes(color, claim > 0, tuple(missed))


def choose_regions(blob: Blob, regions: Regions, held: NDArray[np.int64]) -> NDArray[np.intp]:
    """Choose the regions that a blob labels; none if it covers only lines.

    held  number of its pixels in each region, [count + 1]

    These are the regions that it covers, and those that hold a large share of it at the brush's width, so that a stroke
    over several regions labels all of them. If there are none, the region that holds most of the blob.
    """
    inside = held.copy()
    inside[0] = 0
    touched = np.flatnonzero(inside)
    if not len(touched):
        return touched
    share, covered = inside[touched] / inside.sum(), inside[touched] / regions.area[touched]
    brush = float(_depth(blob.mask).max())
    labels = blob.crop(regions.labels)
    wide = np.array([_depth(blob.mask & (labels == region)).max() >= _REAL_WIDTH * brush for region in touched])
    meant = (covered >= _COVERED_SHARE) | ((share >= _REAL_SHARE) & wide)
    return touched[meant] if meant.any() else touched[[int(share.argmax())]]


def find_blobs(hint: Rgba) -> list[Blob]:
    """Find the strokes of a hint picture, without soft edges of brushes and mixed colors between strokes."""
    alpha = hint[..., 3]
    core = alpha >= _CORE_ALPHA
    blobs: list[Blob] = []
    for color, mask in _split_colors(hint, core):
        count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
        for i in range(1, count):
            left, top, width, height = stats[i, :4].tolist()
            window = labels[top : top + height, left : left + width] == i
            blobs.append(Blob(color, np.ascontiguousarray(window), left, top))
    owner = np.full(alpha.shape, -1, np.int32)
    for i, blob in enumerate(blobs):
        blob.crop(owner)[blob.mask] = i
    return [blob for i, blob in enumerate(blobs) if not _is_fringe(i, blobs, owner, alpha)]


def _split_colors(hint: Rgba, core: Mask) -> list[tuple[tuple[int, int, int], Mask]]:
    """Split a hint picture into paints and their masks, most frequent first; similar colors are merged."""
    pixels = hint[core]
    code = pixels[:, 0].astype(np.uint32) << 16 | pixels[:, 1].astype(np.uint32) << 8 | pixels[:, 2]
    unique, inverse = np.unique(code, return_inverse=True)
    weight = np.bincount(inverse.ravel(), weights=pixels[:, 3], minlength=len(unique))
    values = np.stack([unique >> 16, unique >> 8 & 255, unique & 255], axis=1).astype(np.int64)
    paints: list[int] = []
    group = np.zeros(len(unique), np.intp)
    for i in np.argsort(-weight, kind="stable"):
        apart = np.abs(values[paints] - values[i]).max(axis=1) if paints else np.zeros(0)
        near = np.flatnonzero(apart <= _SCATTER_LEVELS)
        if not len(near):
            near = np.array([len(paints)])
            paints.append(int(i))
        group[i] = near[0]
    where = np.full(core.shape, -1, np.intp)
    where[core] = group[inverse.ravel()]
    return [(tuple(values[paint].tolist()), where == k) for k, paint in enumerate(paints)]


def _is_fringe(i: int, blobs: list[Blob], owner: NDArray[np.int32], alpha: NDArray[np.uint8]) -> bool:
    """Check whether a blob is only the soft edge of others: thin, next to them, and of mixed colors.

    A half-transparent edge may also be mixed with black or white, as some programs write it.
    """
    blob = blobs[i]
    if _depth(blob.mask).max() > 2:
        return False
    top, left = max(0, blob.top - 1), max(0, blob.left - 1)
    bottom, right = blob.top + blob.mask.shape[0] + 1, blob.left + blob.mask.shape[1] + 1
    around = owner[top:bottom, left:right]
    near = cv2.dilate((around == i).view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    beside = [j for j in np.unique(around[near]).tolist() if j not in (-1, i) and blobs[j].area > blob.area]
    ends = [np.array(blobs[j].color, np.float64) for j in beside]
    own_alpha = alpha[top:bottom, left:right][around == i]
    soft = [np.zeros(3), np.full(3, 255.0)] if np.median(own_alpha) < 255 else []
    color = np.array(blob.color, np.float64)
    return any(_is_between(color, a, b) for k, a in enumerate(ends) for b in (*ends[k + 1 :], *soft))


def _is_between(color: NDArray[np.float64], a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    line = b - a
    length = float(line @ line)
    if not length:
        return False
    share = float((color - a) @ line) / length
    return 0 <= share <= 1 and bool(np.abs(a + share * line - color).max() <= _MIXED_LEVELS)


def _depth(mask: Mask) -> NDArray[np.float32]:
    """Measure each pixel's distance to the outside of a mask; outside the array counts as outside."""
    padded = np.pad(mask.view(np.uint8), 1)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 3), dtype=np.float32)[1:-1, 1:-1]
