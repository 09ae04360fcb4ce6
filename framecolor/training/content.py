"""Content loss: how unlike two paintings look, by our own features where their weights are there.

PaintsTorch compares features of a VGG net. In its place stand the features of `framecolor.networks.perception`; without
their weights, colors and their steps from pixel to pixel are compared at several sizes, which needs no network.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from framecolor.networks.checkpoint import perception_weights_path
from framecolor.networks.perception import Perception, load_perception

Kind = Literal["features", "pyramid"]

_SCALES = 4
# Features are compared at half of the size where at least this much is left, a quarter of their cost: what is finer,
# the distance of the colors sees.
_LEAST_FEATURES_PX = 32


def content_kind() -> Kind:
    """What can be compared here: features where their weights are."""
    return "features" if perception_weights_path().exists() else "pyramid"


def content_loss(kind: Kind, painted: Tensor, truth: Tensor) -> Tensor:
    """How far apart two batches of pictures are, [N, 3, H, W] in [-1, 1]: 0 for the same, larger the less alike.

    Raises ReadError where features are asked for and their weights are none.
    """
    if kind == "pyramid":
        return _compare_pyramids(painted, truth)
    return _compare_features(_load_features(perception_weights_path(), str(painted.device)), painted, truth)


def _compare_features(network: Perception, painted: Tensor, truth: Tensor) -> Tensor:
    """Mean over the levels of how far their maps are apart, in shares of how strong they are."""
    if min(painted.shape[2:]) >= 2 * _LEAST_FEATURES_PX:
        painted, truth = F.avg_pool2d(painted, 2), F.avg_pool2d(truth, 2)
    with torch.no_grad():
        wanted = network.features(truth)
    seen = network.features(painted)
    parts = [(a - b).abs().mean() / b.abs().mean().clamp_min(1e-6) for a, b in zip(seen, wanted, strict=True)]
    return torch.stack(parts).mean()


def _compare_pyramids(painted: Tensor, truth: Tensor) -> Tensor:
    """Mean distance of colors, and of their steps from pixel to pixel, at the full size, the half, and so on."""
    parts = []
    for _ in range(_SCALES):
        parts.append((painted - truth).abs().mean())
        parts += [(painted.diff(dim=axis) - truth.diff(dim=axis)).abs().mean() for axis in (2, 3)]
        if min(painted.shape[2:]) < 4:
            break
        painted, truth = F.avg_pool2d(painted, 2), F.avg_pool2d(truth, 2)
    return torch.stack(parts).mean()


@cache
def _load_features(path: Path, device: str) -> Perception:
    """The frozen network, read once a process."""
    return load_perception(path).to(device)
