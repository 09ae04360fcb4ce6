"""The loss on what is used of a soft painting: each region's mean color, and which color of the palette it is."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from framecolor.networks.certainty import Certainty

REGIONS = 64
"""Most regions of a painting that count: the largest."""
# Colors, in [-1, 1], whose channels all differ by less than this are one.
_SAME = 0.06


def take_regions(flats: NDArray[np.int32], lines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Number a painting's largest fills beside its lines, float32 HxW: 1..REGIONS, 0 for no region."""
    area = np.bincount(flats.ravel(), lines.ravel() < 0.5)
    largest = np.argsort(-area, kind="stable")[:REGIONS]
    number = np.zeros(len(area), np.float32)
    number[largest] = np.arange(1, len(largest) + 1)
    return np.where(lines < 0.5, number[flats], 0).astype(np.float32)


def average_regions(picture: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Average pictures [N, 3, H, W] over regions, [N, REGIONS, 3]; and the pixels of each, [N, REGIONS]."""
    index = labels.long().flatten(1)
    pixels = torch.zeros(len(index), REGIONS + 1, device=picture.device)
    pixels = pixels.scatter_add(1, index, torch.ones_like(index, dtype=pixels.dtype))
    sums = torch.zeros(len(index), REGIONS + 1, 3, device=picture.device)
    rows = picture.flatten(2).transpose(1, 2).to(sums.dtype)
    sums = sums.scatter_add(1, index[..., None].expand(-1, -1, 3), rows)
    return (sums / pixels.clamp_min(1)[..., None])[:, 1:], pixels[:, 1:]


def region_loss(painted: Tensor, truth: Tensor, labels: Tensor, certainty: Certainty) -> tuple[Tensor, Tensor]:
    """Compute the distance of the regions' mean colors, and the cross-entropy of which of the painting's it is.

    painted, truth  [N, 3, H, W] in [-1, 1]
    labels          [N, H, W], see `take_regions`
    Regions are weighted by the root of their area.
    """
    soft, pixels = average_regions(painted, labels)
    colors, _ = average_regions(truth, labels)
    there = (pixels > 0).to(soft.dtype)
    weight = pixels.sqrt() / pixels.sqrt().sum(1, keepdim=True).clamp_min(1e-6)
    apart = ((soft - colors).abs().mean(2) * weight).sum(1).mean()
    share = (certainty(soft, colors) + (there[:, None] - 1) * 1e4).log_softmax(2)
    same = (colors[:, :, None] - colors[:, None]).abs().amax(3) < _SAME
    right = share.masked_fill(~same, -1e4).logsumexp(2)
    return apart, -(right * weight * there).sum(1).mean()
