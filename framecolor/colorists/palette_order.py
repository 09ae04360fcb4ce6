"""Order the diffusion network's palettes, so that variations of consecutive seeds differ as much as possible."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from framecolor.colorists.flats import to_lab

# A palette mostly of one color is that of a single thing, and leaves a figure in one paint.
_MOST_SHARE = 0.45
_FAR = 1e3


def order_palettes(palettes: Tensor) -> Tensor:
    """Order palettes [N, C, 4] (`scene.describe_palette`): each next one is the farthest from all before it.

    Palettes mostly of one color are left out, unless all are. Begins with the one that is nearest to all.
    """
    squared = palettes[..., 3].numpy() ** 2
    share = np.asarray(squared / np.maximum(squared.sum(axis=1, keepdims=True), 1e-6), dtype=np.float32)
    kept = np.flatnonzero(share.max(axis=1) < _MOST_SHARE)
    if len(kept) == 0:
        kept = np.arange(len(share))
    apart = _measure_apart((palettes[torch.from_numpy(kept), :, :3].numpy() + 1) / 2, share[kept])
    order = [int(apart.sum(axis=1).argmin())]
    nearest = apart[order[0]].copy()
    nearest[order] = -1
    while len(order) < len(kept):
        order.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, apart[order[-1]])
        nearest[order] = -1
    return palettes[torch.from_numpy(kept[order])]


def _measure_apart(rgb: NDArray[np.floating], share: NDArray[np.float32]) -> NDArray[np.float32]:
    """Measure how far apart palettes are, [N, N] in CIELAB: of each color from the nearest of the other, by share."""
    lab = np.stack([to_lab(colors) for colors in rgb])
    apart = np.empty((len(rgb), len(rgb)), np.float32)
    for i, colors in enumerate(lab):
        steps = np.sqrt(np.square(colors[:, None, None] - lab[None]).sum(axis=-1)) + _FAR * (share == 0)
        apart[i] = (steps.min(axis=2) * share[i][:, None]).sum(axis=0)
    return np.asarray((apart + apart.T) / 2, dtype=np.float32)
