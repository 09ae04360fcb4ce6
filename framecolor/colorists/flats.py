"""Turn a colorist's soft color into a flat painting: one color per region, few colors in all."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.histogram import mean_by_label
from framecolor.core.types import Palette, Regions
from framecolor.lineart.region_colors import PAPER, add_unlike
from framecolor.lineart.regions import outside_regions
from framecolor.lineart.sampling import sample_points

# Colors of regions within this distance (CIELAB) are joined, as a painter would use one paint for them.
_SAME_PAINT = 9.0
_NOTHING = np.zeros((0, 4), np.uint8)


def vote_flats(
    rgb: NDArray[np.float32],
    regions: Regions,
    palette: Palette | None = None,
    given: NDArray[np.uint8] = _NOTHING,
) -> NDArray[np.uint8]:
    """Choose the color of each region, uint8 [count + 1, 4]; regions outside of the figure become transparent paper.

    rgb      soft color in [0, 1], float32 hxwx3, of any size: each region gets its mean color
    palette  if given, each region takes its nearest solid color; else similar colors of regions are joined
    given    uint8 [N, 4], colors of strokes: regions may have them beside those of the palette, and keep them
    """
    colors = np.zeros((regions.count + 1, 4), np.uint8)
    if regions.count == 0:
        return colors
    mean = mean_color(rgb, regions)
    painted = np.flatnonzero(~outside_regions(regions)[1:]) + 1
    colors[1:] = PAPER
    if len(painted):
        paints = _solid(_NOTHING if palette is None else add_unlike(palette, given).colors)
        if len(paints):
            chosen = _take_nearest(mean[painted], paints)
        else:
            chosen = _join(mean[painted], np.sqrt(regions.area[painted]), _solid(given))
        colors[painted, :3], colors[painted, 3] = chosen, 255
    return colors


def to_lab(rgb: NDArray[np.floating]) -> NDArray[np.float32]:
    """Convert RGB colors in [0, 1] to CIELAB, float32 [N, 3]."""
    return np.asarray(cv2.cvtColor(rgb[None].astype(np.float32), cv2.COLOR_RGB2LAB)[0], dtype=np.float32)


def mean_color(rgb: NDArray[np.float32], regions: Regions) -> NDArray[np.float32]:
    """Average the color at the points of each region: [count + 1, 3]."""
    points = sample_points(regions)
    height, width = regions.size
    rows = np.minimum(points.y.astype(np.intp) * rgb.shape[0] // height, rgb.shape[0] - 1)
    columns = np.minimum(points.x.astype(np.intp) * rgb.shape[1] // width, rgb.shape[1] - 1)
    return mean_by_label(rgb[rows, columns], points.region, regions.count + 1).astype(np.float32)


def _solid(colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the solid ones of the colors [N, 4], uint8 [M, 3]."""
    return colors[colors[:, 3] > 0][:, :3]


def _take_nearest(rgb: NDArray[np.float32], paints: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take the paint [N, 3] that looks most like each color."""
    apart = np.square(to_lab(rgb)[:, None] - to_lab(paints / np.float32(255))[None]).sum(axis=2)
    return paints[apart.argmin(axis=1)]


def _join(rgb: NDArray[np.float32], weight: NDArray[np.floating], strokes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Join each color to that of a larger region that looks the same: uint8 [N, 3]. Colors of strokes stay."""
    out = np.rint(255 * rgb).clip(0, 255).astype(np.uint8)
    loose = np.flatnonzero(~(out[:, None] == strokes[None]).all(axis=2).any(axis=1))
    lab = to_lab(rgb)
    groups: list[list[int]] = []
    for i in loose[np.argsort(-weight[loose], kind="stable")]:
        apart = [float(np.linalg.norm(lab[i] - lab[group[0]])) for group in groups]
        nearest = int(np.argmin(apart)) if apart else -1
        if nearest < 0 or apart[nearest] > _SAME_PAINT:
            groups.append([int(i)])
        else:
            groups[nearest].append(int(i))
    for group in groups:
        mean = np.average(rgb[group], axis=0, weights=weight[group])
        out[group] = np.rint(255 * mean).clip(0, 255).astype(np.uint8)
    return out
