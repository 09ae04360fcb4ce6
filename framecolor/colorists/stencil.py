"""StencilTorch: paints anew inside of a mask, and keeps all else; what it returns is the next pass's image."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from framecolor.colorists.base import Guide, Knobs, blend_image, fit_size
from framecolor.colorists.paintstorch import from_output, hint_input, line_input
from framecolor.core.types import Frame, Regions
from framecolor.networks.paintstorch import StencilTorch


class StencilColorist:
    """Uses `Guide.image`, `Guide.mask` and `Guide.hint`; without an image it paints all of a blank sheet.

    At strength 1, what the image shows inside of the mask is not looked at; below, it shines through, for the network
    as in the result. There is no chance in it: all seeds give the same picture.
    """

    name = "stencil"

    def __init__(self, network: StencilTorch) -> None:
        self.network = network

    def paint(self, frame: Frame, regions: Regions, guide: Guide, knobs: Knobs) -> NDArray[np.float32]:
        """Color of the drawing's size where there is an image: outside of the mask, `rint(255 * color)` is the image to
        the bit. Else at the network's own size."""
        size = fit_size(frame.size, self.network.size_px, self.network.size_multiple)
        image, mask = _shrink_image(guide, size)
        image = image + knobs.strength * mask[..., None] * (1 - image)
        planes = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1), dtype=np.float32))[None] * 2 - 1
        inside = torch.from_numpy(mask)[None, None]
        with torch.inference_mode():
            painted = self.network(line_input(frame, size), planes, inside, hint_input(guide.hint, size))
        return blend_image(from_output(painted), guide, knobs)


def _shrink_image(guide: Guide, size: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Image in [0, 1] and mask at the working size; blank, and all of it, where there is none.

    The mask is a little wider than asked for, so that no color from outside comes in when the result is enlarged; what
    is too much is cut off at the drawing's size.
    """
    if guide.image is None:
        return np.ones((*size, 3), np.float32), np.ones(size, np.float32)
    columns_rows = size[1], size[0]
    image = cv2.resize(guide.image.astype(np.float32) / np.float32(255), columns_rows, interpolation=cv2.INTER_AREA)
    mask = np.ones(size, np.float32)
    if guide.mask is not None:
        share = cv2.resize(guide.mask.astype(np.float32), columns_rows, interpolation=cv2.INTER_AREA)
        mask = cv2.dilate((share > 0).astype(np.float32), np.ones((3, 3), np.uint8))
    return np.asarray(image, dtype=np.float32), np.asarray(mask, dtype=np.float32)
