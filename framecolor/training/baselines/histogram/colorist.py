"""Automatic Colorization for Line Arts at use: a reference's colors, as a histogram, become the drawing's palette."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.core.histogram import BINS, color_histogram, figure_weight
from framecolor.training.baselines.colorist import BaselineColorist


class HistogramColorist(BaselineColorist):
    """Colors as the histogram says, whichever place each gets: there is no chance in it, the seed changes nothing.

    The histogram is `Conditioning.histogram`; else that of the reference, without its paper; else that of what the hint
    knows; else the mean of what the network learned from. `SamplingOptions.guidance` is its weight against that mean: 1
    is what it learned, 0 leaves only the mean.
    """

    name = "histogram"

    def color(self, line: Tensor, conditioning: Conditioning, options: SamplingOptions) -> Tensor:
        return self.network(line, torch.from_numpy(wanted_colors(conditioning))[None], options.guidance)


def wanted_colors(conditioning: Conditioning) -> NDArray[np.float32]:
    """The histogram that is asked for, float32 [512]; all 0 when nothing is said of colors."""
    if conditioning.histogram is not None:
        return conditioning.histogram
    if conditioning.reference is not None:
        return color_histogram(conditioning.reference, figure_weight(conditioning.reference))
    if conditioning.hint is not None:
        return color_histogram(conditioning.hint.rgb, conditioning.hint.confidence)
    return np.zeros(BINS, np.float32)
