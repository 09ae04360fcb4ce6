"""The region head by itself as a colorist: what strokes and palette give, without a system of the literature."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.colorists.base import Conditioning, SamplingOptions, blend_image
from framecolor.colorists.region_head import RegionHead
from framecolor.core.types import Frame, Regions
from framecolor.networks.chooser import Chooser


class ChooserColorist:
    """Uses `Conditioning.hint`, `histogram`, `reference`, `image` and `mask`. Deterministic: the seed has no effect.

    With nothing given it paints nothing: white.
    """

    name = "chooser"

    def __init__(self, network: Chooser) -> None:
        self.head = RegionHead(network)

    def paint(
        self, frame: Frame, regions: Regions, conditioning: Conditioning, options: SamplingOptions
    ) -> NDArray[np.float32]:
        """Paint at the drawing's own size, one color in each region (`Colorist.paint`)."""
        return blend_image(self.head.paint(frame, regions, conditioning, options), conditioning, options)
