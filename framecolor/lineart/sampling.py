"""Sample points in a drawing's regions: dense in small ones, sparse in large ones.

Network output and flow are pooled per region at these points, so that pooling costs the same at 540p and at 4K.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Regions

_GRID_POINTS = 30_000
_DENSE_BELOW_POINTS = 24


@dataclass(frozen=True, eq=False)
class RegionPoints:
    """Pixel positions x, y and the region 1..count of each, int32 [N], sorted by region; every region has some."""

    x: NDArray[np.int32]
    y: NDArray[np.int32]
    region: NDArray[np.int32]
    count: int

    @cached_property
    def per_region(self) -> NDArray[np.int64]:
        """Number of points in each region, int64 [count + 1]."""
        return np.bincount(self.region, minlength=self.count + 1)

    @property
    def starts(self) -> NDArray[np.intp]:
        """Index of each region's first point, intp [count]."""
        return np.searchsorted(self.region, np.arange(1, self.count + 1))

    def overlap(
        self, source: NDArray[np.int32], weight: NDArray[np.floating], source_count: int
    ) -> NDArray[np.float32]:
        """Compute the share of each region that falls on each source region, float32 [count + 1, source_count + 1].

        source, weight  of each point: the source region (0: none) and the trust in it
        Rows sum to at most 1; the rest fell on lines or outside, or was not trusted.
        """
        width = source_count + 1
        flat = np.bincount(self.region * width + source, weights=weight, minlength=(self.count + 1) * width)
        votes = flat.reshape(self.count + 1, width).astype(np.float32)
        votes[:, 0] = 0
        return votes / np.maximum(self.per_region, 1)[:, None].astype(np.float32)


def sample_points(regions: Regions) -> RegionPoints:
    """Sample points of all regions, sorted by region."""
    height, width = regions.size
    stride = max(1, round((height * width / _GRID_POINTS) ** 0.5))
    dense = regions.area < _DENSE_BELOW_POINTS * stride * stride
    dense[0] = False
    sparse = ~dense
    sparse[0] = False
    half = stride // 2
    parts = [_find(regions, dense, max(1, stride // 3), 0), _find(regions, sparse, stride, half)]
    found = sum(np.bincount(region, minlength=regions.count + 1) for _, _, region in parts)
    lost = np.asarray(found) == 0
    lost[0] = False
    if lost.any():
        parts.append(_find_all(regions, lost))
    y, x, region = (np.concatenate(column) for column in zip(*parts, strict=True))
    # A stable sort of 16 bits is a radix sort, several times as fast.
    order = np.argsort(region.astype(np.uint16) if regions.count < 1 << 16 else region, kind="stable")
    return RegionPoints(x[order].astype(np.int32), y[order].astype(np.int32), region[order], regions.count)


def _find(
    regions: Regions, wanted: NDArray[np.bool_], stride: int, first: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int32]]:
    """Find rows, columns and regions of the pixels of `wanted` regions on a grid: every `stride`-th from `first` on."""
    grid = regions.labels[first::stride, first::stride]
    # np.nonzero takes several times as long if few are set.
    places = np.flatnonzero(np.take(wanted, grid))
    rows, columns = np.divmod(places, grid.shape[1])
    return rows * stride + first, columns * stride + first, grid[rows, columns]


def _find_all(
    regions: Regions, wanted: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int32]]:
    """Find rows, columns and regions of all pixels of `wanted` regions."""
    runs = regions.runs
    own = np.flatnonzero(wanted[runs.values.astype(np.intp)])
    lengths = runs.lengths[own].astype(np.intp)
    begin = (np.cumsum(runs.lengths) - runs.lengths)[own]
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    rows, columns = np.divmod(np.repeat(begin, lengths) + within, runs.shape[1])
    return rows, columns, np.repeat(runs.values[own], lengths).astype(np.int32)
