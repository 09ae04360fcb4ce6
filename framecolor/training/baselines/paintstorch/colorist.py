"""PaintsTorch as a colorist: paints a drawing by itself, or by a few brush strokes."""

from __future__ import annotations

import torch
from torch import Tensor

from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.core.types import Hint
from framecolor.training.baselines.colorist import BaselineColorist
from framecolor.training.baselines.paintstorch.marks import shrink_marks
from framecolor.training.baselines.paintstorch.network import HINT_PLANES, HINT_STRIDE


class PaintsTorchColorist(BaselineColorist):
    """Uses `Conditioning.hint`. Deterministic: the seed has no effect."""

    name = "paintstorch"

    def color(self, line: Tensor, conditioning: Conditioning, options: SamplingOptions) -> Tensor:
        return self.network(line, hint_input(conditioning.hint, line))


def hint_input(hint: Hint | None, line: Tensor) -> Tensor:
    """Make the networks' hint input for lines [1, 1, H, W]: [1, 4, H / 4, W / 4]."""
    small = line.shape[2] // HINT_STRIDE, line.shape[3] // HINT_STRIDE
    if hint is None:
        return torch.zeros(1, HINT_PLANES, *small)
    return torch.from_numpy(shrink_marks(hint.rgb, hint.confidence, small))[None]
