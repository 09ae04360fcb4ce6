"""Find the regions that only a trace line parts: tones of one part lie on its two sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Frame, Regions

# A line is no wider than this on either side of its pixel.
_REACH_PX = 6
_WAYS = ((0, 1), (1, 0), (1, 1), (1, -1))
# Regions touch along a line if they are found from so many of its pixels, and from this share of those of the smaller:
# fewer are ends of lines.
_LEAST_FOUND, _LEAST_SHARE = 12, 0.15


@dataclass(frozen=True, eq=False)
class TraceContacts:
    """Pairs of regions with a trace line between them, intp [K, 2], and from how often each was found, intp [K]."""

    pairs: NDArray[np.intp]
    found: NDArray[np.intp]


def find_trace_contacts(frame: Frame, regions: Regions) -> TraceContacts:
    """Find the regions on the two sides of each trace line, by looking both ways from its pixels up to ink."""
    y, x = np.nonzero(frame.trace)
    solid = frame.solid & (regions.labels == 0)
    size = regions.count + 1
    codes = []
    for dy, dx in _WAYS:
        one, two = (_look(regions.labels, solid, y, x, sign * dy, sign * dx) for sign in (1, -1))
        both = (one > 0) & (two > 0) & (one != two)
        low, high = np.minimum(one, two)[both], np.maximum(one, two)[both]
        codes.append(low.astype(np.intp) * size + high)
    code, found = np.unique(np.concatenate(codes), return_counts=True)
    pairs = np.stack([code // size, code % size], axis=1)
    total = np.bincount(pairs.ravel(), weights=np.repeat(found, 2), minlength=size)
    keep = (found >= _LEAST_FOUND) & (found >= _LEAST_SHARE * total[pairs].min(axis=1))
    return TraceContacts(pairs[keep], found[keep])


def _look(
    labels: NDArray[np.int32], solid: NDArray[np.bool_], y: NDArray[np.intp], x: NDArray[np.intp], dy: int, dx: int
) -> NDArray[np.int32]:
    """Find the first region from each pixel in a direction, int32 [N]; 0 if ink or the border comes first."""
    height, width = labels.shape
    found = np.zeros(len(y), np.int32)
    looking = np.ones(len(y), bool)
    for step in range(1, _REACH_PX + 1):
        row, column = y + step * dy, x + step * dx
        looking &= (row >= 0) & (row < height) & (column >= 0) & (column < width)
        at = np.flatnonzero(looking)
        here = labels[row[at], column[at]]
        found[at] = here
        looking[at] = (here == 0) & ~solid[row[at], column[at]]
    return found
