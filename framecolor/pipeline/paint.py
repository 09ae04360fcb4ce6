"""Paint a drawing with the likeliest color of each region."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.compositing import clear_paper
from framecolor.core.types import Frame, Hint, Regions
from framecolor.engines.base import Runner
from framecolor.keys.keyframes import Keyframes
from framecolor.media import FORMATS
from framecolor.networks.view import look
from framecolor.render.frame import Painted, render_frame
from framecolor.render.shaded import soften

Rgba = NDArray[np.uint8]


def choose_colors(regions: Regions, belief: NDArray[np.float32], keyframes: Keyframes, settings: Settings) -> Rgba:
    """Choose the likeliest color of each region, uint8 [count + 1, 4], from beliefs, float32 [count + 1, P]."""
    colors = keyframes.palette.colors[belief.argmax(axis=1)]
    return clear_paper(colors, regions) if settings.background == "transparent" else colors


def paint_frame(
    frame: Frame,
    regions: Regions,
    colors: Rgba,
    confidence: NDArray[np.float32],
    keyframes: Keyframes,
    runner: Runner,
    settings: Settings,
) -> Painted:
    """Render a drawing by the settings.

    colors      color of each region, uint8 [count + 1, 4]
    confidence  probability that it is right, float32 [count + 1]
    """

    def shade(paint: Rgba) -> Rgba:
        sure = confidence.copy()
        sure[0] = 1
        hint = Hint(np.ascontiguousarray(paint[..., :3]), sure[regions.labels])
        return soften(paint, hint, look(frame, regions, keyframes.scale), runner)

    return render_frame(
        frame,
        regions,
        colors,
        line=settings.line,
        paper=settings.background == "paper",
        apart=FORMATS[settings.format].layered,
        shade=shade if settings.mode == "painted" and regions.count else None,
    )
