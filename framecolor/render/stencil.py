"""Change a painted frame inside of a mask alone, and make a key of it."""

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
    """A frame after its stencil: its pixels, and the same drawing as a key, both uint8 HxWx4."""

    frame: Rgba
    key: Rgba


def read_mask(stencil: Rgba) -> NDArray[np.bool_]:
    """Where a stencil (uint8 HxWx4) lets the frame change: what is neither transparent nor black, bool HxW."""
    return (stencil[..., 3] > 0) & (stencil[..., :3].max(axis=2) > 0)


def apply_stencil(
    old: Rgba, new: Rgba, mask: NDArray[np.bool_], frame: Frame, regions: Regions, colors: Rgba, palette: Palette | None
) -> Stenciled:
    """The old frame with the new one inside of a mask.

    colors   of each region as it is painted today, uint8 [count + 1, 4]
    palette  to which the key's other colors are matched; None takes them as they are

    A region that looks as today's is that color in the key, also where paper is shown as white; any other is what most
    of it is.
    """
    merged = old.copy()
    merged[mask] = new[mask]
    shown, today = (region_colors(picture, frame, regions).color for picture in (merged, new))
    kept = shown if palette is None else palette.colors[nearest_entries(shown, palette)]
    same = (shown == today).all(axis=1)
    return Stenciled(merged, paint_flat(regions, np.where(same[:, None], colors, kept)))
