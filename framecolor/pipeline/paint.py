"""Paint a drawing with the likeliest color of each region."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.compositing import clear_paper
from framecolor.core.types import Frame, Hint, Regions
from framecolor.engines.base import Runner
from framecolor.keys.alignment.align import align
from framecolor.keys.keyframes import Keyframes
from framecolor.lineart.line_sides import find_line_sides
from framecolor.media import FORMATS
from framecolor.networks.view import look
from framecolor.pipeline.paper_doubts import clears_white, find_white_figure
from framecolor.propagation.features import FrameFeatures, match_regions
from framecolor.propagation.line_colors import ChosenLines, MatchRegions, choose_line_colors
from framecolor.propagation.smoothing import FramePosterior
from framecolor.render.flat import Taken, spread
from framecolor.render.frame import Painted, render_frame
from framecolor.render.key_frame import KeyLikeness, show_key
from framecolor.render.line_color import color_ink
from framecolor.render.shaded import soften
from framecolor.shot.annotations import NOBODY

Rgba = NDArray[np.uint8]

# Width of the area around a pixel in which paints may be mixed: the soft edge of a brush or of a line.
_EDGE_PX = 5


def choose_colors(
    features: FrameFeatures,
    frame: Frame,
    regions: Regions,
    belief: NDArray[np.float32],
    keyframes: Keyframes,
    settings: Settings,
) -> Rgba:
    """Choose the likeliest color of each region, uint8 [count + 1, 4], from beliefs, float32 [count + 1, P].

    Opaque white paper becomes transparent if the settings want cels.
    """
    colors = keyframes.palette.colors[belief.argmax(axis=1)]
    if clears_white(keyframes, settings):
        white = (colors == 255).all(axis=1)
        colors = clear_paper(colors, regions, find_white_figure(features, frame, regions, white, keyframes))
    return keyframes.recolors.apply(colors)


@dataclass(frozen=True, eq=False)
class Choice:
    """What a drawing is painted with.

    drawn   the drawing
    frame   the same, its lines in the colors of the keys' lines
    colors  of each region, uint8 [count + 1, 4]
    taken   pixels of trace lines that are painted from one side; None: all from their nearest region
    lines   the colors of its lines; None if no key recolors any
    """

    drawn: Frame
    frame: Frame
    colors: Rgba
    taken: Taken | None = None
    lines: ChosenLines | None = None


def choose_paint(
    features: FrameFeatures,
    frame: Frame,
    regions: Regions,
    belief: NDArray[np.float32],
    keyframes: Keyframes,
    settings: Settings,
    match: MatchRegions,
    number: int,
    shown: int | None = None,
) -> Choice:
    """Choose what a drawing is painted with.

    belief  probability of each palette color in each region, float32 [count + 1, P]
    match   compares the drawing with a key
    number  of the frame
    shown   number of the key that shows this drawing; None if there is none
    """
    colors, entries = choose_colors(features, frame, regions, belief, keyframes, settings), belief.argmax(axis=1)
    lines = keyframes.lines if settings.line in ("color", "layer") else None
    if lines is not None and shown is not None:
        lines = lines.choose_for_key(shown)
    if lines is None and not frame.trace.any():
        return Choice(frame, frame, colors)
    sides = find_line_sides(regions) if lines is not None or keyframes.trace.dark else None
    if sides is None:
        return Choice(frame, frame, colors)
    taken = keyframes.trace.choose(frame, sides, entries, keyframes.palette)
    if lines is None:
        return Choice(frame, frame, colors, taken)
    chosen = choose_line_colors(number, frame, regions, sides, entries, lines, keyframes.index, match)
    ink = color_ink(frame.ink, chosen.place, chosen.color, keyframes.line_fills)
    return Choice(frame, replace(frame, ink=ink), colors, taken, chosen)


def choose_for(
    item: FramePosterior, frame: Frame, regions: Regions, keyframes: Keyframes, runner: Runner, settings: Settings
) -> Choice:
    """Choose what the drawing of a posterior is painted with."""
    features = item.features
    match = match_regions(features.tokens, features.count, keyframes, runner)
    shown = keyframes.find_shown(item.number, features.digest)
    return choose_paint(features, frame, regions, item.belief, keyframes, settings, match, item.number, shown)


def paint_frame(
    choice: Choice,
    regions: Regions,
    confidence: NDArray[np.float32],
    keyframes: Keyframes,
    runner: Runner,
    settings: Settings,
) -> Painted:
    """Render a drawing by the settings.

    confidence  probability that each region's color is right, float32 [count + 1]
    """
    frame = choice.frame

    def shade(paint: Rgba) -> Rgba:
        sure = confidence.copy()
        sure[0] = 1
        hint = Hint(np.ascontiguousarray(paint[..., :3]), sure[regions.labels])
        return soften(paint, hint, look(frame, regions, keyframes.scale), runner)

    return render_frame(
        frame,
        regions,
        choice.colors,
        line=settings.line,
        paper=settings.background == "paper",
        taken=choice.taken,
        apart=FORMATS[settings.format].layered,
        shade=shade if settings.mode == "painted" and regions.count else None,
    )


def repeat_key(
    painted: Painted,
    key: Rgba,
    item: FramePosterior,
    choice: Choice,
    regions: Regions,
    keyframes: Keyframes,
    settings: Settings,
) -> tuple[Painted, KeyLikeness]:
    """Show a key, uint8 HxWx4 as in its file, in place of the frame that was painted from its colors.

    Regions whose color strokes, corrections or settings change stay as painted. Paints that `Keyframes.recolors` names
    are replaced in the key's pixels.
    """
    frame, colors = choice.frame, choice.colors
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
    mixed = _find_mixed(key, choice, regions, index, keyframes) if keyframes.recolors.colors else None
    return show_key(
        painted,
        keyframes.recolors.apply(key),
        frame,
        regions,
        colors,
        changed=changed,
        left=keyframes.left.get(number, np.zeros(0, np.intp)),
        mixed=mixed,
        is_soft=number in keyframes.soft,
        is_scaled=moved is not None and moved.is_resampled,
        line=settings.line,
        paper=settings.background == "paper",
        taken=choice.taken,
    )


def _find_mixed(
    key: Rgba, choice: Choice, regions: Regions, entries: NDArray[np.intp], keyframes: Keyframes
) -> NDArray[np.bool_] | None:
    """Find the pixels of a key, in and around what is recolored, that are neither a paint nor a line; None if none is.

    They are soft edges, which are mixed with the color before. entries: of the key's regions, intp [count + 1].
    """
    differs = (keyframes.recolors.apply(keyframes.palette.colors) != keyframes.palette.colors).any(axis=1)[entries]
    differs[0] = False
    near = spread(regions, differs)
    if choice.lines is not None and keyframes.lines is not None:
        changed = np.append(False, (keyframes.line_fills != keyframes.lines.colors).any(axis=1))
        near.reshape(-1)[choice.lines.place[changed[choice.lines.color]]] = True
    if not near.any():
        return None
    near = cv2.dilate(near.view(np.uint8), np.ones((_EDGE_PX, _EDGE_PX), np.uint8)) > 0
    paints = np.array(sorted(keyframes.known), np.uint8).view(np.uint32)[:, 0]
    code = np.ascontiguousarray(key).view(np.uint32)[..., 0]
    is_line = (key[..., :3] == choice.drawn.ink[..., :3]).all(axis=2) & (choice.drawn.ink[..., 3] > 0)
    return near & (key[..., 3] > 0) & ~np.isin(code, paints) & ~is_line
