"""Style transfer at use: the drawing is changed until it has the reference's style. It has no weights of its own."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from framecolor.colorists.base import Guide, Knobs, blend_image, draw_gray, fit_size
from framecolor.core.types import Frame, Regions
from framecolor.networks.perception import Perception, load_perception
from framecolor.networks.style import StyleLoss, transfer_style

_STEPS = 80
# Working size of the drawing: a second or two for a picture on one core.
_LONG_SIDE = 160
_SIZE_MULTIPLE = 16


class StyleColorist:
    """Colors of `Guide.reference`, wherever its features find a likeness; the drawing comes back gray without one.

    Of the knobs it takes `steps`, and the strength where there is an image.
    """

    name = "style"

    def __init__(self, network: Perception | None = None, long_side: int = _LONG_SIDE) -> None:
        """network: the features, the package's own when None. Raises ReadError when these are missing."""
        self.network = load_perception() if network is None else network
        self.long_side = long_side

    def paint(self, frame: Frame, regions: Regions, guide: Guide, knobs: Knobs) -> NDArray[np.float32]:
        gray = 1 - 2 * draw_gray(frame, fit_size(frame.size, self.long_side, _SIZE_MULTIPLE))
        picture = torch.from_numpy(gray).repeat(1, 3, 1, 1)
        if guide.reference is not None:
            loss = StyleLoss(self.network, picture, self._fit(guide.reference))
            picture = transfer_style(loss, picture, knobs.steps or _STEPS)
        rgb = (picture[0].permute(1, 2, 0).numpy() + 1) / 2
        return blend_image(np.ascontiguousarray(rgb, dtype=np.float32), guide, knobs)

    def _fit(self, reference: NDArray[np.uint8]) -> torch.Tensor:
        rows, columns = fit_size(reference.shape[:2], self.long_side, _SIZE_MULTIPLE)
        small = cv2.resize(reference, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)
        return torch.from_numpy(small.transpose(2, 0, 1) / np.float32(127.5) - 1)[None]
