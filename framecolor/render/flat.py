"""Flat paint: one color per region, which extends under the lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Box, Regions
from framecolor.lineart.regions import nearest_regions

Value = TypeVar("Value", bound=np.generic)


@dataclass(frozen=True, eq=False)
class Taken:
    """Pixels of lines that do not get the paint of their nearest region.

    place   flat indices of the pixels, intp [N]
    region  whose paint each of them gets, int32 [N]
    """

    place: NDArray[np.intp]
    region: NDArray[np.int32]


def paint_flat(regions: Regions, colors: NDArray[np.uint8], taken: Taken | None = None) -> NDArray[np.uint8]:
    """Paint the regions of a drawing, uint8 HxWx4 straight RGBA.

    colors  of each region, uint8 [count + 1, 4]
    taken   pixels of trace lines that are painted from one side
    Other lines get the color of their nearest region, so that no paper shows through antialiased ink. A drawing without
    regions is transparent.
    """
    packed = np.ascontiguousarray(colors).view(np.uint32).ravel()
    return spread(regions, packed, taken).view(np.uint8).reshape(*regions.size, 4)


def spread(regions: Regions, values: NDArray[Value], taken: Taken | None = None) -> NDArray[Value]:
    """Spread one value per region, [count + 1], over its pixels, HxW; lines get the value of their nearest region.

    taken  as for `paint_flat`
    All 0 for a drawing without regions.
    """
    if regions.count == 0:
        return np.zeros(regions.size, values.dtype)
    picture = np.repeat(values[regions.runs.values.astype(np.intp)], regions.runs.lengths).reshape(regions.size)
    line = (regions.labels == 0).view(np.uint8)
    if line.any():
        box = Box.around(line, margin_px=2)
        part = box.crop(line).view(np.bool_)
        box.crop(picture)[part] = values[nearest_regions(box.crop(regions.labels), part)]
    if taken is not None:
        picture.reshape(-1)[taken.place] = values[taken.region]
    return picture
