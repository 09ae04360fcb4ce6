"""Features of painted pictures, for content and Gram losses and for the distance between sets of pictures.

They replace the VGG or Inception network of the literature, whose training data's licenses do not fit this package
(recipe `perception`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PixelNorm(nn.Module):
    """Scales each pixel's channels to one length, times a learned gain, whatever the other pixels and pictures."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        length = torch.rsqrt(x.square().mean(dim=1, keepdim=True) + 1e-4)
        return x * length.to(x.dtype) * self.gain.to(x.dtype)


class Perception(nn.Module):
    """A convolutional encoder of RGB pictures; each level has half the size of the one before it.

    widths          channels of each level, from full size down; the top level is one convolution, the others are two
    embed_channels  length of `embed`'s vectors
    """

    name = "perception"

    def __init__(self, widths: tuple[int, ...] = (24, 56, 96, 160, 256), embed_channels: int = 64) -> None:
        super().__init__()
        self.widths, self.embed_channels = tuple(widths), embed_channels
        self.levels = nn.ModuleList(
            _level(i, o, 1 if n == 0 else 2) for n, (i, o) in enumerate(zip((3, *widths[:-1]), widths, strict=True))
        )
        self.project = nn.Linear(2 * sum(widths), embed_channels)

    @property
    def sizes(self) -> dict[str, Any]:
        """The arguments that build this network again."""
        return {"widths": list(self.widths), "embed_channels": self.embed_channels}

    @property
    def least_px(self) -> int:
        """The least number of pixels per side of a picture."""
        return 2 ** (len(self.widths) - 1)

    def forward(self, rgb: Tensor) -> Tensor:
        return self.embed(rgb)

    def features(self, rgb: Tensor) -> list[Tensor]:
        """Compute maps of all levels of pictures [N, 3, H, W] in [-1, 1]: [N, widths[n], H / 2**n, W / 2**n], floored.

        Pixels' vectors have about the same length before the activation, so that all levels count alike in a loss.
        """
        maps: list[Tensor] = []
        x = rgb
        for n, level in enumerate(self.levels):
            x = level(x if n == 0 else F.avg_pool2d(x, 2))
            maps.append(x)
        return maps

    def embed(self, rgb: Tensor) -> Tensor:
        """Compute one vector per picture, [N, embed_channels], of its content and style, whatever their position."""
        return self.pool(self.features(rgb))

    def pool(self, maps: list[Tensor]) -> Tensor:
        """Compute `embed` from the maps of `features`."""
        flat = [level.flatten(2) for level in maps]
        means = [level.mean(dim=2) for level in flat]
        # The variance of a channel over the picture separates blurred and spotted paint from clean paint.
        spreads = [(level.var(dim=2, correction=0) + 1e-4).sqrt() for level in flat]
        return self.project(torch.cat([*means, *spreads], dim=1))


def load_perception(path: Path | None = None) -> Perception:
    """Load frozen features from a weights file, by default the shipped one. Raises ReadError for any other file."""
    from framecolor.errors import ReadError
    from framecolor.networks.checkpoint import load_colorist, perception_weights_path

    path = perception_weights_path() if path is None else path
    network, name = load_colorist(path)
    if not isinstance(network, Perception):
        raise ReadError(path, f"holds a {name}, not a perception", "give weights of recipe perception")
    return network.requires_grad_(False)


def _level(channels_in: int, channels_out: int, convolutions: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for c in (channels_in, *[channels_out] * (convolutions - 1)):
        layers += [nn.Conv2d(c, channels_out, 3, padding=1), PixelNorm(channels_out), nn.SiLU()]
    return nn.Sequential(*layers)
