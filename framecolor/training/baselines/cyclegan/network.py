"""CycleGAN's networks (Zhu et al. 2017): one translates pictures from one domain to the other, one is a critic.

The residual network is by Johnson et al. 2016, the critic of patches by Isola et al. 2017.
"""

from __future__ import annotations

from typing import Any, cast

from torch import Tensor, nn


class Residual(nn.Module):
    """A residual block of two 3x3 convolutions."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.way = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels), nn.ReLU(),
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x + self.way(x)


class CycleGan(nn.Module):
    """Translates pictures between domains, [N, 3, H, W] in [-1, 1] both; a sketch is gray, its ink -1.

    width   filters at full size; twice and four times as many at a half and a quarter
    blocks  residual blocks at the quarter; the authors' width 64 and 9 blocks at 256 px need a GPU
    size_px  long side in training, and of its painting

    Height and width must be multiples of `size_multiple`, 16 or more.
    """

    name = "cyclegan"
    size_multiple = 4

    def __init__(self, width: int = 16, blocks: int = 9, size_px: int = 128) -> None:
        super().__init__()
        self.sizes: dict[str, Any] = {"width": width, "blocks": blocks, "size_px": size_px}
        self.size_px = size_px
        deep = 4 * width
        self.down = nn.Sequential(
            nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), nn.InstanceNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, 2, 1), nn.InstanceNorm2d(2 * width), nn.ReLU(),
            nn.Conv2d(2 * width, deep, 3, 2, 1), nn.InstanceNorm2d(deep), nn.ReLU(),
        )  # fmt: skip
        self.turn = nn.Sequential(*(Residual(deep) for _ in range(blocks)))
        self.up = nn.Sequential(
            nn.ConvTranspose2d(deep, 2 * width, 3, 2, 1, 1), nn.InstanceNorm2d(2 * width), nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 3, 2, 1, 1), nn.InstanceNorm2d(width), nn.ReLU(),
            nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh(),
        )  # fmt: skip
        start_small(self)

    def forward(self, rgb: Tensor) -> Tensor:
        return cast(Tensor, self.up(self.turn(self.down(rgb))))


class PatchCritic(nn.Sequential):
    """Scores overlapping patches of 70 px of pictures [N, 3, H, W]: 1 for true ones, 0 for others."""

    def __init__(self, width: int = 16) -> None:
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for level, stride in ((1, 2), (2, 2), (3, 1)):
            channels = width * 2**level
            layers += [
                nn.Conv2d(channels // 2, channels, 4, stride, 1), nn.InstanceNorm2d(channels), nn.LeakyReLU(0.2)
            ]  # fmt: skip
        super().__init__(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))
        start_small(self)


def start_small(network: nn.Module) -> None:
    """Set random weights as the authors do: normal, with deviation 0.02."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def show_sketch(line: Tensor) -> Tensor:
    """Show line art [N, 1, H, W], 1 on ink, as a gray picture [N, 3, H, W] in [-1, 1], its ink -1."""
    return (1 - 2 * line).expand(-1, 3, -1, -1)
