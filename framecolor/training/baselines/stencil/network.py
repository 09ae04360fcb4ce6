"""StencilTorch's network (Hati et al. 2022): PaintsTorch's, with a painting and a mask as further inputs."""

from __future__ import annotations

import torch
from torch import Tensor

from framecolor.training.baselines.paintstorch.network import PaintsTorch


class StencilTorch(PaintsTorch):
    """Repaints a painting inside of a mask.

    forward takes, beside line and hint of `PaintsTorch`, `image` [N, 3, H, W] in [-1, 1], the painting so far,
    and `mask` [N, 1, H, W] in [0, 1], 1 where it may change. Where the mask is 0, the image is returned unchanged.
    """

    name = "stencil"
    planes = 5

    def forward(self, line: Tensor, image: Tensor, mask: Tensor, hint: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.compose(self.decode(self.look(line, image, mask, hint)), image, mask)

    def look(self, line: Tensor, image: Tensor, mask: Tensor, hint: Tensor) -> list[Tensor]:
        """Compute the maps of each level, the deepest last; in training, a guide decoder reads the deepest."""
        return self.encode(torch.cat([line, image, mask], dim=1), hint)

    @staticmethod
    def compose(painted: Tensor, image: Tensor, mask: Tensor) -> Tensor:
        """Compose `painted` inside of the mask and `image` outside."""
        return torch.where(mask > 0, image + mask * (painted - image), image)
