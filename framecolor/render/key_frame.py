"""Show a key as it was painted: its own pixels in place of one flat color for each region."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import LINES_OVER, LinePlacement
from framecolor.core.compositing import fill_paper, measure_difference
from framecolor.core.types import Frame, Regions
from framecolor.lineart.regions import outside_regions
from framecolor.render.flat import Taken, paint_flat, spread
from framecolor.render.frame import Painted, lay_lines

Rgba = NDArray[np.uint8]

# A key is flat if all but this share of the figure's pixels are of colors that fill so many pixels, or such a share.
_STRAY_SHARE = 0.01
_FILL_PX = 16
_FILL_SHARE = 2e-4
# It has the drawing's lines if this share of the opaque ink shows in it, by so many levels.
_LINE_SHARE = 0.95
_OPAQUE_ALPHA = 200
_LINE_LEVELS = 48


@dataclass(frozen=True)
class KeyLikeness:
    """How a key's frame compares with the key.

    share  of the figure's pixels beside the lines that are the key's to the bit
    note   what differs, and why; "" if nothing does
    """

    share: float
    note: str = ""


def show_key(
    painted: Painted,
    key: Rgba,
    frame: Frame,
    regions: Regions,
    colors: Rgba,
    *,
    changed: NDArray[np.bool_],
    left: NDArray[np.intp],
    is_soft: bool,
    is_scaled: bool = False,
    mixed: NDArray[np.bool_] | None = None,
    line: LinePlacement = "color",
    paper: bool = False,
    taken: Taken | None = None,
) -> tuple[Painted, KeyLikeness]:
    """Show a key, uint8 HxWx4 and aligned, in place of the frame that was painted from its colors.

    The frame is the key to the bit, if it is flat and has the drawing's lines. Without lines it is the key with the
    drawing's lines over it. A key that is not flat is not shown: its frame keeps one color for each region.

    colors   with which the frame was painted, uint8 [count + 1, 4]
    changed  regions whose color is not the key's on purpose, bool [count + 1]: they stay as painted
    left     flat indices of forgotten pixels of trace lines, which get the color of their region
    is_soft    whether the key's region colors were joined
    is_scaled  whether the key was scaled: then its lines are not sharp, and the drawing's are laid over it
    mixed      pixels of the key with a color that is no longer its own, bool HxW: they are painted
    line, paper, taken  as for `render_frame`
    """
    clean = (regions.labels > 0) & (frame.ink[..., 3] == 0)
    if not regions.count or not clean.any():
        return painted, KeyLikeness(1.0)
    flat = paint_flat(regions, colors, taken)
    flat = fill_paper(flat) if paper else flat
    shown = fill_paper(key) if paper else key
    figure = clean & ~(outside_regions(regions) | changed)[regions.labels]
    if is_soft or not _is_flat(key, figure):
        why = "its fills are not flat" if is_soft else "its soft edges become hard"
        return painted, _compare(flat, shown, figure, why)
    stays = spread(regions, ~changed)
    stays.reshape(-1)[left] = False
    if mixed is not None:
        stays &= ~mixed
    paint = np.where((clean & stays)[..., None], shown, flat)
    likeness = _compare(paint, shown, figure, "" if mixed is None else "soft edges of new colors become hard")
    if len(left):
        likeness = KeyLikeness(min(likeness.share, 1 - 1e-4), f"{len(left)} forgotten pixels of trace lines are gone")
    if line not in LINES_OVER:
        return replace(painted, rgba=paint), likeness
    rgba = paint.copy()
    lay_lines(frame, rgba)
    if not is_scaled and _has_lines(key, frame, flat):
        rgba = np.where(stays[..., None], shown, rgba)
    return replace(painted, rgba=rgba, paint=None if painted.paint is None else paint), likeness


def _is_flat(key: Rgba, figure: NDArray[np.bool_]) -> bool:
    """Tell whether nearly all pixels of the figure, bool HxW, are of colors that fill an area."""
    codes = np.ascontiguousarray(key).view(np.uint32)[..., 0][figure]
    counts = np.unique(codes, return_counts=True)[1]
    filled = counts[counts >= max(_FILL_PX, _FILL_SHARE * len(codes))].sum()
    return bool(filled >= (1 - _STRAY_SHARE) * len(codes))


def _has_lines(key: Rgba, frame: Frame, flat: Rgba) -> bool:
    """Tell whether a key shows the drawing's lines, in whatever color."""
    inked = frame.ink[..., 3] >= _OPAQUE_ALPHA
    if not inked.any():
        return False
    is_ink = measure_difference(key, frame.ink)[inked] <= _LINE_LEVELS
    is_other = (measure_difference(key, flat)[inked] > _LINE_LEVELS) | (flat[inked][:, 3] == 0)
    return bool(np.mean((is_ink | is_other) & (key[inked][:, 3] >= 128)) >= _LINE_SHARE)


def _compare(one: Rgba, key: Rgba, figure: NDArray[np.bool_], why: str) -> KeyLikeness:
    if not figure.any():
        return KeyLikeness(1.0)
    differs = (np.ascontiguousarray(one).view(np.uint32) != np.ascontiguousarray(key).view(np.uint32))[..., 0]
    share = 1 - np.count_nonzero(differs & figure) / np.count_nonzero(figure)
    return KeyLikeness(share, "" if share == 1 else why)
