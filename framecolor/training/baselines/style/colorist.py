"""Style transfer as a colorist: the drawing is optimized toward the reference's style; it has no weights."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from framecolor.colorists.base import Conditioning, SamplingOptions, fit_size
from framecolor.networks.perception import load_perception
from framecolor.training.baselines.colorist import BaselineColorist
from framecolor.training.baselines.style.network import StyleLoss, transfer_style

_STEPS = 80
# Working size of the drawing, px: takes a second or two per picture on one core.
_LONG_SIDE = 160


class StyleColorist(BaselineColorist):
    """Uses the colors of `Conditioning.reference`, matched by features; without one, returns the gray drawing.

    Of the options it uses `steps`, and the strength if there is an image. Raises ReadError if the weights of the
    package's features are missing.
    """

    name = "style"

    def __init__(self, network: None = None) -> None:
        self.network, self.size_multiple, self.long_side = load_perception(), 16, _LONG_SIDE

    def color(self, line: Tensor, conditioning: Conditioning, options: SamplingOptions) -> Tensor:
        picture = (1 - 2 * line).repeat(1, 3, 1, 1)
        if conditioning.reference is None:
            return picture
        rows, columns = fit_size(conditioning.reference.shape[:2], self.long_side, self.size_multiple)
        small = cv2.resize(conditioning.reference, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)
        reference = torch.from_numpy(small.transpose(2, 0, 1) / np.float32(127.5) - 1)[None]
        loss = StyleLoss(self.network, picture, reference)
        return transfer_style(loss, picture, options.steps or _STEPS)
