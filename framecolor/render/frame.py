"""One drawing and its region colors to a finished frame: flat or painted, lines over or apart, and what to check."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.compositing import clear_paper, fill_paper, lay_over
from framecolor.core.types import Hint, Regions
from framecolor.engines.base import Runner
from framecolor.keys.keyframes import Keyframes
from framecolor.media import FORMATS
from framecolor.networks.view import look
from framecolor.output.frame_entry import MOST_UNSURE, UnsureRegion
from framecolor.output.mattes import MatteIds
from framecolor.propagation.features import FrameFeatures
from framecolor.render.flat import paint_flat, spread
from framecolor.render.shaded import soften

# Regions below this confidence are shown to the painter.
UNSURE_BELOW = 0.8


@dataclass(frozen=True, eq=False)
class Painted:
    """A painted frame: all uint8 HxWx4 straight RGBA, but the matte.

    rgba   the frame
    paint  what lies below its lines, where a format with layers wants it
    ink    its lines, where they are wanted as a layer
    matte  ids of its paints, uint16 HxW, where they are wanted
    """

    rgba: NDArray[np.uint8]
    paint: NDArray[np.uint8] | None
    ink: NDArray[np.uint8] | None
    matte: NDArray[np.uint16] | None


def paint_frame(
    features: FrameFeatures,
    belief: NDArray[np.float32],
    confidence: NDArray[np.float32],
    keyframes: Keyframes,
    runner: Runner,
    settings: Settings,
    ids: MatteIds | None = None,
) -> Painted:
    """The finished frame, and its parts where they are wanted.

    belief      probability of each palette color in each region, float32 [count + 1, P].
    confidence  probability that the best one is right, float32 [count + 1].
    ids         of the palette's paints, where a matte is wanted
    """
    regions = features.drawing.regions()
    colors = keyframes.palette.colors[belief.argmax(axis=1)]
    if settings.background == "transparent":
        colors = clear_paper(colors, regions)
    paint = paint_flat(regions, colors)
    matte = None if ids is None else spread(regions, ids.find(colors))
    if settings.mode == "painted" and regions.count:
        sure = confidence.copy()
        sure[0] = 1
        hint = Hint(np.ascontiguousarray(paint[..., :3]), sure[regions.labels])
        paint = soften(paint, hint, look(features.drawing.frame(), regions, keyframes.scale), runner)
    if settings.background == "paper":
        paint = fill_paper(paint)
    below = None
    if settings.line == "over":
        below = paint.copy() if FORMATS[settings.format].layered else None
        part, ink = features.drawing.ink()
        part.crop(paint)[:] = lay_over(ink, part.crop(paint))
    lines = features.drawing.frame().ink if settings.line == "layer" or below is not None else None
    return Painted(paint, below, lines, matte)


def find_unsure(regions: Regions, belief: NDArray[np.float32], confidence: NDArray[np.float32]) -> list[UnsureRegion]:
    """The regions that are painted with doubt, those first that are likely to cost most area.

    belief      probability of each palette color in each region, float32 [count + 1, P].
    confidence  how surely each region is right, float32 [count + 1].
    """
    doubtful = 1 + np.flatnonzero(confidence[1:] < UNSURE_BELOW)
    cost = regions.area[doubtful] * (1 - confidence[doubtful])
    first = doubtful[np.argsort(-cost, kind="stable")][:MOST_UNSURE]
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
        tuple((x, y) for x, y in outline),
        first,
        rest[0] if rest else None,
        round(confidence, 4),
    )
