"""Turn a colorist's soft color into a flat painting: one color per region, few colors in all."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.histogram import mean_by_label
from framecolor.core.types import Palette, Regions
from framecolor.lineart.region_colors import PAPER
from framecolor.lineart.regions import outside_regions
from framecolor.lineart.sampling import sample_points

# Colors of regions within this distance (CIELAB) are joined, as a painter would use one paint for them.
_SAME_PAINT = 9.0


def vote_flats(rgb: NDArray[np.float32], regions: Regions, palette: Palette | None = None) -> NDArray[np.uint8]:
    """Choose the color of each region, uint8 [count + 1, 4]; regions outside of the figure become transparent paper.

    rgb      soft color in [0, 1], float32 hxwx3, of any size: each region gets its mean color
    palette  if given, each region takes its nearest solid color; else similar colors of regions are joined
    """
    colors = np.zeros((regions.count + 1, 4), np.uint8)
    if regions.count == 0:
        return colors
    mean = mean_color(rgb, regions)
    painted = np.flatnonzero(~outside_regions(regions)[1:]) + 1
    colors[1:] = PAPER
    if len(painted):
        lab = to_lab(mean[painted])
        paints = _solid(palette) if palette is not None else None
        if paints is None:
            chosen = _join(mean[painted], lab, np.sqrt(regions.area[painted]))
        else:
            apart = np.square(lab[:, None] - to_lab(paints / np.float32(255))[None]).sum(axis=2)
            chosen = paints[apart.argmin(axis=1)]
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


def _solid(palette: Palette) -> NDArray[np.uint8] | None:
    solid = palette.colors[palette.colors[:, 3] > 0][:, :3]
    return solid if len(solid) else None


def _join(rgb: NDArray[np.float32], lab: NDArray[np.float32], weight: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Join each color to that of a larger region that looks the same: uint8 [N, 3]."""
    group = np.full(len(lab), -1)
    centers: list[NDArray[np.float32]] = []
    for i in np.argsort(-weight, kind="stable"):
        apart = [float(np.linalg.norm(lab[i] - center)) for center in centers]
        nearest = int(np.argmin(apart)) if apart else -1
        if nearest < 0 or apart[nearest] > _SAME_PAINT:
            nearest = len(centers)
            centers.append(lab[i])
        group[i] = nearest
    out = np.zeros((len(lab), 3), np.uint8)
    for g in range(len(centers)):
        own = group == g
        out[own] = np.rint(255 * np.average(rgb[own], axis=0, weights=weight[own])).clip(0, 255).astype(np.uint8)
    return out
