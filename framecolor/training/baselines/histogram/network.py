"""Automatic Colorization for Line Arts: a U-Net that colors a drawing in the colors of a reference's histogram."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from framecolor.core.histogram import BINS, bin_colors
from framecolor.networks.certainty import Certainty
from framecolor.training.baselines.deepcolor.network import Critic, UNet, level_widths

# Values that the critic computes from a histogram, tiled beside line and image.
_CRITIC_TOLD = 8
_SLOPE = 0.2


class HistogramReader(nn.Module):
    """Encodes a histogram [N, 512] as [N, `told`] numbers.

    Each bin is encoded by its color (as a set of colors, each with its share: Zaheer et al. 2017, "Deep Sets"), so that
    rare colors are learned from similar ones; a matrix with one column per bin would have to learn every color by
    itself.
    """

    def __init__(self, told: int) -> None:
        super().__init__()
        self.colors: Tensor
        self.register_buffer("colors", torch.from_numpy(bin_colors()) / 128 - 1, persistent=False)
        self.read = nn.Sequential(nn.Linear(3, told), nn.LeakyReLU(_SLOPE), nn.Linear(told, told), nn.LeakyReLU(_SLOPE))
        self.join = nn.Sequential(nn.Linear(told + 3, told), nn.LeakyReLU(_SLOPE), nn.Linear(told, told))

    def forward(self, histogram: Tensor) -> Tensor:
        # The square root lets the color of an eye or a button count beside that of a coat.
        share = histogram.sqrt()
        share = share / share.sum(dim=1, keepdim=True).clamp_min(1e-6)
        pooled = share @ torch.cat([self.read(self.colors), self.colors], dim=1)
        return self.join(pooled)


class Histogram(nn.Module):
    """`generator` paints from line art and a 512-bin color histogram, which gives colors, but not their places.

    As the authors do, the histogram is tiled at the bottleneck. It also scales and shifts the channels of each level on
    the way up (FiLM, Perez et al. 2018), because skips would carry most of the picture past the bottleneck.

    width  filters of the first level: 64 need a GPU; 16 train on a CPU
    told   numbers that encode a histogram
    size_px  long side in training, and of its painting
    `neutral` [512] is the mean histogram of the training data, used in place of an empty one.
    """

    name = "histogram"
    size_multiple = 32

    def __init__(self, width: int = 16, told: int = 96, size_px: int = 128) -> None:
        super().__init__()
        self.sizes = {"width": width, "told": told, "size_px": size_px}
        self.size_px = size_px
        self.neutral: Tensor
        self.register_buffer("neutral", torch.full((BINS,), 1 / BINS))
        self.look = HistogramReader(told)
        self.generator = UNet(1, width, told)
        self.certainty = Certainty()
        self.tune = nn.ModuleList(nn.Linear(told, 2 * channels) for channels in level_widths(width)[-2::-1])

    def forward(self, line: Tensor, histogram: Tensor, weight: float = 1.0) -> Tensor:
        """Paint color [N, 3, H, W] in [-1, 1] from line art [N, 1, H, W] in [0, 1] and histograms [N, 512].

        histogram  sums to 1; all 0: `neutral` is used
        weight     of the histogram against `neutral`: 1 as in training, 0 uses `neutral` alone, more than 1 exaggerates
        """
        said = histogram.sum(dim=1, keepdim=True) > 0
        told = self.look(torch.where(said, histogram, self.neutral))
        if weight != 1:
            neutral = self.look(self.neutral[None])
            told = neutral + weight * (told - neutral)
        tuning = [cast(Tensor, tune(told)) for tune in self.tune]
        return cast(Tensor, self.generator(line, told, tuning))


class HistogramCritic(nn.Module):
    """Scores patches as real, logits, from line art, image, and the tiled histogram."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.look = HistogramReader(_CRITIC_TOLD)
        self.critic = Critic(1 + 3 + _CRITIC_TOLD, width)

    def forward(self, line: Tensor, histogram: Tensor, image: Tensor) -> Tensor:
        told = self.look(histogram)[..., None, None].expand(-1, -1, *line.shape[2:])
        return self.critic(torch.cat([line, image, told], dim=1))
