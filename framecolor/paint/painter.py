"""One drawing and its region colors to a finished frame: flat or painted, lines over or apart, and what to check."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.datatypes import Color, Hint, Regions
from framecolor.engines.base import Runner
from framecolor.keyframes import Keyframes
from framecolor.networks.view import look
from framecolor.paint.composite import clear_paper, fill_paper, lay_over
from framecolor.paint.flat import paint_flat
from framecolor.paint.soft import soften
from framecolor.settings import Settings
from framecolor.study import Study

# Regions below this confidence are shown to the painter.
UNSURE_BELOW = 0.8
_MOST_UNSURE = 40


@dataclass(frozen=True, eq=False)
class UnsureRegion:
    """A region that the painter should look at; palette indices for its color and the second choice."""

    area: int
    box: tuple[int, int, int, int]
    outline: list[list[int]]
    color: int
    second: int | None
    confidence: float


def paint_frame(
    study: Study,
    belief: NDArray[np.float32],
    confidence: NDArray[np.float32],
    keyframes: Keyframes,
    runner: Runner,
    settings: Settings,
) -> tuple[Color, Color | None]:
    """The finished frame, and its line layer where that is wanted as a file of its own.

    belief      probability of each palette color in each region, float32 [count + 1, P].
    confidence  probability that the best one is right, float32 [count + 1].
    """
    regions = study.regions()
    colors = keyframes.palette.colors[belief.argmax(axis=1)]
    if settings.background == "transparent":
        colors = clear_paper(colors, regions)
    paint = paint_flat(regions, colors)
    if settings.mode == "painted" and regions.count:
        sure = confidence.copy()
        sure[0] = 1
        hint = Hint(np.ascontiguousarray(paint[..., :3]), sure[regions.labels])
        paint = soften(paint, hint, look(study.frame(), regions, keyframes.scale), runner)
    if settings.background == "paper":
        paint = fill_paper(paint)
    if settings.line == "over":
        part, ink = study.ink()
        part.crop(paint)[:] = lay_over(ink, part.crop(paint))
    layer = Color(study.number, study.frame().ink) if settings.line == "layer" else None
    return Color(study.number, paint), layer


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
