"""The generator's passes that engines compile and run.

`FeaturePass` serves base and fitted weights alike: a region's votes are computed from its mean fitted features
(`PaletteNetwork.vote`), so that an engine does not depend on the size of the palette.

A pass computes the same as its network, prepared for inference: batch norms are folded into the convolutions, input
planes that are always 0 are cut out, and maps are channels last, for pooling per region. On processors some
convolutions are also split (`SplitConvolution`).
"""

from __future__ import annotations

import copy
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from framecolor.networks.generator import LINE_PLANES, Block, Generator, UpBlock


class FeaturePass(nn.Module):
    """Computes features and context from line planes, without a hint.

    forward takes planes [N, 7, H, W], floating point, H and W multiples of `size_multiple`, and returns float32
    features [N, H, W, `feature_channels`] of unit length and float32 context [N, H / 4, W / 4, `context_channels`].
    dtype: of the computation, with casts inside. split: see `fold_generator`.
    """

    def __init__(self, generator: Generator, dtype: torch.dtype = torch.float32, *, split: bool = False) -> None:
        super().__init__()
        self.generator = fold_generator(generator, LINE_PLANES, split=split).to(dtype)
        self.project = Projection(generator.project).to(dtype)
        self.dtype = dtype

    def forward(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        decoded, context = self.generator.decode(planes.to(self.dtype))
        features = F.normalize(self.project(decoded).float(), dim=3)
        return features, context.permute(0, 2, 3, 1).float().contiguous()


class ColorPass(nn.Module):
    """Computes soft color in [0, 1], float32 [N, 3, H, W], from line planes [N, 7, H, W] and a hint [N, 4, H, W]."""

    def __init__(self, generator: Generator, dtype: torch.dtype = torch.float32, *, split: bool = False) -> None:
        super().__init__()
        self.generator = fold_generator(generator, split=split).to(dtype)
        self.dtype = dtype

    def forward(self, planes: Tensor, hint: Tensor) -> Tensor:
        both = torch.cat([planes.to(self.dtype), hint.to(self.dtype)], dim=1)
        return self.generator.color(self.generator(both), both)[0].float()


class Projection(nn.Module):
    """A 1x1 convolution as a matrix product, from [N, C, H, W] to [N, H, W, D].

    weight [C, D] is stored transposed, so that it keeps its name in exported graphs.
    """

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        assert convolution.bias is not None
        self.weight = nn.Parameter(convolution.weight.detach()[:, :, 0, 0].T.float().contiguous(), requires_grad=False)
        self.bias = nn.Parameter(convolution.bias.detach().float().clone(), requires_grad=False)

    def forward(self, maps: Tensor) -> Tensor:
        return maps.permute(0, 2, 3, 1) @ self.weight + self.bias


class SplitConvolution(nn.Module):
    """A 3x3 convolution of a map enlarged twofold and concatenated with another, without making the enlarged map.

    On a map whose pixels are repeated 2x2, a 3x3 convolution covers 2x2 different pixels: it equals a transposed
    convolution with stride 2 of the small map, with 4/9 of the products. Source: Shi et al. 2016, "Is the deconvolution
    layer the same as a convolutional layer?"
    """

    def __init__(self, convolution: nn.Conv2d, deep: int) -> None:
        super().__init__()
        width, (top, middle, low) = convolution.out_channels, convolution.weight.detach()[:, :deep].unbind(2)
        rows = torch.stack([low, middle + low, top + middle, top], dim=2)
        left, middle, right = rows.unbind(3)
        spread = torch.stack([right, middle + right, left + middle, left], dim=3)
        self.deep = nn.ConvTranspose2d(deep, width, 4, stride=2, padding=1, bias=False)
        self.deep.weight = nn.Parameter(spread.transpose(0, 1).contiguous())
        self.skip = nn.Conv2d(convolution.in_channels - deep, width, 3, padding=1)
        self.skip.weight = nn.Parameter(convolution.weight.detach()[:, deep:].contiguous())
        self.skip.bias = convolution.bias

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        return self.skip(skip) + self.deep(deep)


class SplitUpBlock(nn.ModuleList):
    """A folded `UpBlock` whose first convolution is split."""

    def __init__(self, folded: UpBlock, deep: int) -> None:
        first, *others = folded
        super().__init__([SplitConvolution(cast(nn.Conv2d, first), deep), *others])

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        first, *others = self
        x = first(deep, skip)
        for layer in others:
            x = layer(x)
        return x


def fold_generator(generator: Generator, planes: int | None = None, *, split: bool = False) -> Generator:
    """Copy a generator for inference, in eval mode and float32, with batch norms folded into the convolutions.

    planes  number of input planes that it takes, if the others are 0; None: all of them
    split   split convolutions of enlarged maps (`SplitConvolution`), which is a sixth faster on processors
    """
    folded = copy.deepcopy(generator).eval().float()
    for blocks in (folded.down, folded.up):
        for block in blocks:
            _fold(cast(Block | UpBlock, block))
    if split:
        deeps = generator.widths[:0:-1]
        for i, deep in enumerate(deeps):
            folded.up[i] = SplitUpBlock(cast(UpBlock, folded.up[i]), deep)
    if planes is not None:
        first = cast(nn.Conv2d, cast(nn.Sequential, folded.down[0])[0])
        first.weight = nn.Parameter(first.weight.detach()[:, :planes].contiguous())
        first.in_channels = planes
    return folded.requires_grad_(False)


def _fold(block: Block | UpBlock) -> None:
    """Fold the batch norms of a block into its convolutions."""
    for i in range(len(block) - 1, -1, -1):
        if isinstance(block[i], nn.BatchNorm2d):
            block[i - 1] = fuse_conv_bn_eval(cast(nn.Conv2d, block[i - 1]), cast(nn.BatchNorm2d, block[i]))
            del block[i]
