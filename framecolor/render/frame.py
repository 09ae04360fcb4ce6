"""Lay the colors of a drawing's regions under its lines: one finished frame, as arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import LinePlacement
from framecolor.core.compositing import fill_paper, lay_over
from framecolor.core.types import Frame, Regions
from framecolor.render.flat import paint_flat

Rgba = NDArray[np.uint8]

# Regions below this confidence are shown to the painter.
UNSURE_BELOW = 0.8
_MOST_UNSURE = 40


@dataclass(frozen=True, eq=False)
class Painted:
    """A painted frame, all of it uint8 HxWx4 straight RGBA.

    rgba   the frame
    paint  what lies below its lines, where it is wanted apart
    ink    its lines, where they are wanted apart
    """

    rgba: Rgba
    paint: Rgba | None = None
    ink: Rgba | None = None


def render_frame(
    frame: Frame,
    regions: Regions,
    colors: Rgba,
    *,
    line: LinePlacement = "over",
    paper: bool = False,
    apart: bool = False,
    shade: Callable[[Rgba], Rgba] | None = None,
) -> Painted:
    """Paint each region of a drawing in its color, and lay the drawing's lines over the paint.

    colors  of each region, uint8 [count + 1, 4]
    line    over: lines over the paint; none: paint alone; layer: paint alone, and the lines beside it
    paper   fill what is transparent with opaque white
    apart   give the paint below the lines and the lines as well, for a format with layers
    shade   makes soft color of the flat paint, uint8 HxWx4, before the lines are laid over it
    """
    paint = paint_flat(regions, colors)
    if shade is not None:
        paint = shade(paint)
    if paper:
        paint = fill_paper(paint)
    if line != "over":
        return Painted(paint, ink=frame.ink if line == "layer" else None)
    below = paint.copy() if apart else None
    lay_lines(frame, paint)
    return Painted(paint, below, frame.ink if apart else None)


def lay_lines(frame: Frame, paint: Rgba) -> None:
    """Lay a drawing's ink over its paint, uint8 HxWx4, in place; pixels without ink stay unchanged."""
    part = frame.box.crop(paint)
    part[:] = lay_over(frame.box.crop(frame.ink), part)


@dataclass(frozen=True, eq=False)
class UnsureRegion:
    """A region that the painter should look at.

    area           pixels
    box            (left, top, width, height), pixels
    outline        its largest contour, [x, y] of each corner
    color, second  palette indices of its color and of the second choice, None if there is none
    confidence     probability that the color is right
    """

    area: int
    box: tuple[int, int, int, int]
    outline: list[list[int]]
    color: int
    second: int | None
    confidence: float


def find_unsure(regions: Regions, belief: NDArray[np.float32], confidence: NDArray[np.float32]) -> list[UnsureRegion]:
    """The regions that are painted with doubt, those first that are likely to cost most area.

    belief      probability of each palette color in each region, float32 [count + 1, P].
    confidence  how surely each region is right, float32 [count + 1].
    """
    doubtful = 1 + np.flatnonzero(confidence[1:] < UNSURE_BELOW)
    cost = regions.area[doubtful] * (1 - confidence[doubtful])
    first = doubtful[np.argsort(-cost, kind="stable")][:_MOST_UNSURE]
    return [_describe(regions, int(r), belief[r], float(confidence[r])) for r in first]


def _describe(regions: Regions, region: int, belief: NDArray[np.float32], confidence: float) -> UnsureRegion:
    left, top, width, height = regions.boxes[region]
    mask = (regions.labels[top : top + height, left : left + width] == region).astype(np.uint8)
    contours = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(int(left), int(top)))[0]
    outline = cv2.approxPolyDP(max(contours, key=cv2.contourArea), 1.0, closed=True)[:, 0].tolist()
    first, *rest = np.argsort(-belief, kind="stable")[:2].tolist()
    return UnsureRegion(
        int(regions.area[region]),
        (int(left), int(top), int(width), int(height)),
        outline,
        first,
        rest[0] if rest else None,
        round(confidence, 4),
    )
