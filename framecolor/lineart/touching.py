"""Find which regions lie on both sides of a line, and how long they do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Regions

# An ink line is no wider than this, and two regions that touch across it do so on at least so many pixels.
WIDEST_INK_PX = 12
FEWEST_TOUCH_PX = 6
# Paper beyond a line along this share of a region's outline: no paper lies on both sides of an outline.
_OUTLINE_SHARE = 0.25


def count_touching(
    regions: Regions, line: NDArray[np.bool_], widest_px: int, bare: NDArray[np.bool_] | None = None
) -> dict[tuple[int, int], int]:
    """Count the pixels along which two regions lie on both sides of line pixels. Returns (lower, higher) -> pixels.

    line  bool HxW; bare: of these, bool HxW: only where half of them are bare between the regions
    """
    counts: dict[tuple[int, int], int] = {}
    bare = line if bare is None else bare
    for labels, mask, told in ((regions.labels, line, bare), (regions.labels.T, line.T, bare.T)):
        # A run of line pixels between two regions, in one row.
        row, first = np.nonzero(mask & ~np.pad(mask, ((0, 0), (1, 0)))[:, :-1])
        last = np.nonzero(mask & ~np.pad(mask, ((0, 0), (0, 1)))[:, 1:])[1]
        inner = (first > 0) & (last < mask.shape[1] - 1) & (last - first < widest_px)
        row, first, last = row[inner], first[inner], last[inner]
        before, after = labels[row, first - 1], labels[row, last + 1]
        total = np.pad(np.cumsum(told, axis=1), ((0, 0), (1, 0)))
        share = (total[row, last + 1] - total[row, first]) / (last + 1 - first)
        both = (before > 0) & (after > 0) & (before != after) & (share >= 0.5)
        pairs = np.sort(np.stack([before[both], after[both]], axis=1), axis=1)
        found, number = np.unique(pairs, axis=0, return_counts=True)
        for (a, b), px in zip(found.tolist(), number.tolist(), strict=True):
            counts[a, b] = counts.get((a, b), 0) + px
    return counts


def find_beyond_line(
    regions: Regions, lines: NDArray[np.bool_], paper: NDArray[np.bool_], among: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Find the regions that only a line separates from paper, bool [count + 1]: they are the figure.

    lines  bool HxW; paper, among: bool [count + 1], the paper, and the regions that are asked for
    """
    found = np.zeros(regions.count + 1, np.bool_)
    if not paper.any() or not among.any():
        return found
    outline, beyond = np.zeros(regions.count + 1), np.zeros(regions.count + 1)
    for (a, b), px in count_touching(regions, lines, WIDEST_INK_PX).items():
        for one, other in ((a, b), (b, a)):
            outline[one] += px
            beyond[one] += px * paper[other]
    found[:] = (beyond >= FEWEST_TOUCH_PX) & (beyond >= _OUTLINE_SHARE * outline) & among & ~paper
    return found


def find_main_paper(regions: Regions, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find the largest of some regions that touches the picture's border, bool [count + 1]; none if none does."""
    candidates = among & regions.along_border
    main = np.zeros(regions.count + 1, np.bool_)
    if candidates.any():
        main[np.where(candidates, regions.area, -1).argmax()] = True
    return main
