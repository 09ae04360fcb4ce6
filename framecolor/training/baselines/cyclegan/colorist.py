"""CycleGAN as a colorist: turns the drawing, as a gray picture, into a color picture; it takes no hints."""

from __future__ import annotations

from torch import Tensor

from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.training.baselines.colorist import BaselineColorist
from framecolor.training.baselines.cyclegan.network import show_sketch


class CycleGanColorist(BaselineColorist):
    """Uses `Conditioning.image`, `mask` and the strength; colors are like those of its training pictures."""

    name = "cyclegan"

    def color(self, line: Tensor, conditioning: Conditioning, options: SamplingOptions) -> Tensor:
        return self.network(show_sketch(line))
