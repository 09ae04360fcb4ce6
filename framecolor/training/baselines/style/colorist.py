"""Style transfer at use: the drawing is changed until it has the reference's style. It has no weights of its own."""

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
# Working size of the drawing, px: a second or two for a picture on one core.
_LONG_SIDE = 160


class StyleColorist(BaselineColorist):
    """Colors of `Conditioning.reference`, wherever its features find a likeness; the drawing comes back gray without.

    Of the options it takes `steps`, and the strength where there is an image. Raises ReadError where the weights of the
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
