"""The generator with a shot's palette head: line planes in, one logit per palette color out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from framecolor.networks.generator import HINT_PLANES, LINE_PLANES, Generator

IGNORE = -1
# Cosine similarities between features lie in [-1, 1]; times this they make a confident softmax.
_HEAD_SCALE = 12.0
# What the line planes are where there is nothing: far from all lines, outside of the figure.
_EMPTY = (0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0)


@dataclass(frozen=True, eq=False)
class KeySample:
    """One key at working size.

    planes  float32 7xhxw line planes; target int64 hxw palette index, IGNORE on lines; weight float32 hxw.
    """

    planes: NDArray[np.float32]
    target: NDArray[np.int64]
    weight: NDArray[np.float32]


class PaletteNetwork(nn.Module):
    """A generator and a palette head (1x1 convolution) on its features."""

    def __init__(self, generator: Generator, colors: int) -> None:
        super().__init__()
        self.generator = generator
        self.head = nn.Conv2d(generator.feature_channels, colors, 1)

    def forward(self, planes: Tensor) -> Tensor:
        """Logits [N, P, H, W] from line planes [N, 7, H, W] without a hint; H and W multiples of the generator's."""
        return self.head(self.generator(without_hint(planes)))

    @torch.no_grad()
    def start_head(self, samples: Sequence[KeySample], first: int = 0) -> None:
        """Set the head's rows from `first` on to the mean feature of each palette color over the keys."""
        self.eval()
        total = torch.zeros(self.head.out_channels, self.generator.feature_channels)
        for sample in samples:
            height, width = sample.target.shape
            planes = pad_planes(torch.from_numpy(sample.planes)[None], self.generator.size_multiple)
            features = self.generator(without_hint(planes))[0, :, :height, :width].flatten(1).T
            target, weight = torch.from_numpy(sample.target).ravel(), torch.from_numpy(sample.weight).ravel()
            painted = target != IGNORE
            total.index_add_(0, target[painted], features[painted] * weight[painted, None])
        self.head.weight[first:] = _HEAD_SCALE * F.normalize(total, dim=1)[first:, :, None, None]
        assert self.head.bias is not None
        self.head.bias[first:] = 0


def without_hint(planes: Tensor) -> Tensor:
    """The generator's input [N, 11, H, W] from line planes [N, 7, H, W]: nothing is hinted."""
    return torch.cat([planes, planes.new_zeros(planes.shape[0], HINT_PLANES, *planes.shape[2:])], 1)


def empty_planes(like: Tensor) -> Tensor:
    """Line planes of empty paper, [1, 7, 1, 1]."""
    return torch.tensor(_EMPTY, dtype=like.dtype, device=like.device).view(1, LINE_PLANES, 1, 1)


def pad_planes(planes: Tensor, multiple: int) -> Tensor:
    """Line planes [N, 7, H, W] with empty paper added at the right and bottom, so that both sizes are multiples."""
    pad = (0, -planes.shape[3] % multiple, 0, -planes.shape[2] % multiple)
    empty = empty_planes(planes)
    return F.pad(planes - empty, pad) + empty
