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
# Beyond a region's box, its lines and what lies beyond them end within so many pixels.
_AROUND_PX = WIDEST_INK_PX + 2


def count_touching(
    labels: NDArray[np.int32], line: NDArray[np.bool_], widest_px: int, bare: NDArray[np.bool_] | None = None
) -> dict[tuple[int, int], int]:
    """Count the pixels along which two regions lie on both sides of line pixels. Returns (lower, higher) -> pixels.

    labels  of regions, int32 HxW
    line    bool HxW; bare: of these, bool HxW: only where half of them are bare between the regions
    """
    counts: dict[tuple[int, int], int] = {}
    if not line.any():
        return counts
    bare = line if bare is None else bare
    for side, mask, told in ((labels, line, bare), (labels.T, line.T, bare.T)):
        # A run of line pixels between two regions, in one row.
        row, first = np.nonzero(mask & ~np.pad(mask, ((0, 0), (1, 0)))[:, :-1])
        last = np.nonzero(mask & ~np.pad(mask, ((0, 0), (0, 1)))[:, 1:])[1]
        inner = (first > 0) & (last < mask.shape[1] - 1) & (last - first < widest_px)
        row, first, last = row[inner], first[inner], last[inner]
        before, after = side[row, first - 1], side[row, last + 1]
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
    if not paper.any():
        return found
    # Each region is looked at alone, with the lines around it: few are asked for, and a picture is large.
    for region in np.flatnonzero(among & ~paper).tolist():
        left, top, width, height = regions.boxes[region].tolist()
        rows = slice(max(0, top - _AROUND_PX), top + height + _AROUND_PX)
        window = (rows, slice(max(0, left - _AROUND_PX), left + width + _AROUND_PX))
        touching = count_touching(regions.labels[window], lines[window], WIDEST_INK_PX)
        own = {a + b - region: px for (a, b), px in touching.items() if region in (a, b)}
        beyond = sum(px for other, px in own.items() if paper[other])
        found[region] = beyond >= max(FEWEST_TOUCH_PX, _OUTLINE_SHARE * sum(own.values()))
    return found


def find_main_paper(regions: Regions, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find the largest of some regions that touches the picture's border, bool [count + 1]; none if none does."""
    candidates = among & regions.along_border
    main = np.zeros(regions.count + 1, np.bool_)
    if candidates.any():
        main[np.where(candidates, regions.area, -1).argmax()] = True
    return main
