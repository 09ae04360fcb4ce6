"""Flat paint: every region in exactly one palette color, also under the lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.datatypes import Box, Regions
from framecolor.lineart.regions import fill_lines


def paint_flat(regions: Regions, colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The paint layer of a drawing, uint8 HxWx4 straight RGBA.

    colors  of each region, uint8 [count + 1, 4]. Lines get the color of their nearest region, so that antialiased
            ink never shows paper between line and paint. A drawing without regions stays transparent.
    """
    if regions.count == 0:
        return np.zeros((*regions.size, 4), np.uint8)
    packed = np.ascontiguousarray(colors).view(np.uint32).ravel()
    paint = np.repeat(packed[regions.runs.values.astype(np.intp)], regions.runs.lengths).reshape(regions.size)
    box = Box.around((regions.labels == 0).view(np.uint8), margin_px=2)
    box.crop(paint)[:] = np.take(packed, fill_lines(box.crop(regions.labels)))
    return paint.view(np.uint8).reshape(*regions.size, 4)
