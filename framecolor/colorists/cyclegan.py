"""CycleGAN at use: the drawing as a gray picture goes in, a color picture comes out; hints mean nothing to it."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from framecolor.colorists.base import Guide, Knobs, blend_image, draw_gray, fit_size
from framecolor.core.types import Frame, Regions
from framecolor.networks.cyclegan import SIZE_MULTIPLE, CycleGan


class CycleGanColorist:
    """Colors as the pictures it was trained on have them. Of a guide it takes the image alone, and of the knobs the
    strength.

    long_side  working size in pixels; None: that of the training, where lines are as thick as the network knows them.
    """

    name = "cyclegan"

    def __init__(self, network: nn.Module, long_side: int | None = None) -> None:
        self.network = cast(CycleGan, network)
        self.long_side = long_side or self.network.size_px

    @torch.inference_mode()
    def paint(self, frame: Frame, regions: Regions, guide: Guide, knobs: Knobs) -> NDArray[np.float32]:
        gray = 1 - 2 * draw_gray(frame, fit_size(frame.size, self.long_side, SIZE_MULTIPLE))
        painted = self.network(torch.from_numpy(gray).expand(1, 3, -1, -1))[0]
        rgb = (painted.permute(1, 2, 0).numpy() + 1) / 2
        return blend_image(np.ascontiguousarray(rgb, dtype=np.float32), guide, knobs)
