"""How systems of the literature paint: at the size that they learned at, and over an image to start from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from framecolor.colorists.base import Conditioning, SamplingOptions, blend_image, draw_gray, fit_size
from framecolor.core.types import Frame, Regions


class BaselineColorist(ABC):
    """A colorist whose network colors a drawing's lines.

    long_side  working size in pixels; None: that of the training, where lines are as thick as the network knows them.
    """

    name: str

    def __init__(self, network: Any, long_side: int | None = None) -> None:
        """network: has `size_px`, the long side that it learned at, and `size_multiple`, of which sides are."""
        self.network, self.size_multiple = network, network.size_multiple
        self.long_side = long_side or network.size_px

    @torch.no_grad()
    def paint(
        self, frame: Frame, regions: Regions, conditioning: Conditioning, options: SamplingOptions
    ) -> NDArray[np.float32]:
        """Color at the working size, or at that of `conditioning.image` (`Colorist.paint`)."""
        line = draw_gray(frame, fit_size(frame.size, self.long_side, self.size_multiple))
        painted = self.color(torch.from_numpy(line)[None, None], conditioning, options)
        rgb = ((painted[0] + 1) / 2).clamp(0, 1).permute(1, 2, 0).numpy()
        return blend_image(np.ascontiguousarray(rgb), conditioning, options)

    @abstractmethod
    def color(self, line: Tensor, conditioning: Conditioning, options: SamplingOptions) -> Tensor:
        """Color [1, 3, H, W] in [-1, 1] of lines [1, 1, H, W], 1 where there is ink."""
