"""The base of the literature's colorists: paint at the size of training, and blend with an image to start from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from framecolor.colorists.base import Conditioning, SamplingOptions, blend_image, draw_gray, fit_size
from framecolor.colorists.region_head import RegionHead
from framecolor.core.types import Frame, Regions


class BaselineColorist(ABC):
    """A colorist whose network colors a drawing's lines.

    long_side  working size in pixels; None: that of training, at which lines have the width that the network expects
    head       votes with the network's soft color for each region's color, if strokes, a palette or a masked painting
               give colors; None: the soft color is all
    """

    name: str
    head: RegionHead | None = None

    def __init__(self, network: Any, long_side: int | None = None) -> None:
        """network: has `size_px`, the long side in training, and `size_multiple`, which must divide both sides."""
        self.network, self.size_multiple = network, network.size_multiple
        self.long_side = long_side or network.size_px

    @torch.no_grad()
    def paint(
        self, frame: Frame, regions: Regions, conditioning: Conditioning, options: SamplingOptions
    ) -> NDArray[np.float32]:
        """Paint at the working size, or at that of `conditioning.image` (`Colorist.paint`)."""
        line = draw_gray(frame, fit_size(frame.size, self.long_side, self.size_multiple))
        painted = self.color(torch.from_numpy(line)[None, None], conditioning, options)
        rgb = ((painted[0] + 1) / 2).clamp(0, 1).permute(1, 2, 0).numpy()
        rgb = np.ascontiguousarray(rgb)
        if self.head is not None:
            certainty = getattr(self.network, "certainty", None)
            rgb = self.head.paint(frame, regions, conditioning, options, rgb, certainty) if certainty else rgb
        return blend_image(rgb, conditioning, options)

    @abstractmethod
    def color(self, line: Tensor, conditioning: Conditioning, options: SamplingOptions) -> Tensor:
        """Color lines [1, 1, H, W], 1 on ink: color [1, 3, H, W] in [-1, 1]."""
