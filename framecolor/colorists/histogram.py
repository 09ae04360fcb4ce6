"""Automatic Colorization for Line Arts at use: a reference's colors, as a histogram, become the drawing's palette."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from framecolor.colorists.base import Guide, Knobs, blend_image, draw_gray, fit_size
from framecolor.core.histogram import BINS, color_histogram, figure_weight
from framecolor.core.types import Frame, Regions
from framecolor.networks.deepcolor import SIZE_MULTIPLE
from framecolor.networks.histogram import HistogramColor


class HistogramColorist:
    """Colors as the histogram says, whichever place each gets: there is no chance in it, the seed changes nothing.

    The histogram is the guide's; else that of the reference, without its paper; else that of what the hint knows; else
    the mean of what the network learned from.
    long_side  working size in pixels; None: that of the training, where lines are as thick as the network knows them.
    `Knobs.guidance` is the weight of the histogram against that mean: 1 is what it learned, 0 leaves only the mean.
    """

    name = "histogram"

    def __init__(self, network: nn.Module, long_side: int | None = None) -> None:
        self.network = cast(HistogramColor, network)
        self.long_side = long_side or self.network.size_px

    @torch.inference_mode()
    def paint(self, frame: Frame, regions: Regions, guide: Guide, knobs: Knobs) -> NDArray[np.float32]:
        line = draw_gray(frame, fit_size(frame.size, self.long_side, SIZE_MULTIPLE))
        told = torch.from_numpy(wanted_colors(guide))[None]
        painted = self.network(torch.from_numpy(line)[None, None], told, knobs.guidance)[0]
        rgb = (painted.permute(1, 2, 0).numpy() + 1) / 2
        return blend_image(np.ascontiguousarray(rgb, dtype=np.float32), guide, knobs)


def wanted_colors(guide: Guide) -> NDArray[np.float32]:
    """The histogram that a guide means, float32 [512]; all 0 when it says nothing of colors."""
    if guide.histogram is not None:
        return guide.histogram
    if guide.reference is not None:
        return color_histogram(guide.reference, figure_weight(guide.reference))
    if guide.hint is not None:
        return color_histogram(guide.hint.rgb, guide.hint.confidence)
    return np.zeros(BINS, np.float32)
