"""Flat paint: every region in exactly one palette color, also under the lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.datatypes import Palette, Regions
from framecolor.lineart.regions import fill_lines


def paint_flat(regions: Regions, index: NDArray[np.intp], palette: Palette) -> NDArray[np.uint8]:
    """The paint layer of a drawing, uint8 HxWx4 straight RGBA.

    index  palette entry of each region, length count + 1. Lines get the color of their nearest region, so that
           antialiased ink never shows paper between line and paint. A drawing without regions stays transparent.
    """
    if regions.count == 0:
        return np.zeros((*regions.size, 4), np.uint8)
    lookup = palette.colors[index]
    return lookup.view(np.uint32).ravel()[fill_lines(regions.labels)].view(np.uint8).reshape(*regions.size, 4)
