"""A painting of one drawing that nobody painted: a colorist's color, voted to the regions, with hints to the bit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from framecolor.colorists.base import Colorist, Conditioning, SamplingOptions
from framecolor.colorists.flats import vote_flats
from framecolor.core.types import Frame, Palette, Regions


def propose_painting(
    frame: Frame,
    regions: Regions,
    conditioning: Conditioning,
    options: SamplingOptions,
    colorist: Colorist,
    palette: Palette | None = None,
    told: Mapping[int, tuple[int, int, int, int]] | None = None,
) -> NDArray[np.uint8]:
    """The color of each region of a drawing, uint8 [count + 1, 4] straight RGBA; paper is transparent.

    palette  the only colors that may be used, where given
    told     region -> its color, where somebody said it: kept to the bit, whatever the colorist thinks
    Same arguments, same colors.
    """
    colors = vote_flats(colorist.paint(frame, regions, conditioning, options), regions, palette)
    for region, color in (told or {}).items():
        colors[region] = color
    return colors
