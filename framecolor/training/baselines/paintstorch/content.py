"""Content loss: how unlike two paintings look. PaintsTorch compares features of a VGG net, here they are our own."""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from framecolor.networks.perception import Perception, load_perception

# Features are compared at half of the size where at least this much is left, a quarter of their cost: what is finer,
# the distance of the colors sees.
_LEAST_FEATURES_PX = 32


def content_loss(painted: Tensor, truth: Tensor) -> Tensor:
    """How far apart two batches of pictures are, [N, 3, H, W] in [-1, 1]: 0 for the same, larger the less alike.

    The mean over the levels of how far their maps are apart, in shares of how strong they are. Raises ReadError where
    the features' weights are missing.
    """
    network = _load_features(str(painted.device))
    if min(painted.shape[2:]) >= 2 * _LEAST_FEATURES_PX:
        painted, truth = F.avg_pool2d(painted, 2), F.avg_pool2d(truth, 2)
    with torch.no_grad():
        wanted = network.features(truth)
    seen = network.features(painted)
    parts = [(a - b).abs().mean() / b.abs().mean().clamp_min(1e-6) for a, b in zip(seen, wanted, strict=True)]
    return torch.stack(parts).mean()


@cache
def _load_features(device: str) -> Perception:
    """The frozen network, read once a process."""
    return load_perception().to(device)
