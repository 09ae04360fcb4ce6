"""Automatic Colorization for Line Arts as a colorist: colors a drawing by the color histogram of a reference."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.core.histogram import BINS, color_histogram, figure_weight
from framecolor.training.baselines.colorist import BaselineColorist


class HistogramColorist(BaselineColorist):
    """Uses a histogram of the wanted colors, at places of its own choice. Deterministic: the seed has no effect.

    The histogram is `Conditioning.histogram`, or else that of the reference without its paper, or else that of the
    hint, or else the mean of the training data. `SamplingOptions.guidance` is its weight against that mean: 1 as in
    training, 0 uses the mean alone.
    """

    name = "histogram"

    def color(self, line: Tensor, conditioning: Conditioning, options: SamplingOptions) -> Tensor:
        return self.network(line, torch.from_numpy(wanted_colors(conditioning))[None], options.guidance)


def wanted_colors(conditioning: Conditioning) -> NDArray[np.float32]:
    """Choose the wanted histogram, float32 [512]; all 0 if no colors are given."""
    if conditioning.histogram is not None:
        return conditioning.histogram
    if conditioning.reference is not None:
        return color_histogram(conditioning.reference, figure_weight(conditioning.reference))
    if conditioning.hint is not None:
        return color_histogram(conditioning.hint.rgb, conditioning.hint.confidence)
    return np.zeros(BINS, np.float32)
