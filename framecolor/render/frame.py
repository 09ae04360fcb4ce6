"""Render one frame from arrays: paint the regions and composite the lines over them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import LINES_OVER, LinePlacement
from framecolor.core.compositing import fill_paper, lay_over
from framecolor.core.types import Frame, Regions
from framecolor.render.flat import Taken, paint_flat

Rgba = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Painted:
    """A painted frame, each picture uint8 HxWx4 straight RGBA.

    rgba   the frame
    paint  the paint below its lines; None if not asked for
    ink    its lines; None if not asked for
    """

    rgba: Rgba
    paint: Rgba | None = None
    ink: Rgba | None = None


def render_frame(
    frame: Frame,
    regions: Regions,
    colors: Rgba,
    *,
    line: LinePlacement = "color",
    paper: bool = False,
    apart: bool = False,
    shade: Callable[[Rgba], Rgba] | None = None,
    taken: Taken | None = None,
) -> Painted:
    """Paint each region of a drawing in its color, and lay the drawing's lines over the paint.

    colors  of each region, uint8 [count + 1, 4]
    line    over, color: lines over the paint; none: paint alone; layer: paint alone, and the lines as a second picture
    paper   make transparent pixels opaque white
    apart   also return paint and lines separately, for a format with layers
    shade   turns the flat paint, uint8 HxWx4, into soft color before the lines are composited
    taken   pixels of trace lines that are painted from one side
    """
    paint = paint_flat(regions, colors, taken)
    if shade is not None:
        paint = shade(paint)
    if paper:
        paint = fill_paper(paint)
    if line not in LINES_OVER:
        return Painted(paint, ink=frame.ink if line == "layer" else None)
    below = paint.copy() if apart else None
    lay_lines(frame, paint)
    return Painted(paint, below, frame.ink if apart else None)


def lay_lines(frame: Frame, paint: Rgba) -> None:
    """Composite a drawing's ink over paint, uint8 HxWx4, in place; pixels without ink stay unchanged."""
    part = frame.box.crop(paint)
    part[:] = lay_over(frame.box.crop(frame.ink), part)
