"""Regions of a scored frame, and their colors in the prediction and in the truth.

As in the literature, a region is a 4-connected area without line pixels, and its color is its most frequent one.
Colors are compared over white paper, so that transparent and white backgrounds are equal; a color is one integer,
0xRRGGBB, and white is the background.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from framecolor.core.compositing import lay_over_color
from framecolor.core.types import Frame

BACKGROUND = 0xFFFFFF
# A pixel is line when its darkest channel over white is below this (antialiased fringes belong to the regions) ...
_LINE_BELOW = 200
# ... or, if regions come from the truth, when its brightest channel is below this: the outline's color.
_OUTLINE_BELOW = 60

Codes = NDArray[np.int32]


def pack_rgb(rgb: NDArray[np.uint8]) -> Codes:
    """Pack HxWx3 RGB into int32 HxW, 0xRRGGBB."""
    wide = rgb.astype(np.int32)
    return wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]


def near(a: Codes, b: Codes | int, tolerance: int) -> NDArray[np.bool_]:
    """Check which packed colors differ by at most `tolerance` in every channel."""
    if tolerance == 0:
        return np.asarray(a == b)
    channels = [np.abs((a >> shift & 255) - (b >> shift & 255)) for shift in (0, 8, 16)]
    return np.maximum.reduce(channels) <= tolerance


def label_line_art(line: NDArray[np.uint8], ink: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Label the regions of a drawing: int32 HxW, 0 on lines, 1..N inside.

    line  the drawing, HxWx4
    ink   its ink, HxWx4 (`Frame.ink`), which is black if the drawing is white with alpha
    """
    paper = np.minimum(*(lay_over_color(rgba).min(axis=2) for rgba in (line, ink))) >= _LINE_BELOW
    return cv2.connectedComponents(paper.astype(np.uint8), connectivity=4)[1]


def label_lines(frame: Frame) -> NDArray[np.int32]:
    """Label the regions between the lines of a drawing, ink and trace: int32 HxW, as `label_line_art`."""
    paper = (lay_over_color(frame.ink).min(axis=2) >= _LINE_BELOW) & ~frame.trace
    return cv2.connectedComponents(paper.astype(np.uint8), connectivity=4)[1]


def label_truth(true: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Label the regions of painted truth (HxWx3 on white): connected areas of one color, 0 in outline colors."""
    codes = pack_rgb(true)
    index = np.arange(codes.size, dtype=np.int32).reshape(codes.shape)
    across, down = codes[:, 1:] == codes[:, :-1], codes[1:] == codes[:-1]
    ends = (
        np.concatenate([index[:, :-1][across], index[:-1][down]]),
        np.concatenate([index[:, 1:][across], index[1:][down]]),
    )
    graph = coo_array((np.ones(len(ends[0]), bool), ends), (codes.size, codes.size))
    area = connected_components(graph, directed=False)[1].reshape(codes.shape)
    inside = true.max(axis=2) >= _OUTLINE_BELOW
    labels = np.zeros(codes.shape, np.int32)
    labels[inside] = np.unique(area[inside], return_inverse=True)[1] + 1
    return labels


@dataclass(frozen=True, eq=False, repr=False)
class RegionVotes:
    """The colors of each region of one frame, in the prediction and in the truth.

    labels      int32 HxW, 0 on lines, 1..N in regions
    area        int64 [N], pixels of regions 1..N
    true, pred  int32 [N], the most frequent color of each region, of equally frequent ones the smallest code
    right       bool [N], whether the two agree within the tolerance
    """

    labels: NDArray[np.int32]
    area: NDArray[np.int64]
    true: Codes
    pred: Codes
    tolerance: int

    @cached_property
    def right(self) -> NDArray[np.bool_]:
        return near(self.pred, self.true, self.tolerance)

    @property
    def true_background(self) -> NDArray[np.bool_]:
        return np.asarray(self.true == BACKGROUND)

    @property
    def pred_background(self) -> NDArray[np.bool_]:
        """Whether each predicted region is background; a right one is if its truth is, whatever the tolerance."""
        return np.where(self.right, self.true_background, near(self.pred, BACKGROUND, self.tolerance))

    def __repr__(self) -> str:
        return f"RegionVotes({len(self.area)} in {self.labels.shape[1]}x{self.labels.shape[0]})"


def vote_regions(labels: NDArray[np.int32], true: Codes, pred: Codes, tolerance: int) -> RegionVotes:
    """Count each region's most frequent true and predicted color. All arrays are HxW."""
    count = int(labels.max(initial=0))
    area = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    return RegionVotes(labels, area, _majority(labels, count, true), _majority(labels, count, pred), tolerance)


def _majority(labels: NDArray[np.int32], count: int, codes: Codes) -> Codes:
    key, votes = np.unique(labels.astype(np.int64) << 24 | codes, return_counts=True)
    region, code = key >> 24, key & 0xFFFFFF
    order = np.lexsort((code, -votes, region))
    regions, first = np.unique(region[order], return_index=True)
    winners = np.full(count + 1, -1, np.int32)
    winners[regions] = code[order][first]
    return winners[1:]


def measure_flicker(before: RegionVotes, after: RegionVotes) -> float | None:
    """Measure the share of the figure's area whose predicted color changes between frames while its true color stays.

    A figure region of `after` is matched with the region of `before` that covers most of it, among those of the same
    true color; regions without such a match are not counted. None if no region has a match.
    """
    if before.labels.shape != after.labels.shape:
        return None
    both = (before.labels > 0) & (after.labels > 0)
    pair, overlap = np.unique(after.labels[both].astype(np.int64) << 32 | before.labels[both], return_counts=True)
    new, old = (pair >> 32) - 1, (pair & 0xFFFFFFFF) - 1
    same = near(after.true[new], before.true[old], after.tolerance) & ~after.true_background[new]
    new, old, overlap = new[same], old[same], overlap[same]
    order = np.lexsort((old, -overlap, new))
    new, first = np.unique(new[order], return_index=True)
    old = old[order][first]
    total = int(after.area[new].sum())
    if total == 0:
        return None
    changed = ~near(after.pred[new], before.pred[old], after.tolerance)
    return float(after.area[new][changed].sum() / total)
