"""PaintsTorch's network (Hati et al. 2019): a U-Net of ResNeXt blocks, with loose strokes as a second input.

The line art goes down through strided convolutions; the hint enters at a quarter of the size; grouped and dilated
blocks process each level, and PixelShuffle enlarges the result to the next. There is no normalization, which would
remove the hint's absolute colors.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from framecolor.networks.certainty import Certainty

HINT_STRIDE = 4
HINT_PLANES = 4
SLOPE = 0.2
_HINT_LEVEL = 2
_GROUP_CHANNELS = 8
_DILATIONS = (1, 2, 4)


class ResNeXt(nn.Module):
    """A residual block: down to half of the channels, a grouped, perhaps dilated 3x3 convolution, and up again."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        inner = max(1, channels // 2)
        groups = inner // _GROUP_CHANNELS if inner % _GROUP_CHANNELS == 0 else 1
        self.reduce = nn.Conv2d(channels, inner, 1)
        self.look = nn.Conv2d(inner, inner, 3, padding=dilation, dilation=dilation, groups=groups)
        self.expand = nn.Conv2d(inner, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        inner = F.leaky_relu(self.reduce(x), SLOPE)
        if inner.dtype == torch.bfloat16:
            # In float32: oneDNN's bfloat16 gradients of dilated weights are not always numbers.
            with torch.autocast(x.device.type, enabled=False):
                inner = self.look(inner.float())
        else:
            inner = self.look(inner)
        return x + self.expand(F.leaky_relu(inner, SLOPE))


class Tunnel(nn.Sequential):
    """Blocks of one level, then PixelShuffle to twice the size: [N, C, H, W] to [N, `above`, 2 H, 2 W]."""

    def __init__(self, channels: int, above: int, dilations: Sequence[int]) -> None:
        super().__init__(
            *(ResNeXt(channels, dilation) for dilation in dilations),
            nn.Conv2d(channels, 4 * above, 3, padding=1),
            nn.PixelShuffle(2),
            nn.LeakyReLU(SLOPE),
        )


class PaintsTorch(nn.Module):
    """Paints color from line art and strokes.

    forward takes `line` [N, 1, H, W] in [0, 1] (1 is ink) and `hint` [N, 4, H / 4, W / 4]: red, green and blue in
    [-1, 1] times the mask, then the mask in [0, 1] (0: no stroke). H and W are multiples of `size_multiple`.
    It returns color [N, 3, H, W] in about [-1, 1]. The paper ends in tanh; as most of a picture is white paper, that
    tanh would saturate, lose its gradient, and keep colors white.

    widths   channels at the full size, the half, and so on, three levels or more; the paper's are about
             (32, 64, 128, 256, 512)
    blocks   ResNeXt blocks of each level below the first; the paper's are about (2, 8, 8, 20)
    size_px  long side in training, and of its painting
    """

    name = "paintstorch"
    # Channels of the input at full size.
    planes = 1

    def __init__(
        self,
        widths: Sequence[int] = (16, 32, 64, 96, 128),
        blocks: Sequence[int] = (2, 3, 4, 4),
        size_px: int = 128,
    ) -> None:
        super().__init__()
        if len(widths) <= _HINT_LEVEL or len(blocks) != len(widths) - 1:
            raise ValueError(f"widths must be 3 or more, blocks one fewer, got {len(widths)} and {len(blocks)}")
        self.sizes: dict[str, Any] = {"widths": list(widths), "blocks": list(blocks), "size_px": size_px}
        self.size_px = size_px
        self.enter = nn.Conv2d(self.planes, widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(widths))
        hinted = widths[_HINT_LEVEL]
        self.read_hint = nn.Conv2d(HINT_PLANES, hinted, 3, padding=1)
        self.join_hint = nn.Conv2d(2 * hinted, hinted, 1)
        levels = range(len(widths) - 1, 0, -1)
        self.tunnels = nn.ModuleList(
            Tunnel(widths[i], widths[i - 1], _dilations(blocks[i - 1], deepest=i == len(widths) - 1)) for i in levels
        )
        self.join = nn.ModuleList(nn.Conv2d(2 * widths[i - 1], widths[i - 1], 3, padding=1) for i in levels)
        self.leave = nn.Conv2d(widths[0], 3, 3, padding=1)
        self.certainty = Certainty()
        start_convolutions(self)
        with torch.no_grad():
            self.leave.weight.mul_(0.1)

    @property
    def size_multiple(self) -> int:
        """Return the number that must divide height and width of the input."""
        return 2 ** len(self.down)

    def forward(self, line: Tensor, hint: Tensor) -> Tensor:
        return self.decode(self.encode(line, hint))

    def encode(self, seen: Tensor, hint: Tensor) -> list[Tensor]:
        """Encode the input at full size, [N, `planes`, H, W], and the hint as maps of each level, the deepest last."""
        maps = [F.leaky_relu(self.enter(seen), SLOPE)]
        for level, down in enumerate(self.down, start=1):
            x = F.leaky_relu(down(maps[-1]), SLOPE)
            if level == _HINT_LEVEL:
                marks = F.leaky_relu(self.read_hint(hint), SLOPE)
                x = F.leaky_relu(self.join_hint(torch.cat([x, marks], dim=1)), SLOPE)
            maps.append(x)
        return maps

    def decode(self, maps: list[Tensor]) -> Tensor:
        """Decode the maps of all levels to color."""
        x = maps[-1]
        for tunnel, join, skip in zip(self.tunnels, self.join, maps[-2::-1], strict=True):
            x = F.leaky_relu(join(torch.cat([tunnel(x), skip], dim=1)), SLOPE)
        return self.leave(x)


def start_convolutions(network: nn.Module) -> None:
    """Set random weights that keep the spread of values without normalization; residual blocks start small."""
    for part in network.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, a=SLOPE, nonlinearity="leaky_relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    for part in network.modules():
        if isinstance(part, ResNeXt):
            with torch.no_grad():
                part.expand.weight.mul_(0.1)


def _dilations(count: int, *, deepest: bool) -> list[int]:
    """Choose the dilations of one level's blocks; the deepest level needs none, as it covers enough of the picture."""
    return [1 if deepest else _DILATIONS[i % len(_DILATIONS)] for i in range(count)]
