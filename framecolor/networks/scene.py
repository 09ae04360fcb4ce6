"""Describe a drawing, hints and a palette as the diffusion model's inputs per region."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from torch import Tensor

from framecolor.networks.diffusion import CELL_PX, HINT_VALUES, PALETTE_COLORS, PALETTE_VALUES

# Shares of a histogram below this are stray pixels, not paint.
_LEAST_SHARE = 0.004
_BIN_LEVELS = 8
# Hints above this confidence separate regions whose colors, in [-1, 1], differ by more than this in a channel.
_HINTED, _OTHER_COLOR, _NEVER = 0.3, 0.25, 1e6
# Log-odds are limited to this.
_MOST_ODDS = 20.0


def pool_pixels(row: Tensor, column: Tensor, region: Tensor, count: int, size_px: int) -> Tensor:
    """Compute the share of each region in each cell of a square picture, [count, cells] (`diffusion.Scene.pool`).

    row, column  int64 [M], working pixels of the picture
    region       int64 [M], the region 0..count - 1 of each
    Rows sum to 1; those of regions without a pixel are 0.
    """
    across = size_px // CELL_PX
    cell = row.div(CELL_PX, rounding_mode="floor") * across + column.div(CELL_PX, rounding_mode="floor")
    flat = torch.zeros(count * across * across, device=row.device)
    flat.index_add_(0, region * (across * across) + cell, torch.ones(len(cell), device=row.device))
    pool = flat.view(count, across * across)
    return pool / pool.sum(1, keepdim=True).clamp_min(1)


def describe_hint(
    rgb: NDArray[np.floating], confidence: NDArray[np.float32], labels: NDArray[np.integer], count: int
) -> NDArray[np.float32]:
    """Average a loose hint over each region, float32 [count, 5] (`diffusion.Scene.hint`).

    rgb, confidence  of pixels, [M, 3] and [M], in [0, 1]
    labels           [M], 1..count, 0 for no region
    """
    out = np.zeros((count + 1, HINT_VALUES), np.float32)
    known = (confidence > 0) & (labels > 0)
    label, trust = labels[known], confidence[known]
    if len(label) == 0:
        return out[1:]
    sums = np.bincount(label, trust, count + 1)
    for channel in range(3):
        mean = np.bincount(label, trust * rgb[known, channel], count + 1) / np.maximum(sums, 1e-6)
        out[:, channel] = np.where(sums > 0, 2 * mean - 1, 0)
    out[:, 3] = np.sqrt(sums / np.maximum(np.bincount(labels, minlength=count + 1), 1))
    np.maximum.at(out[:, 4], label, trust)
    return out[1:]


def describe_palette(histogram: NDArray[np.floating] | None) -> NDArray[np.float32]:
    """List the fullest bins of a 512-bin histogram, float32 [12, 4] (`diffusion.Scene.palette`); None: no color."""
    out = np.zeros((PALETTE_COLORS, PALETTE_VALUES), np.float32)
    if histogram is None or histogram.sum() <= 0:
        return out
    share = histogram / histogram.sum()
    fullest = np.argsort(-share, kind="stable")[:PALETTE_COLORS]
    fullest = fullest[share[fullest] >= _LEAST_SHARE]
    levels = np.stack([fullest // _BIN_LEVELS**2, fullest // _BIN_LEVELS % _BIN_LEVELS, fullest % _BIN_LEVELS], axis=1)
    out[: len(fullest), :3] = (levels + 0.5) * (2 / _BIN_LEVELS) - 1
    out[: len(fullest), 3] = np.sqrt(share[fullest])
    return out


def group_paints(
    alike: NDArray[np.floating],
    area: NDArray[np.floating],
    hint: NDArray[np.float32] | None = None,
    least: float = 0.0,
) -> NDArray[np.int64]:
    """Group regions by paint, int64 [T] from 0, the largest region's first.

    alike  [T, T], log-odds that two regions have the same paint (`diffusion.Tokens.alike`)
    area   [T]
    hint   [T, 5] (`diffusion.Scene.hint`): regions with different hinted colors get different paints
    least  groups are joined above this
    The two groups with the highest mean log-odds between their regions are joined, until that is below `least` (average
    linkage).
    """
    if len(area) < 2:
        return np.zeros(len(area), np.int64)
    odds = np.clip((alike + alike.T) / 2, -_MOST_ODDS, _MOST_ODDS).astype(np.float64)
    if hint is not None:
        hinted = hint[:, 4] > _HINTED
        apart = np.abs(hint[:, None, :3] - hint[None, :, :3]).max(axis=2) > _OTHER_COLOR
        odds[hinted[:, None] & hinted[None] & apart] = -_NEVER
    above = np.triu_indices(len(area), 1)
    group = fcluster(linkage(_MOST_ODDS - odds[above], "average"), _MOST_ODDS - least, "distance")
    by_area = np.argsort(-area, kind="stable")
    first = np.unique(group[by_area], return_index=True)[1]
    order = np.empty(len(first), np.int64)
    order[np.argsort(first, kind="stable")] = np.arange(len(first))
    return order[group - 1]


def mean_of_paints(same: Tensor, area: Tensor) -> Tensor:
    """Compute weights that average over the regions of one paint by the root of their area, [N, T, T].

    same  bool [N, T, T]
    area  [N, T]
    For `denoise.sample`; rows of padding are 0.
    """
    weight = same * area.sqrt()[:, None]
    return weight / weight.sum(2, keepdim=True).clamp_min(1e-9)
