"""What engines run of a shot's networks: passes with the outputs as the pipeline reads them, ready to be compiled.

`FeaturePass` serves the base weights and the fitted ones alike: a region's votes follow from the mean of its fitted
features (`PaletteNetwork.vote`), so that a palette's size is nothing that an engine has to know.

A pass is the same function as the network that it is made from, prepared for inference: batch norms are folded into the
convolutions before them, planes that are always 0 are cut out, and maps come out channels last, where one region's
values lie side by side.
"""

from __future__ import annotations

import copy
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from framecolor.networks.generator import LINE_PLANES, Block, Generator


class FeaturePass(nn.Module):
    """Line planes to features and context, without a hint.

    forward takes planes [N, 7, H, W], floating point or uint8 (255 is 1), H and W multiples of `size_multiple`, and
    returns float32 features [N, H, W, `feature_channels`] of unit length and float32 context
    [N, H / 4, W / 4, `context_channels`]. dtype is what it computes in: casts are inside.
    """

    def __init__(self, generator: Generator, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.generator = fold_generator(generator, LINE_PLANES).to(dtype)
        self.project = Projection(generator.project).to(dtype)
        self.dtype = dtype

    def forward(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        decoded, context = self.generator.decode(take_planes(planes, self.dtype))
        features = F.normalize(self.project(decoded).float(), dim=3)
        return features, context.permute(0, 2, 3, 1).float().contiguous()


class ColorPass(nn.Module):
    """Line planes [N, 7, H, W] and hint planes [N, 4, H, W] to soft color in [0, 1], float32 [N, 3, H, W]."""

    def __init__(self, generator: Generator, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.generator = fold_generator(generator).to(dtype)
        self.dtype = dtype

    def forward(self, planes: Tensor, hint: Tensor) -> Tensor:
        both = torch.cat([take_planes(planes, self.dtype), take_planes(hint, self.dtype)], dim=1)
        return self.generator.color(self.generator(both), both)[0].float()


class Projection(nn.Module):
    """A 1x1 convolution as a product of matrices, from [N, C, H, W] to [N, H, W, D].

    weight [C, D] is the convolution's, transposed: so it is a parameter under its own name in exported graphs as well.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        assert convolution.bias is not None
        self.weight = nn.Parameter(convolution.weight.detach()[:, :, 0, 0].T.float().contiguous(), requires_grad=False)
        self.bias = nn.Parameter(convolution.bias.detach().float().clone(), requires_grad=False)

    def forward(self, maps: Tensor) -> Tensor:
        return maps.permute(0, 2, 3, 1) @ self.weight + self.bias


def fold_generator(generator: Generator, planes: int | None = None) -> Generator:
    """A copy for inference, in eval mode: batch norms inside the convolutions, float32.

    planes  how many of the input planes it takes, the others being 0; by default all of them.
    """
    folded = copy.deepcopy(generator).eval().float()
    for blocks in (folded.down, folded.up):
        for i, block in enumerate(blocks):
            blocks[i] = _fold(cast(Block, block))
    if planes is not None:
        first = cast(nn.Conv2d, cast(nn.Sequential, folded.down[0])[0])
        first.weight = nn.Parameter(first.weight.detach()[:, :planes].contiguous())
        first.in_channels = planes
    return folded.requires_grad_(False)


def _fold(block: Block) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i in range(0, len(block), 3):
        layers += [fuse_conv_bn_eval(cast(nn.Conv2d, block[i]), cast(nn.BatchNorm2d, block[i + 1])), nn.SiLU()]
    return nn.Sequential(*layers)


def take_planes(planes: Tensor, dtype: torch.dtype) -> Tensor:
    """Planes as the network computes with them: bytes become [0, 1]."""
    return planes.to(dtype) / 255 if planes.dtype == torch.uint8 else planes.to(dtype)
