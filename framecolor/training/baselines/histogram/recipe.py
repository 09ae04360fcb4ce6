"""Recipe `histogram`: from lines and the color histogram of a reference, after Automatic Colorization for Line Arts.

Two trainings of one network: a CNN by squared error, the authors' baseline, and a conditional GAN (binary
cross-entropy + 100 x L1). The histogram is that of the painting itself. Half of the paintings are turned in hue or have
their channels swapped, so that the network needs the histogram beside the lines. The weights of fills are random, and
some histograms include the paper, so that the histogram of another picture works, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from framecolor.core.histogram import bin_colors, color_histogram
from framecolor.core.precision import autocast
from framecolor.training.baselines.adversary import critic_loss, painter_loss
from framecolor.training.baselines.histogram.network import Histogram, HistogramCritic
from framecolor.training.loop import Batch, Turn
from framecolor.training.paintings import Painting, turn_hue
from framecolor.training.region_loss import region_loss, take_regions
from framecolor.training.system_recipe import ColoristRecipe, to_planes

Float = NDArray[np.float32]

_L1_WEIGHT = 100.0
# Scales the squared error, whose gradients are small near the end, to about those of L1.
_L2_WEIGHT = 100.0
# Of the mean colors of regions, and of which color of the painting each is: what region-wise painting uses.
_REGION_WEIGHT, _PALETTE_WEIGHT = 50.0, 5.0
_RECOLORED_SHARE = 0.5
# Share of histograms that include the paper, as those of a user's reference may.
_WITH_PAPER_SHARE = 0.25
# Share of empty histograms, which train the neutral one.
_SILENT_SHARE = 0.08
# Scatter (log) of the fills' weights.
_WEIGHT_SCATTER = 0.6
_NEUTRAL_RATE = 0.02
_BETAS = (0.5, 0.999)


class HistogramRecipe(ColoristRecipe):
    """Trains `Histogram`. `network`: the conditional GAN, or the CNN, which has no adversary."""

    network_type = Histogram
    shipped = "painter"
    methods = ("drawn", "canny")

    def __init__(self, data: Path, seed: int = 0, *, network: Literal["cnn", "cgan"] = "cgan", **options: Any) -> None:
        super().__init__(data, seed, **options)
        self.adversary = network == "cgan"
        turns = {"generator": Turn(("painter",), weight_decay=0, betas=_BETAS)}
        critic = {"critic": Turn(("critic",), weight_decay=0, betas=_BETAS)}
        self.turns: Mapping[str, Turn] = {**critic, **turns} if self.adversary else turns

    def build_network(self) -> nn.Module:
        parts: dict[str, nn.Module] = {"painter": Histogram(**self.sizes)}
        return nn.ModuleDict(parts | ({"critic": HistogramCritic(self.sizes["width"])} if self.adversary else {}))

    def make(self, painting: Painting, rng: np.random.Generator) -> dict[str, Float]:
        """Make lines, color, and `histogram` [512], which is all 0 if it is left out."""
        rgb = turn_colors(painting.rgb, rng) if rng.random() < _RECOLORED_SHARE else painting.rgb
        histogram = tell_colors(rgb, painting, rng)
        if rng.random() < _SILENT_SHARE:
            histogram = np.zeros_like(histogram)
        return {
            "rgb": to_planes(rgb),
            "line": painting.lines[None],
            "labels": take_regions(painting.flats, painting.lines),
            "histogram": histogram,
            "shown": to_planes(show_histogram(histogram, self.size_px)),
        }

    def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        line, histogram, rgb = batch["line"], batch["histogram"], batch["rgb"]
        painted = self.paint(network, batch)
        if turn == "critic":
            critic = network.get_submodule("critic")
            with autocast(line.device):
                real, fake = (critic(line, histogram, picture).float() for picture in (rgb, painted))
            return critic_loss("bce", real, fake), {}
        painter = cast(Histogram, network.get_submodule("painter"))
        self._remember(painter, histogram)
        apart = F.l1_loss(painted, rgb)
        region, palette = region_loss(painted, rgb, batch["labels"], painter.certainty)
        used = _REGION_WEIGHT * region + _PALETTE_WEIGHT * palette
        numbers = {"l1": float(apart.detach()) / 2, "region": float(region.detach()) / 2}
        numbers["palette"] = float(palette.detach())
        if not self.adversary:
            return _L2_WEIGHT * F.mse_loss(painted, rgb) + used, numbers
        with autocast(line.device):
            score = network.get_submodule("critic")(line, histogram, painted).float()
        fooled = painter_loss("bce", score)
        return _L1_WEIGHT * apart + fooled + used, {**numbers, "fooled": float(fooled.detach())}

    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        with autocast(batch["line"].device):
            return network.get_submodule("painter")(batch["line"], batch["histogram"]).float()

    def describe(self) -> dict[str, Any]:
        return {**super().describe(), "adversary": self.adversary}

    @staticmethod
    @torch.no_grad()
    def _remember(painter: Histogram, histogram: Tensor) -> None:
        """Update the mean histogram with a batch."""
        given = histogram[histogram.sum(dim=1) > 0]
        if len(given) and painter.training:
            painter.neutral.lerp_(given.mean(dim=0), _NEUTRAL_RATE)


def turn_colors(rgb: Float, rng: np.random.Generator) -> Float:
    """Swap the channels of colors in [0, 1], or turn their hue; white, grays and the order of brightness stay."""
    if rng.random() < 0.5:
        return np.ascontiguousarray(rgb[..., rng.permutation(3)])
    return turn_hue(rgb, float(rng.uniform(0, 360)))


def tell_colors(rgb: Float, painting: Painting, rng: np.random.Generator) -> Float:
    """Make a histogram of a painting's colors as of a reference, with random weights, float32 [512]."""
    height, width = painting.flats.shape
    outside = cv2.resize(painting.outside.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    weight = np.exp(rng.normal(0, _WEIGHT_SCATTER, int(painting.flats.max()) + 1))[painting.flats]
    paper = float(rng.uniform(0, 1)) if rng.random() < _WITH_PAPER_SHARE else 0.0
    weight *= 1 - (1 - paper) * outside
    # A picture without a figure has only its paper.
    return color_histogram(np.round(rgb * 255).astype(np.uint8), weight if weight.sum() > 1 else None)


def show_histogram(histogram: Float, side: int) -> Float:
    """Show a histogram's colors as stripes, widest first, float32 SxSx3 in [0, 1]; white if it is empty."""
    order = np.argsort(-histogram, kind="stable")
    ends = np.cumsum(histogram[order])
    if ends[-1] <= 0:
        return np.ones((side, side, 3), np.float32)
    row = order[np.minimum(np.searchsorted(ends, (np.arange(side) + 0.5) / side * ends[-1]), len(order) - 1)]
    stripes = bin_colors()[row].astype(np.float32) / np.float32(255)
    return np.asarray(np.repeat(stripes[None], side, axis=0), dtype=np.float32)
