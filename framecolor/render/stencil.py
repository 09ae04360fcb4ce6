"""Change a painted frame only inside a mask, and make a key of the result."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Frame, Palette, Regions
from framecolor.lineart.region_colors import nearest_entries, region_colors
from framecolor.render.flat import paint_flat

Rgba = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Stenciled:
    """A frame after its stencil, and its drawing painted as a key, both uint8 HxWx4."""

    frame: Rgba
    key: Rgba


def read_mask(stencil: Rgba) -> NDArray[np.bool_]:
    """Read the mask of a stencil, uint8 HxWx4: pixels that are neither transparent nor black, bool HxW."""
    return (stencil[..., 3] > 0) & (stencil[..., :3].max(axis=2) > 0)


def apply_stencil(
    old: Rgba, new: Rgba, mask: NDArray[np.bool_], frame: Frame, regions: Regions, colors: Rgba, palette: Palette | None
) -> Stenciled:
    """Merge the new frame into the old one inside a mask.

    colors   of each region in the new frame, uint8 [count + 1, 4]
    palette  the key's other colors become its nearest ones; None: they stay as they are

    In the key, a region that looks as in the new frame has its color of `colors`, even if paper is shown as white; any
    other region has its most frequent color.
    """
    merged = old.copy()
    merged[mask] = new[mask]
    shown, today = (region_colors(picture, frame, regions).color for picture in (merged, new))
    kept = shown if palette is None else palette.colors[nearest_entries(shown, palette)]
    same = (shown == today).all(axis=1)
    return Stenciled(merged, paint_flat(regions, np.where(same[:, None], colors, kept)))
