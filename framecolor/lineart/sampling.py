"""Points that stand for a drawing's regions: dense in small ones, sparse in large ones.

Everything that is pooled per region (network output, flow votes, colors) is read at these points, so that pooling costs
the same at 540p and at 4K.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from framecolor.datatypes import Regions

_GRID_POINTS = 30_000
_DENSE_BELOW_POINTS = 24


@dataclass(frozen=True, eq=False)
class RegionPoints:
    """Pixel positions x, y and the region 1..count of each, int32 [N], sorted by region; no region has none."""

    x: NDArray[np.int32]
    y: NDArray[np.int32]
    region: NDArray[np.int32]
    count: int

    @cached_property
    def per_region(self) -> NDArray[np.int64]:
        """Number of points in each region, length count + 1."""
        return np.bincount(self.region, minlength=self.count + 1)

    @property
    def starts(self) -> NDArray[np.intp]:
        """Where the points of each region begin, length count."""
        return np.searchsorted(self.region, np.arange(1, self.count + 1))

    def overlap(
        self, source: NDArray[np.int32], weight: NDArray[np.floating], source_count: int
    ) -> NDArray[np.float32]:
        """Share of each region that falls on each source region, float32 [count + 1, source_count + 1].

        source, weight  the source region (0: none) and the trust in it, one for each point.
        Row sums are at most 1; what is missing fell on lines, outside, or was not trusted.
        """
        width = source_count + 1
        flat = np.bincount(self.region * width + source, weights=weight, minlength=(self.count + 1) * width)
        votes = flat.reshape(self.count + 1, width).astype(np.float32)
        votes[:, 0] = 0
        return votes / np.maximum(self.per_region, 1)[:, None].astype(np.float32)


def sample_points(regions: Regions) -> RegionPoints:
    """Points of all regions, sorted by region."""
    height, width = regions.size
    stride = max(1, round((height * width / _GRID_POINTS) ** 0.5))
    dense = regions.area < _DENSE_BELOW_POINTS * stride * stride
    dense[0] = False
    thin = max(1, stride // 3)
    small = regions.labels[::thin, ::thin]
    y_small, x_small = _find(dense[small])
    half = stride // 2
    coarse = regions.labels[half::stride, half::stride]
    keep = ~dense
    keep[0] = False
    y_large, x_large = _find(keep[coarse])
    y = np.concatenate([y_small * thin, y_large * stride + half])
    x = np.concatenate([x_small * thin, x_large * stride + half])
    found = np.bincount(regions.labels[y, x], minlength=regions.count + 1)
    lost = np.flatnonzero(found[1:] == 0) + 1
    if len(lost):
        is_lost = np.zeros(regions.count + 1, bool)
        is_lost[lost] = True
        y_lost, x_lost = _find(is_lost[regions.labels])
        y, x = np.concatenate([y, y_lost]), np.concatenate([x, x_lost])
    region = regions.labels[y, x]
    order = np.argsort(region, kind="stable")
    return RegionPoints(x[order].astype(np.int32), y[order].astype(np.int32), region[order], regions.count)


def _find(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns where a mask is set; several times as fast as np.nonzero where that is rare."""
    rows, columns = np.divmod(np.flatnonzero(mask), mask.shape[1])
    return rows, columns
