"""Propose a painting of one drawing without a key: a colorist's colors by region, with given colors exact."""

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
    """Propose the color of each region of a drawing, uint8 [count + 1, 4] straight RGBA; paper is transparent.

    palette  limits the colorist to its colors and those of `told`
    told     colors that the user gave to regions; the proposal keeps them exactly
    The same arguments give the same colors.
    """
    told = told or {}
    given = np.array([*told.values()], np.uint8).reshape(-1, 4)
    colors = vote_flats(colorist.paint(frame, regions, conditioning, options), regions, palette, given)
    for region, color in told.items():
        colors[region] = color
    return colors
