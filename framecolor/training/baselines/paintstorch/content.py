"""Content loss: the perceptual distance of two paintings, by our own features instead of PaintsTorch's VGG net."""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from framecolor.core.precision import autocast
from framecolor.networks.perception import Perception, load_perception

# Features are compared at half the size, at a quarter of the cost, if at least this many pixels remain; finer details
# are left to the distance of the colors.
_LEAST_FEATURES_PX = 32


def content_loss(painted: Tensor, truth: Tensor) -> Tensor:
    """Measure the distance of two batches of pictures, [N, 3, H, W] in [-1, 1]: 0 if they are equal.

    It is the mean over the levels of the distance of their maps, relative to the strength of the true ones. Raises
    ReadError if the features' weights are missing.
    """
    network = _load_features(str(painted.device))
    if min(painted.shape[2:]) >= 2 * _LEAST_FEATURES_PX:
        painted, truth = F.avg_pool2d(painted, 2), F.avg_pool2d(truth, 2)
    with autocast(painted.device):
        with torch.no_grad():
            wanted = [level.float() for level in network.features(truth)]
        seen = [level.float() for level in network.features(painted)]
    parts = [(a - b).abs().mean() / b.abs().mean().clamp_min(1e-6) for a, b in zip(seen, wanted, strict=True)]
    return torch.stack(parts).mean()


@cache
def _load_features(device: str) -> Perception:
    """Load the frozen network, once per process."""
    return load_perception().to(device)
