"""CycleGAN at use: the drawing as a gray picture goes in, a color picture comes out; hints mean nothing to it."""

from __future__ import annotations

from torch import Tensor

from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.training.baselines.colorist import BaselineColorist
from framecolor.training.baselines.cyclegan.network import show_sketch


class CycleGanColorist(BaselineColorist):
    """Colors as the pictures it was trained on have them; it uses `Conditioning.image`, `mask` and the strength."""

    name = "cyclegan"

    def color(self, line: Tensor, conditioning: Conditioning, options: SamplingOptions) -> Tensor:
        return self.network(show_sketch(line))
