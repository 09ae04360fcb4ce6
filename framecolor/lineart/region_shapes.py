"""The shapes of a drawing's regions: position, size, elongation and neighbors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Regions
from framecolor.lineart.regions import fill_lines

_WORKING_LONG_SIDE_PX = 384

Contact = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Shapes:
    """Shape and neighbors of the regions of a drawing, one row per region (row 0 is unused).

    traits   float32 [count + 1, 5]: position x, y in units of the figure's size, log of area share, elongation as a
             vector
    contact  (region, neighbor, share) of each pair that touches: share of the region's outline along the neighbor
    """

    traits: NDArray[np.float32]
    contact: Contact

    def contact_among(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Select the contact among the regions `rows`, float32 [N, N]: share of the row's outline along the column."""
        place = np.full(len(self.traits), -1)
        place[rows] = np.arange(len(rows))
        region, neighbor = place[self.contact[0]], place[self.contact[1]]
        known = (region >= 0) & (neighbor >= 0)
        dense = np.zeros((len(rows), len(rows)), np.float32)
        dense[region[known], neighbor[known]] = self.contact[2][known]
        return dense


def describe_shapes(regions: Regions) -> Shapes:
    """Measure the traits and neighbors of all regions of a drawing."""
    height, width = regions.size
    scale = min(1.0, _WORKING_LONG_SIDE_PX / max(height, width))
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    small = regions.labels[np.ix_(np.arange(rows) * height // rows, np.arange(columns) * width // columns)]
    return Shapes(_measure_traits(small, regions), _measure_contact(fill_lines(small), regions.count))


def region_traits(shapes: Shapes, outside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Gather the matcher's shape input, float32 [count, 6]: traits of each region, and whether it is paper.

    outside  bool [count + 1], the regions that are paper
    """
    return np.concatenate([shapes.traits[1:], outside[1:, None]], axis=1).astype(np.float32)


def _measure_traits(labels: NDArray[np.int32], regions: Regions) -> NDArray[np.float32]:
    # Sums go over runs (pixels of one region in one row), which are twenty times fewer than pixels.
    begins = np.ones(labels.shape, bool)
    np.not_equal(labels[:, 1:], labels[:, :-1], out=begins[:, 1:])
    places = np.flatnonzero(begins)
    length = np.diff(places, append=labels.size).astype(np.float64)
    region, count = labels.ravel()[places], regions.count + 1
    y, left = np.divmod(places, labels.shape[1])
    x = left + (length - 1) / 2
    pixels = np.maximum(np.bincount(region, length, count), 1)

    def mean(values: NDArray[np.floating] | NDArray[np.intp]) -> NDArray[np.float64]:
        return np.bincount(region, length * values, count) / pixels

    center_x, center_y = mean(x), mean(y)
    dx, dy = x - center_x[region], y - center_y[region]
    xx, yy, xy = mean(dx * dx + (length * length - 1) / 12) + 1 / 12, mean(dy * dy) + 1 / 12, mean(dx * dy)
    # The figure is everything except the largest region, which is usually the paper around it.
    share = regions.area.astype(np.float64)
    share[0] = 0
    if regions.count > 1:
        share[share.argmax()] = 0
    share /= max(1.0, share.sum())
    middle_x, middle_y = (share * center_x).sum(), (share * center_y).sum()
    spread = np.sqrt((share * (np.square(center_x - middle_x) + np.square(center_y - middle_y))).sum())
    extent = max(1.0, 4 * float(spread))
    traits = [
        (center_x - middle_x) / extent,
        (center_y - middle_y) / extent,
        np.log(np.maximum(regions.area, 1) / max(1, regions.area[1:].sum() - regions.area[1:].max(initial=0))),
        # Second moments as a vector of twice the angle: length 0 if round, near 1 if long and thin.
        (xx - yy) / (xx + yy),
        2 * xy / (xx + yy),
    ]
    return np.stack(traits, axis=1).astype(np.float32)


def _measure_contact(filled: NDArray[np.int32], count: int) -> Contact:
    pairs = np.concatenate(
        [
            np.stack([filled[:, :-1].ravel(), filled[:, 1:].ravel()]),
            np.stack([filled[:-1].ravel(), filled[1:].ravel()]),
        ],
        axis=1,
    )
    a, b = pairs[:, (pairs[0] != pairs[1]) & (pairs.min(axis=0) > 0)].astype(np.intp)
    codes, touch = np.unique(np.concatenate([a, b]) * (count + 1) + np.concatenate([b, a]), return_counts=True)
    region, neighbor = codes // (count + 1), codes % (count + 1)
    outline = np.bincount(region, weights=touch, minlength=count + 1)
    return region, neighbor, (touch / outline[region]).astype(np.float32)
