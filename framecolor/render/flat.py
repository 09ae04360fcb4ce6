"""Flat paint: every region in exactly one palette color, also under the lines."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Box, Regions
from framecolor.lineart.regions import nearest_regions

Value = TypeVar("Value", bound=np.generic)


def paint_flat(regions: Regions, colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The paint layer of a drawing, uint8 HxWx4 straight RGBA.

    colors  of each region, uint8 [count + 1, 4]. Lines get the color of their nearest region, so that antialiased
            ink never shows paper between line and paint. A drawing without regions stays transparent.
    """
    packed = np.ascontiguousarray(colors).view(np.uint32).ravel()
    return spread(regions, packed).view(np.uint8).reshape(*regions.size, 4)


def spread(regions: Regions, values: NDArray[Value]) -> NDArray[Value]:
    """The value of each pixel's region, HxW, from one for each region, [count + 1]; lines have their nearest region's.

    0 everywhere in a drawing without regions.
    """
    if regions.count == 0:
        return np.zeros(regions.size, values.dtype)
    picture = np.repeat(values[regions.runs.values.astype(np.intp)], regions.runs.lengths).reshape(regions.size)
    line = (regions.labels == 0).view(np.uint8)
    if line.any():
        box = Box.around(line, margin_px=2)
        part = box.crop(line).view(np.bool_)
        box.crop(picture)[part] = values[nearest_regions(box.crop(regions.labels), part)]
    return picture
