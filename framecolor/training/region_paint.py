"""Regions of a painting for region-wise training: found between its lines as at inference, with colors and paints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.core.histogram import mean_by_label
from framecolor.lineart.regions import label_regions
from framecolor.networks.diffusion import PALETTE_COLORS, PALETTE_VALUES
from framecolor.training.paintings import LINE_SCALE, Painting

Float = NDArray[np.float32]

REGIONS = 48
"""Most regions of a painting that are used: the largest."""
_LEAST_REGION_PX = 3
_GAPS_PX = (0.0, 2.0)
# At most this share of regions gets a paint of its own.
_MOST_APART = 0.3
_DARK, _LIGHT = -0.5, 0.6
# Palettes of fewer colors than this are dropped, if there are others.
_LEAST_COLORS = 6


def find_colors(painting: Painting, rng: np.random.Generator) -> tuple[NDArray[np.int32], Float]:
    """Find the regions between a painting's lines, int32 HxW 0..count, and their colors, [count, 3] in [0, 1].

    A region has the color of its most frequent fill. Only the largest are kept, and no paper around the figure.
    """
    middle = slice(LINE_SCALE // 2, None, LINE_SCALE)
    regions = label_regions(painting.ink | painting.trace, gap_px=float(rng.choice(_GAPS_PX)))
    labels = np.where(painting.outside, 0, regions.labels)[middle, middle]
    area = np.bincount(labels.ravel(), minlength=regions.count + 1)
    largest = np.argsort(-area[1:], kind="stable")[:REGIONS] + 1
    largest = np.sort(largest[area[largest] >= _LEAST_REGION_PX])
    renumber = np.zeros(regions.count + 1, np.int32)
    renumber[largest] = np.arange(1, len(largest) + 1)
    labels = renumber[labels]
    fills = int(painting.flats.max()) + 1
    shown = np.bincount((labels * fills + painting.flats).ravel(), minlength=(len(largest) + 1) * fills)
    fill = shown.reshape(-1, fills).argmax(axis=1)
    own = (painting.flats == fill[labels]) & (labels > 0)
    colors = mean_by_label(painting.rgb[own], labels[own], len(largest) + 1)
    return labels, colors[1:].astype(np.float32)


def take_palette(labels: NDArray[np.int32], colors: Float) -> Float:
    """Take the paints that cover most of a painting, as `Scene.palette`."""
    out = np.zeros((PALETTE_COLORS, PALETTE_VALUES), np.float32)
    if len(colors) == 0:
        return out
    area = np.bincount(labels.ravel(), minlength=len(colors) + 1)[1:]
    _, first, group = np.unique((colors * 24).round(), axis=0, return_index=True, return_inverse=True)
    share = np.bincount(group.reshape(-1), area) / area.sum()
    most = np.argsort(-share, kind="stable")[:PALETTE_COLORS]
    out[: len(most), :3], out[: len(most), 3] = 2 * colors[first[most]] - 1, np.sqrt(share[most])
    return out


def is_rich(palette: Float) -> bool:
    """Return whether a palette has enough colors, few of them dark (as ink is) and one as light as skin."""
    share, brightest = np.square(palette[:, 3]), palette[:, :3].max(axis=1)
    colored = (share > 0).sum() >= _LEAST_COLORS
    return bool(colored and share[brightest < _DARK].sum() < 0.12 and share[brightest > _LIGHT].sum() > 0.1)


def find_paints(colors: Float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Group regions by color: the paint of each, int64 [48] from 0.

    A few get a paint of their own, as matching fails for some at inference.
    """
    paint = np.arange(REGIONS)
    color = np.unique((colors * 24).round(), axis=0, return_inverse=True)[1].reshape(-1)
    apart = rng.random(len(colors)) < rng.uniform(0, _MOST_APART)
    paint[: len(colors)] = np.where(apart, paint[: len(colors)], np.unique(color, return_index=True)[1][color])
    return paint


def fill_up(values: Float) -> Float:
    """Pad the values of some regions with zeros for the others."""
    out = np.zeros((REGIONS, *values.shape[1:]), np.float32)
    out[: len(values)] = values
    return out
