"""The generator: a convolutional U-Net in the lineage of deepcolor and PaintsTorch.

It computes a feature vector per pixel from line planes and a color hint. Two heads use the features:

- the color head (soft RGB and a confidence), for painted mode;
- the palette head of one shot (one logit per palette color), fitted to the shot's keys
  (`framecolor.keys.finetuning.finetune`).
"""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from framecolor.lineart.input_planes import LINE_PLANES
from framecolor.networks.view import CONTEXT_STRIDE, HINT_PLANES

__all__ = ["CONTEXT_STRIDE", "HINT_PLANES", "LEAST_CONFIDENCE", "LINE_PLANES", "Block", "Generator", "UpBlock"]

# Below this confidence, the weight of a hint falls to 0.
LEAST_CONFIDENCE = 0.05
# The decoder's level whose output is the context: a quarter of the size, with a wide view at little cost.
_CONTEXT_LEVEL = 2
assert CONTEXT_STRIDE == 2**_CONTEXT_LEVEL


class Block(nn.Sequential):
    """Two 3x3 convolutions of the same size, each with batch norm and SiLU."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        layers: list[nn.Module] = []
        for c in (channels_in, channels_out):
            layers += [nn.Conv2d(c, channels_out, 3, padding=1, bias=False), nn.BatchNorm2d(channels_out), nn.SiLU()]
        super().__init__(*layers)


class UpBlock(nn.ModuleList):
    """A `Block` on the enlarged deep map, [N, C, H / 2, W / 2], and the skip connection, [N, D, H, W]."""

    def __init__(self, deep: int, skip: int) -> None:
        super().__init__(Block(deep + skip, skip))

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        x = torch.cat([F.interpolate(deep, scale_factor=2.0, mode="nearest"), skip], dim=1)
        for layer in self:
            x = layer(x)
        return x


class Generator(nn.Module):
    """U-Net of three or more levels from line planes and hint to per-pixel features, and a color head on them.

    forward takes float planes [N, 11, H, W] (7 line planes, then the hint's red, green, blue in [0, 1] times its
    confidence, then the confidence); H and W are multiples of `size_multiple`. It returns unit-length features
    [N, `feature_channels`, H, W]; `look` also returns the context.
    """

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 96, 128), feature_channels: int = 32) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.feature_channels = feature_channels
        inputs = (LINE_PLANES + HINT_PLANES, *widths[:-1])
        self.down = nn.ModuleList(Block(i, o) for i, o in zip(inputs, widths, strict=True))
        self.up = nn.ModuleList(UpBlock(deep, skip) for deep, skip in zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.project = nn.Conv2d(widths[0], feature_channels, 1)
        self.color_head = nn.Conv2d(feature_channels, 4, 1)

    @property
    def size_multiple(self) -> int:
        """Height and width of the input must be a multiple of this."""
        return 2 ** (len(self.widths) - 1)

    @property
    def context_channels(self) -> int:
        """Channels of the context that `look` returns."""
        return self.widths[_CONTEXT_LEVEL]

    def forward(self, planes: Tensor) -> Tensor:
        return self.look(planes)[0]

    def look(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Compute features as `forward`, and the context [N, `context_channels`, H / 4, W / 4] (CONTEXT_STRIDE)."""
        x, context = self.decode(planes)
        features = cast(Tensor, self.project(x))
        # Not F.normalize: autocast would widen it to float32, a fifth of a training step on a CPU.
        length = torch.rsqrt(features.square().sum(dim=1, keepdim=True) + 1e-6)
        return features * length.to(features.dtype), context

    def decode(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the maps before the projection to features, [N, widths[0], H, W], and the context as in `look`."""
        x = planes
        skips: list[Tensor] = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else F.max_pool2d(x, 2))
            skips.append(x)
        skips.pop()
        context = x
        for block in self.up:
            x = block(x, skips.pop())
            if len(skips) == _CONTEXT_LEVEL:
                context = x
        return x, context

    def color(self, features: Tensor, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Compute RGB in [0, 1] [N, 3, H, W] and trust in [0, 1] [N, 1, H, W] from features and their input planes.

        Trust is the probability that the hint's color is right: the hint's own confidence, corrected in log-odds by
        the network. RGB mixes the hint's color, by trust, with the network's own, so that a trusted color is unchanged.
        """
        out = self.color_head(features)
        premultiplied, confidence = planes[:, LINE_PLANES : LINE_PLANES + 3], planes[:, LINE_PLANES + 3 :]
        odds = confidence.clamp(0.02, 0.98)
        own, trust = torch.sigmoid(out[:, :3]), torch.sigmoid(out[:, 3:] + torch.log(odds / (1 - odds)))
        hinted = premultiplied / confidence.clamp_min(1e-3)
        share = trust * (confidence / LEAST_CONFIDENCE).clamp_max(1)
        return own + share * (hinted - own), trust
