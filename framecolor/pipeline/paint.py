"""Paint a drawing with the likeliest color of each region."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.compositing import clear_paper
from framecolor.core.types import Frame, Hint, Regions
from framecolor.engines.base import Runner
from framecolor.keys.key_alignment import align
from framecolor.keys.keyframes import Keyframes
from framecolor.media import FORMATS
from framecolor.networks.view import look
from framecolor.pipeline.paper_doubts import clears_white, find_white_figure
from framecolor.propagation.features import FrameFeatures
from framecolor.propagation.smoothing import FramePosterior
from framecolor.render.frame import Painted, render_frame
from framecolor.render.key_frame import KeyLikeness, show_key
from framecolor.render.shaded import soften
from framecolor.shot.annotations import NOBODY

Rgba = NDArray[np.uint8]


def choose_colors(
    features: FrameFeatures,
    regions: Regions,
    belief: NDArray[np.float32],
    keyframes: Keyframes,
    settings: Settings,
) -> Rgba:
    """Choose the likeliest color of each region, uint8 [count + 1, 4], from beliefs, float32 [count + 1, P].

    Opaque white paper becomes transparent if the settings want cels.
    """
    colors = keyframes.palette.colors[belief.argmax(axis=1)]
    if not clears_white(keyframes, settings):
        return colors
    return clear_paper(colors, regions, find_white_figure(features, regions, (colors == 255).all(axis=1), keyframes))


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


def repeat_key(
    painted: Painted,
    key: Rgba,
    item: FramePosterior,
    frame: Frame,
    regions: Regions,
    colors: Rgba,
    keyframes: Keyframes,
    settings: Settings,
) -> tuple[Painted, KeyLikeness]:
    """Show a key, uint8 HxWx4 as in its file, in place of the frame that was painted from its colors.

    Regions whose color strokes, corrections or settings change stay as painted.
    """
    number = keyframes.find_shown(item.number, item.features.digest)
    if number is None or settings.mode != "flat" or settings.palette is not None:
        return painted, KeyLikeness(1.0)
    if (moved := keyframes.moved.get(number)) is not None:
        key = align(key, moved, frame.size)
    index = keyframes.index[number]
    changed = item.belief.argmax(axis=1) != index
    if (labels := keyframes.labels.get(number)) is not None:
        changed |= labels.by != NOBODY
    changed |= colors[:, 3] != keyframes.palette.colors[index][:, 3]
    changed[0] = False
    return show_key(
        painted,
        key,
        frame,
        regions,
        colors,
        changed=changed,
        left=keyframes.left.get(number, np.zeros(0, np.intp)),
        is_soft=number in keyframes.soft,
        is_scaled=moved is not None and moved.is_resampled,
        line=settings.line,
        paper=settings.background == "paper",
    )
