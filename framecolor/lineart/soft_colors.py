"""The colors of keys whose fills are not flat: saved as JPEG, with gradients or noise.

The color of each region is a robust middle of its inner pixels, less a gradient that runs through the whole picture.
Near colors of all regions are then joined to one flat color each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import measure_difference
from framecolor.core.types import Frame, Regions
from framecolor.lineart.region_colors import RegionColors
from framecolor.lineart.regions import outside_regions

Floats = NDArray[np.float32]

# Soft fills differ from a region's most frequent color by up to so many levels. In clips with antialiased fills, at
# most 0.09 of the inner pixels do; in a gradient 0.78. A JPEG scatters the pixels around lines alone: those so near to
# one count by themselves. In such clips at most 0.12 of them differ, in their JPEGs 0.44 at least.
_NEAR_LEVELS = 24
_SOFT_SHARE = 0.2
_COMPRESSED_SHARE, _AROUND_LINES_PX = 0.28, 8
# Inner pixels are so far from a region's edge, or nearer if there are too few of them.
_MARGINS_PX = (2, 1, 0)
_FEWEST_INNER_PX = 12
# A gradient explains at least this share of what varies inside of the regions, and changes by so many levels.
_EXPLAINED = 0.6
_LEAST_SLOPE_LEVELS = 2.0
_MOST_SAMPLES = 200_000
# A region whose pixels spread further holds two colors: the more frequent one counts.
_SPREAD_LEVELS = 40
# A region's color joins one that differs by so many levels, if it has at least so many inner pixels.
_JOIN_LEVELS = ((200, 12), (40, 20), (0, 32))
# A joined color takes an exact color: the most frequent one if it has this share, or one of a flat key so near.
_MODE_SHARE = 0.25
_SNAP_LEVELS = 12
# A gradient does not show in clipped levels, and paper is white if it is nearly so.
_WHITE, _BLACK = 250, 4


@dataclass(frozen=True, eq=False)
class Gradient:
    """A smooth change of brightness through the whole picture, none in its middle.

    field  float32 HxWx3: levels to add; of light that multiplies (`is_light`), logarithms of factors
    """

    field: Floats
    is_light: bool

    def apply(self, flat: Floats) -> Floats:
        """Put the gradient on flat colors, float32 HxWx3."""
        return flat * np.exp(self.field) if self.is_light else flat + self.field

    def remove(self, pixels: Floats, place: tuple[slice, slice], use: NDArray[np.bool_]) -> Floats:
        """Take the gradient from the used pixels of a part of the picture, float32 [N, 3].

        White and black stay: they are clipped, so that a gradient does not show in them.
        """
        field = self.field[place][use]
        flat = pixels * np.exp(-field) if self.is_light else pixels - field
        clipped = (pixels.min(axis=1) >= _WHITE) | (pixels.max(axis=1) <= _BLACK)
        return np.where(clipped[:, None], pixels, flat).astype(np.float32)


@dataclass(frozen=True, eq=False)
class SoftColors:
    """The colors of a key that is not flat.

    color      of each region without the gradient, float32 [count + 1, 3]
    weight     number of pixels that it was measured on, int64 [count + 1]
    share      share of the figure's inner pixels that are not of their region's most frequent color, but near it
    is_graded  whether there is a gradient
    gradient   the gradient; None without one, and in keys that are kept
    blur_px    by how much the key is blurred (sigma); 0 if it is sharp
    """

    color: Floats
    weight: NDArray[np.int64]
    share: float
    is_graded: bool = False
    gradient: Gradient | None = None
    blur_px: float = 0.0

    def fill(self, regions: Regions) -> Floats:
        """Fill each region with its color under the gradient, float32 HxWx3."""
        flat = self.color[regions.labels]
        return flat if self.gradient is None else self.gradient.apply(flat)


def find_soft_colors(
    painted: NDArray[np.uint8], frame: Frame, regions: Regions, exact: RegionColors, blur_px: float = 0.0
) -> SoftColors | None:
    """Find the colors of a key, uint8 HxWx4, whose fills are not flat; None if they are.

    exact    its most frequent colors, by `region_colors`
    blur_px  by how much it is blurred: then its small fills are not flat
    """
    inner = _find_inner(frame, regions)
    deep = inner == 1
    share, around = _measure_softness(painted, frame, regions, exact, deep)
    if share < _SOFT_SHARE and around < _COMPRESSED_SHARE and not blur_px:
        return None
    gradient = _find_gradient(painted, regions, deep)
    color, weight = _measure_colors(painted, regions, inner, gradient)
    return SoftColors(color, weight, share, gradient is not None, gradient, blur_px)


def _find_inner(frame: Frame, regions: Regions) -> NDArray[np.uint8]:
    """Rank the pixels of regions: 1 far from the edge, then 2, 3; 0 for ink. Shape HxW."""
    inside = ((regions.labels > 0) & (frame.ink[..., 3] == 0)).view(np.uint8)
    rank = np.zeros(regions.size, np.uint8)
    for i, margin in reversed(list(enumerate(_MARGINS_PX, start=1))):
        side = 2 * margin + 1
        rank[cv2.erode(inside, np.ones((side, side), np.uint8)).astype(bool)] = i
    return rank


def _measure_softness(
    painted: NDArray[np.uint8], frame: Frame, regions: Regions, exact: RegionColors, deep: NDArray[np.bool_]
) -> tuple[float, float]:
    """Measure the share of the figure's inner pixels that are near their region's color, but not it; also by lines."""
    figure = deep & ~outside_regions(regions)[regions.labels]
    if np.count_nonzero(figure) < _FEWEST_INNER_PX:
        return 0.0, 0.0
    main = np.ascontiguousarray(exact.color).view(np.uint32).ravel()[regions.labels].view(np.uint8)
    apart = measure_difference(painted, main.reshape(*regions.size, 4))
    near = (apart > 0) & (apart <= _NEAR_LEVELS)
    fill = ((regions.labels > 0) & (frame.ink[..., 3] == 0)).view(np.uint8)
    around = figure & (cv2.distanceTransform(fill, cv2.DIST_L2, 3) <= _AROUND_LINES_PX)
    is_told = np.count_nonzero(around) >= _FEWEST_INNER_PX
    return float(near[figure].mean()), float(near[around].mean()) if is_told else 0.0


def _measure_apart(one: NDArray[np.generic], other: NDArray[np.generic]) -> Floats:
    return np.abs(one.astype(np.float32) - other.astype(np.float32)).max(axis=-1)


def _find_gradient(painted: NDArray[np.uint8], regions: Regions, deep: NDArray[np.bool_]) -> Gradient | None:
    """Find a smooth gradient that all regions share; None if there is none.

    Within each region the color is its own with the gradient, so that differences from the region's mean show the
    gradient alone.
    """
    rgb = painted[..., :3]
    usable = deep & (rgb.max(axis=2) < _WHITE) & (rgb.min(axis=2) > _BLACK) & (painted[..., 3] == 255)
    y, x = np.nonzero(usable)
    if len(x) < _FEWEST_INNER_PX:
        return None
    every = -(-len(x) // _MOST_SAMPLES)
    y, x = y[::every], x[::every]
    color, region = rgb[y, x].astype(np.float64), regions.labels[y, x]
    terms = _list_terms(x, y, regions.size)
    fits = [_fit(terms, values, region, regions.count) for values in (color, np.log(color))]
    is_light = fits[1][0] * fits[1][2] > fits[0][0] * fits[0][2]
    explained, slopes, _ = fits[is_light]
    field = terms @ slopes
    levels = field * color if is_light else field
    if explained < _EXPLAINED or levels.std(axis=0).max() < _LEAST_SLOPE_LEVELS:
        return None
    height, width = regions.size
    rows, columns = np.mgrid[:height, :width]
    whole = _list_terms(columns.ravel(), rows.ravel(), regions.size) @ slopes
    return Gradient(whole.reshape(height, width, 3).astype(np.float32), is_light)


def _fit(
    terms: NDArray[np.float64], values: NDArray[np.float64], region: NDArray[np.integer], count: int
) -> tuple[float, NDArray[np.float64], float]:
    """Fit terms [N, 5] to values [N, 3] within regions.

    Returns the share of the variance that they explain, slopes [5, 3], and the share of pixels that fit. Pixels that do
    not fit, such as those of a second color, are left out and the rest is fitted again.
    """
    kept = np.ones(len(values), bool)
    slopes, explained = np.zeros((terms.shape[1], values.shape[1])), 0.0
    for _ in range(3):
        within = _subtract_means(terms[kept], region[kept], count)
        varied = _subtract_means(values[kept], region[kept], count)
        slopes = np.linalg.lstsq(within, varied, rcond=None)[0].astype(np.float64)
        left = varied - within @ slopes
        explained = 1 - float(left.var() / max(varied.var(), 1e-12))
        apart = np.abs(left).max(axis=1)
        kept[kept] = apart <= max(4 * float(np.median(apart)), 1e-9)
    return explained, slopes, float(kept.mean())


def _list_terms(x: NDArray[np.integer], y: NDArray[np.integer], size: tuple[int, int]) -> NDArray[np.float64]:
    """List the terms of a quadratic surface without its constant, [N, 5]; the middle of the picture is 0."""
    across, down = 2 * x / max(1, size[1] - 1) - 1, 2 * y / max(1, size[0] - 1) - 1
    return np.stack([across, down, across * across, across * down, down * down], axis=1)


def _subtract_means(values: NDArray[np.float64], region: NDArray[np.integer], count: int) -> NDArray[np.float64]:
    pixels = np.maximum(np.bincount(region, minlength=count + 1), 1)
    means = [np.bincount(region, column, count + 1) / pixels for column in values.T]
    return values - np.stack(means, axis=1)[region]


def _measure_colors(
    painted: NDArray[np.uint8], regions: Regions, inner: NDArray[np.uint8], gradient: Gradient | None
) -> tuple[Floats, NDArray[np.int64]]:
    """Measure the color of each region, float32 [count + 1, 3], and on how many pixels, int64 [count + 1]."""
    color = np.zeros((regions.count + 1, 3), np.float32)
    weight = np.zeros(regions.count + 1, np.int64)
    for region, (left, top, width, height) in enumerate(regions.boxes.tolist()[1:], start=1):
        window = (slice(top, top + height), slice(left, left + width))
        own = np.where(regions.labels[window] == region, inner[window], 0)
        ranks = range(1, len(_MARGINS_PX) + 1)
        rank = next((r for r in ranks if np.count_nonzero((own > 0) & (own <= r)) >= _FEWEST_INNER_PX), ranks[-1])
        use = (own > 0) & (own <= rank)
        if not use.any():
            use = regions.labels[window] == region
        pixels = painted[window][use][:, :3].astype(np.float32)
        if gradient is not None:
            pixels = gradient.remove(pixels, window, use)
        color[region], weight[region] = _find_middle(pixels), len(pixels)
    return color, weight


def _find_middle(pixels: Floats) -> Floats:
    """Find the median of pixels [N, 3], or that around the more frequent one of two colors."""
    low, middle, high = np.percentile(pixels, (15, 50, 85), axis=0)
    channel = int((high - low).argmax())
    if (high - low)[channel] <= _SPREAD_LEVELS:
        return middle.astype(np.float32)
    counts = np.bincount(np.clip(pixels[:, channel], 0, 255).astype(np.intp) // 8, minlength=32)
    level = 8 * int(np.convolve(counts, (1, 1, 1), "same").argmax()) + 4
    near = np.abs(pixels[:, channel] - level) <= _SPREAD_LEVELS / 2
    return np.median(pixels[near], axis=0).astype(np.float32)


def join_soft_colors(exact: Mapping[int, RegionColors], soft: Mapping[int, SoftColors]) -> dict[int, RegionColors]:
    """Join near colors of keys that are not flat to flat ones. Returns the colors of all keys, by number.

    exact  the most frequent colors of all keys; those that are flat stay as they are
    """
    if not soft:
        return dict(exact)
    flats = [c.color[1:][c.pure[1:]] for number, c in exact.items() if number not in soft]
    known = np.unique(np.concatenate(flats), axis=0) if flats else np.zeros((0, 4), np.uint8)
    rows = [(number, region) for number, one in soft.items() for region in range(1, len(one.weight))]
    rows = [(n, r) for n, r in rows if exact[n].color[r, 3]]
    rows.sort(key=lambda row: -int(soft[row[0]].weight[row[1]]))
    groups: list[_Group] = []
    for number, region in rows:
        color, weight = soft[number].color[region], int(soft[number].weight[region])
        reach = next(levels for least, levels in _JOIN_LEVELS if weight >= least)
        near = min(groups, key=lambda group: group.measure_apart(color), default=None)
        if near is None or near.measure_apart(color) > reach:
            near = _Group(color)
            groups.append(near)
        near.add(number, region, color, weight, None if soft[number].is_graded else exact[number])
    joined = {number: exact[number].color.copy() for number in soft}
    for group in groups:
        for number, region in group.members:
            joined[number][region, :3] = group.choose_color(known)
    return {
        number: replace(one, color=joined[number], votes=one.seen, rivals=np.zeros_like(one.rivals))
        if number in soft
        else one
        for number, one in exact.items()
    }


class _Group:
    """Regions whose colors are joined to one; the first, which has the most pixels, decides who belongs to it."""

    def __init__(self, first: Floats) -> None:
        self.members: list[tuple[int, int]] = []
        self._first = first
        self._total = np.zeros(3)
        self._weight = 0
        self._votes: dict[tuple[int, ...], int] = {}
        self._seen = 0

    def measure_apart(self, color: Floats) -> float:
        return float(_measure_apart(color, self._first))

    def add(self, number: int, region: int, color: Floats, weight: int, exact: RegionColors | None) -> None:
        """Add a region; exact: its key's most frequent colors, None if a gradient changed them."""
        self.members.append((number, region))
        self._total += color.astype(np.float64) * weight
        self._weight += weight
        if exact is None:
            return
        mode = tuple(exact.color[region, :3].tolist())
        self._votes[mode] = self._votes.get(mode, 0) + int(exact.votes[region])
        self._seen += int(exact.seen[region])

    def choose_color(self, known: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Choose the flat color, uint8 [3]: one of the `known` exact ones [N, 4], the mode, or else the mean."""
        mean = self._total / max(1, self._weight)
        solid = known[known[:, 3] > 0, :3]
        if len(solid):
            apart = _measure_apart(solid, mean[None])
            if apart.min() <= _SNAP_LEVELS:
                return solid[int(apart.argmin())]
        if mean.min() >= _WHITE:
            return np.array((255, 255, 255), np.uint8)
        mode, votes = max(self._votes.items(), key=lambda item: item[1], default=((), 0))
        if votes and votes >= _MODE_SHARE * self._seen:
            return np.array(mode, np.uint8)
        return np.clip(np.rint(mean), 0, 255).astype(np.uint8)
