"""What a region-wise training learns of a painting: its regions as painting finds them, their colors, their paints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.core.histogram import mean_by_label
from framecolor.lineart.regions import label_regions
from framecolor.networks.diffusion import PALETTE_COLORS, PALETTE_VALUES
from framecolor.training.paintings import LINE_SCALE, Painting

Float = NDArray[np.float32]

REGIONS = 48
"""Most regions of a painting that count, the largest ones."""
_LEAST_REGION_PX = 3
_GAPS_PX = (0.0, 2.0)
# The largest share of regions whose paint is taken for one of their own.
_MOST_APART = 0.3
_DARK, _LIGHT = -0.5, 0.6
# Palettes of fewer colors than this are not kept, as long as there are others.
_LEAST_COLORS = 6


def find_colors(painting: Painting, rng: np.random.Generator) -> tuple[NDArray[np.int32], Float]:
    """Regions between a painting's lines, as painting finds them: int32 HxW 0..count, and colors [count, 3] in [0, 1].

    A region has the color of the fill that it shows most of. The largest ones count, and no paper around the figure.
    """
    middle = slice(LINE_SCALE // 2, None, LINE_SCALE)
    found = label_regions(painting.ink | painting.trace, gap_px=float(rng.choice(_GAPS_PX)))
    labels = np.where(painting.outside, 0, found.labels)[middle, middle]
    area = np.bincount(labels.ravel(), minlength=found.count + 1)
    largest = np.argsort(-area[1:], kind="stable")[:REGIONS] + 1
    largest = np.sort(largest[area[largest] >= _LEAST_REGION_PX])
    renumber = np.zeros(found.count + 1, np.int32)
    renumber[largest] = np.arange(1, len(largest) + 1)
    labels = renumber[labels]
    fills = int(painting.flats.max()) + 1
    shown = np.bincount((labels * fills + painting.flats).ravel(), minlength=(len(largest) + 1) * fills)
    fill = shown.reshape(-1, fills).argmax(axis=1)
    own = (painting.flats == fill[labels]) & (labels > 0)
    colors = mean_by_label(painting.rgb[own], labels[own], len(largest) + 1)
    return labels, colors[1:].astype(np.float32)


def take_palette(labels: NDArray[np.int32], colors: Float) -> Float:
    """The paints that cover most of a painting, as `Scene.palette`."""
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
    """Whether a palette has colors enough, few of them dark (inked parts are) and one as light as faces are."""
    share, brightest = np.square(palette[:, 3]), palette[:, :3].max(axis=1)
    colored = (share > 0).sum() >= _LEAST_COLORS
    return bool(colored and share[brightest < _DARK].sum() < 0.12 and share[brightest > _LIGHT].sum() > 0.1)


def find_paints(colors: Float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Which paint each region has, int64 [48] from 0, by its color; a few have one of their own, as in use some will
    not be recognized."""
    paint = np.arange(REGIONS)
    found = np.unique((colors * 24).round(), axis=0, return_inverse=True)[1].reshape(-1)
    apart = rng.random(len(colors)) < rng.uniform(0, _MOST_APART)
    paint[: len(colors)] = np.where(apart, paint[: len(colors)], np.unique(found, return_index=True)[1][found])
    return paint


def fill_up(values: Float) -> Float:
    """Values of some regions, with zeros for the rest."""
    out = np.zeros((REGIONS, *values.shape[1:]), np.float32)
    out[: len(values)] = values
    return out
