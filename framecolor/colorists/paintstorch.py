"""PaintsTorch: paints a drawing by itself, and follows a few brush strokes where there are some."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from framecolor.colorists.base import Guide, Knobs, blend_image, draw_gray, fit_size
from framecolor.colorists.marks import shrink_marks
from framecolor.core.types import Frame, Hint, Regions
from framecolor.networks.paintstorch import HINT_PLANES, HINT_STRIDE, PaintsTorch


class PaintsTorchColorist:
    """Uses `Guide.hint`, and blends with `Guide.image`. There is no chance in it: all seeds give the same picture."""

    name = "paintstorch"

    def __init__(self, network: PaintsTorch) -> None:
        self.network = network

    def paint(self, frame: Frame, regions: Regions, guide: Guide, knobs: Knobs) -> NDArray[np.float32]:
        """Color at the network's own size, or that of `Guide.image` (`Colorist.paint`)."""
        size = fit_size(frame.size, self.network.size_px, self.network.size_multiple)
        with torch.inference_mode():
            painted = self.network(line_input(frame, size), hint_input(guide.hint, size))
        return blend_image(from_output(painted), guide, knobs)


def line_input(frame: Frame, size: tuple[int, int]) -> Tensor:
    """A drawing's lines, [1, 1, *size]."""
    return torch.from_numpy(draw_gray(frame, size))[None, None]


def hint_input(hint: Hint | None, size: tuple[int, int]) -> Tensor:
    """Strokes as the networks take them, [1, 4, h / 4, w / 4] of a working `size`."""
    small = size[0] // HINT_STRIDE, size[1] // HINT_STRIDE
    if hint is None:
        return torch.zeros(1, HINT_PLANES, *small)
    return torch.from_numpy(shrink_marks(hint.rgb, hint.confidence, small))[None]


def from_output(painted: Tensor) -> NDArray[np.float32]:
    """Color [1, 3, h, w] in [-1, 1] as float32 hxwx3 in [0, 1]."""
    return np.ascontiguousarray(((painted[0] + 1) / 2).clamp(0, 1).permute(1, 2, 0).numpy())
