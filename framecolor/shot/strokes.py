"""Loose strokes and dots over a drawing: which regions each of them means.

A hint picture is transparent where nothing is said. Strokes may run over lines, as in deepcolor: a blob of paint means
the region that it is in, not every region that it touches.
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
# Colors this near to a more used one are taken for it.
_SCATTER_LEVELS = 8
# A mixed color lies this near to the straight way between the two that it is mixed of.
_MIXED_LEVELS = 12
# A blob means a region when so much of it lies there ...
_REAL_SHARE = 0.25
# ... about as wide as the brush is: what spills over a line is narrower.
_REAL_WIDTH = 0.6
# A region that is covered like this is meant, however little of the blob it takes: dots in tiny regions.
_COVERED_SHARE = 0.5


@dataclass(frozen=True, eq=False)
class Strokes:
    """What the strokes over one drawing say.

    color   uint8 [count + 1, 4]: of each region that a stroke means, to the bit; alpha 255
    meant   bool [count + 1]: which regions those are
    missed  (x, y) of strokes that mean none, as they lie on lines only
    """

    color: Rgba
    meant: Mask
    missed: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Blob:
    """One connected piece of paint: its color, its pixels within a box of the picture, and where that box begins."""

    color: tuple[int, int, int]
    mask: Mask
    left: int
    top: int

    @property
    def area(self) -> int:
        return int(np.count_nonzero(self.mask))

    def crop(self, picture: NDArray[np.int32]) -> NDArray[np.int32]:
        """The part of a picture that lies under the blob's box."""
        height, width = self.mask.shape
        return picture[self.top : self.top + height, self.left : self.left + width]

    def locate(self) -> tuple[int, int]:
        """(x, y) of a pixel well inside of it."""
        y, x = np.unravel_index(int(_depth(self.mask).argmax()), self.mask.shape)
        return self.left + int(x), self.top + int(y)


def read_strokes(hint: Rgba, regions: Regions) -> Strokes:
    """Which regions the strokes of a hint picture (uint8 HxWx4 of the drawing's size) mean.

    A region that several colors claim gets the one that covers most of it.
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
    """The regions that a blob means; none where it lies on lines only.

    held  how many of its pixels lie in each region, [count + 1]

    Those that it covers, and those that hold a real share of it, as wide as the brush: a stroke that was dragged over
    several regions means all of them. Where neither is so, it is a blob across a line, and means what holds most of it.
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
    """The strokes of a hint picture, without the soft edges of brushes and what mixes where strokes meet."""
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
    """The paints of a hint picture and where each is, the most used first; scattered colors join the one near them."""
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
    """Whether a blob is only the soft edge of others: thin, beside them, and mixed of their colors.

    Half transparent ones may also be mixed with black or white, as some programs write them.
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
    way = b - a
    length = float(way @ way)
    if not length:
        return False
    share = float((color - a) @ way) / length
    return 0 <= share <= 1 and bool(np.abs(a + share * way - color).max() <= _MIXED_LEVELS)


def _depth(mask: Mask) -> NDArray[np.float32]:
    """Distance of each pixel of a mask to what lies outside of it, also beyond the mask's own edge."""
    padded = np.pad(mask.view(np.uint8), 1)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 3), dtype=np.float32)[1:-1, 1:-1]
