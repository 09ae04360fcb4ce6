"""Automatic Colorization for Line Arts: a U-Net that colors a drawing in the colors of a reference's histogram."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from framecolor.core.histogram import BINS, bin_colors
from framecolor.training.baselines.deepcolor.network import Critic, UNet, level_widths

# What the critic makes of a histogram, tiled beside line and image.
_CRITIC_TOLD = 8
_SLOPE = 0.2


class HistogramReader(nn.Module):
    """What a histogram [N, 512] tells, as [N, `told`] numbers.

    Each bin is read by the color that it stands for (as a set of colors, each with its share: Zaheer et al. 2017, "Deep
    Sets"), so that a color that was seldom seen is understood by its neighbors; a matrix of one column a bin would have
    to learn every color by itself.
    """

    def __init__(self, told: int) -> None:
        super().__init__()
        self.colors: Tensor
        self.register_buffer("colors", torch.from_numpy(bin_colors()) / 128 - 1, persistent=False)
        self.read = nn.Sequential(nn.Linear(3, told), nn.LeakyReLU(_SLOPE), nn.Linear(told, told), nn.LeakyReLU(_SLOPE))
        self.join = nn.Sequential(nn.Linear(told + 3, told), nn.LeakyReLU(_SLOPE), nn.Linear(told, told))

    def forward(self, histogram: Tensor) -> Tensor:
        # The root, so that the color of an eye or a button counts beside that of a coat.
        share = histogram.sqrt()
        share = share / share.sum(dim=1, keepdim=True).clamp_min(1e-6)
        pooled = share @ torch.cat([self.read(self.colors), self.colors], dim=1)
        return self.join(pooled)


class Histogram(nn.Module):
    """`generator`, told line art and a 512-bin color histogram, which says which colors, and not where.

    As the authors do, the histogram is tiled at the bottleneck; it also scales and shifts the channels of each level on
    the way up (FiLM, Perez et al. 2018), as skips would else carry most of the picture past it.

    width  filters of the first level: 64 at 256 px want a GPU; 24 train at 128 px on a CPU
    told   numbers that a histogram becomes
    size_px  long side that it was trained at, and paints at
    `neutral` [512] is the mean histogram of what it learned from: it stands in for a histogram that says nothing.
    """

    name = "histogram"
    size_multiple = 32

    def __init__(self, width: int = 24, told: int = 96, size_px: int = 128) -> None:
        super().__init__()
        self.sizes = {"width": width, "told": told, "size_px": size_px}
        self.size_px = size_px
        self.neutral: Tensor
        self.register_buffer("neutral", torch.full((BINS,), 1 / BINS))
        self.look = HistogramReader(told)
        self.generator = UNet(1, width, told)
        self.tune = nn.ModuleList(nn.Linear(told, 2 * channels) for channels in level_widths(width)[-2::-1])

    def forward(self, line: Tensor, histogram: Tensor, weight: float = 1.0) -> Tensor:
        """Color [N, 3, H, W] in [-1, 1] from line art [N, 1, H, W] in [0, 1] and histograms [N, 512].

        histogram  sums to 1; all 0: nothing is told, `neutral` stands in
        weight     of the histogram against `neutral`: 0 keeps to that, more than 1 goes beyond what was learned
        """
        said = histogram.sum(dim=1, keepdim=True) > 0
        told = self.look(torch.where(said, histogram, self.neutral))
        if weight != 1:
            neutral = self.look(self.neutral[None])
            told = neutral + weight * (told - neutral)
        tuning = [cast(Tensor, tune(told)) for tune in self.tune]
        return cast(Tensor, self.generator(line, told, tuning))


class HistogramCritic(nn.Module):
    """Logits of patches being real: it sees line art, image, and the histogram, tiled."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.look = HistogramReader(_CRITIC_TOLD)
        self.critic = Critic(1 + 3 + _CRITIC_TOLD, width)

    def forward(self, line: Tensor, histogram: Tensor, image: Tensor) -> Tensor:
        told = self.look(histogram)[..., None, None].expand(-1, -1, *line.shape[2:])
        return self.critic(torch.cat([line, image, told], dim=1))
