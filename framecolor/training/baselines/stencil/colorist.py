"""StencilTorch as a colorist: repaints inside of a mask and keeps the rest; its result can be the next image."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.training.baselines.colorist import BaselineColorist
from framecolor.training.baselines.paintstorch.colorist import hint_input


class StencilTorchColorist(BaselineColorist):
    """Uses `Conditioning.image`, `mask` and `hint`; without an image it paints the whole blank sheet.

    With an image, color has the drawing's size, and outside of the mask `rint(255 * color)` equals the image exactly.
    At strength 1, the image inside of the mask is ignored; below, it is blended into the network's input and the
    result. Deterministic: the seed has no effect.
    """

    name = "stencil"

    def color(self, line: Tensor, conditioning: Conditioning, options: SamplingOptions) -> Tensor:
        image, mask = _shrink_image(conditioning, (line.shape[2], line.shape[3]))
        image = image + options.strength * mask[..., None] * (1 - image)
        planes = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1), dtype=np.float32))[None] * 2 - 1
        return self.network(line, planes, torch.from_numpy(mask)[None, None], hint_input(conditioning.hint, line))


def _shrink_image(conditioning: Conditioning, size: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scale the image, in [0, 1], and the mask to the working size; without an image: blank, and the whole mask.

    The mask is slightly widened, so that no color from outside bleeds in when the result is enlarged; the excess is
    cut off at the drawing's size.
    """
    if conditioning.image is None:
        return np.ones((*size, 3), np.float32), np.ones(size, np.float32)
    columns_rows = size[1], size[0]
    unit = conditioning.image.astype(np.float32) / np.float32(255)
    image = cv2.resize(unit, columns_rows, interpolation=cv2.INTER_AREA)
    mask = np.ones(size, np.float32)
    if conditioning.mask is not None:
        share = cv2.resize(conditioning.mask.astype(np.float32), columns_rows, interpolation=cv2.INTER_AREA)
        mask = cv2.dilate((share > 0).astype(np.float32), np.ones((3, 3), np.uint8))
    return np.asarray(image, dtype=np.float32), np.asarray(mask, dtype=np.float32)
