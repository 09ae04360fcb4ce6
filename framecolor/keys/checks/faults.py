"""Judge one painted key by its drawing: moved, not flat, leaking, in two tones, with forgotten trace pixels."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.config.trace_map import HUES
from framecolor.core.faults import Fault, Place
from framecolor.core.text import count_of
from framecolor.core.types import FAINT, Frame, Regions
from framecolor.errors import ShotError
from framecolor.keys.alignment.align import Alignment
from framecolor.keys.checks.parts import GAPS_PX, Part, find_closing_gaps, find_parts
from framecolor.lineart.drawn import segment
from framecolor.lineart.region_colors import Rgba, region_colors
from framecolor.lineart.regions import outside_regions
from framecolor.lineart.soft_colors import SoftColors
from framecolor.render.flat import paint_flat

# Parts that are so large in their region have this share of the figure, or they are details that clips have as well;
# then smaller parts count, too.
_STRONG_SHARE, _TONED_SHARE = 0.12, 0.005
_WEAK_SHARE = 0.03
# A leak that no gap closes is one only if it has so many pixels.
_SURE_LEAK_PX = 200
# A leak has this share of the figure; clips have less, in details.
_LEAK_SHARE = 0.002
# A pixel of a trace line was forgotten if it differs from the drawing's by fewer levels, and from all paint by more.
_TRACE_LEVELS = 48
_PURE_LEVELS = 150
# The key as a whole still shows its trace lines if it has this share of their pixels.
_TRACED_SHARE = 0.5
_APART_PX = 5


def check_alignment(number: int, moved: Alignment, painted: NDArray[np.uint8], frame: Frame) -> None:
    """Raise ShotError, with the numbers, if it is not sure how a key, uint8 HxWx4, lies on its drawing."""
    if moved.is_sure:
        return
    if painted.shape[:2] != frame.size:
        raise refuse_size(number, painted, frame)
    best = "" if moved.fit <= moved.before else f", and {moved.fit:.0%} if it were {moved.moved}"
    raise ShotError(
        f"key {number}",
        f"does not fit its drawing: {moved.before:.0%} of its color borders lie on lines{best}",
        "check its number, and save it at the place and size of the drawing",
    )


def name_moved(number: int, moved: Alignment, painted: NDArray[np.uint8], frame: Frame) -> Fault:
    """Name how a key, uint8 HxWx4 as in its file, is aligned with its drawing."""
    (height, width), (rows, columns) = painted.shape[:2], frame.size
    size = "" if (height, width) == (rows, columns) else f", {width}x{height} against {columns}x{rows} pixels"
    if size and moved.is_in_place:
        return Fault("moved", number, f"has another size than its drawing{size}: cut or padded to fit")
    return Fault("moved", number, f"is {moved.moved} against its drawing{size}: aligned")


def refuse_size(number: int, painted: NDArray[np.uint8], frame: Frame) -> ShotError:
    """Make the error of a key of another size that cannot be aligned."""
    (height, width), (rows, columns) = painted.shape[:2], frame.size
    problem = f"is {width}x{height}, the drawings are {columns}x{rows}, and it fits at no place and scale"
    return ShotError(f"key {number}", problem, "save it at the size of the drawings")


def judge_key(
    number: int,
    painted: NDArray[np.uint8],
    frame: Frame,
    regions: Regions,
    parts: Sequence[Part],
    soft: SoftColors | None,
    left: NDArray[np.bool_],
    settings: Settings,
) -> tuple[list[Part], list[Fault]]:
    """Judge one key. Returns the parts that count, and the key's faults.

    painted  the aligned key, uint8 HxWx4
    parts    the result of `find_parts`
    left     the result of `find_left_trace`
    """
    faults = [] if soft is None else [_name_soft(number, soft)]
    figure = int(regions.area[1:][~outside_regions(regions)[1:]].sum())
    leaks = [part for part in parts if part.kind == "leak" and part.px >= _LEAK_SHARE * figure]
    closing = find_closing_gaps(frame, leaks, settings)
    sure = [
        (leak, gap) for leak, gap in zip(leaks, closing, strict=True) if gap is not None or leak.px >= _SURE_LEAK_PX
    ]
    if sure:
        gap = _find_gap(painted, frame, settings, [one for _, one in sure])
        faults += [_name_leak(number, leak, width, gap) for leak, width in sure]
    toned = [part for part in parts if part.kind == "tones" and part.share >= _WEAK_SHARE]
    if sum(part.px for part in toned if part.share >= _STRONG_SHARE) < _TONED_SHARE * figure:
        toned = []
    if toned:
        faults.append(_name_toned(number, toned, is_soft=soft is not None))
    faults += _name_trace(number, left, frame, settings)
    return [leak for leak, _ in sure] + toned, faults


def format_color(color: Rgba) -> str:
    """Format a color: '#DC985B', or paper."""
    return "#{:02X}{:02X}{:02X}".format(*color[:3]) if color[3] else "paper"


def _name_soft(number: int, soft: SoftColors) -> Fault:
    if soft.blur_px and not soft.is_graded:
        what = f"it is blurred, by about {soft.blur_px:g} px"
    else:
        what = "a gradient runs through its fills" if soft.is_graded else "its fills hold many near colors"
        what = f"{what} ({soft.share:.0%} of the figure)"
    text = f"is not flat: {what}; near colors are joined to one"
    return Fault("soft", number, text, "save it without antialiasing, as PNG, for exact colors")


def _name_leak(number: int, leak: Part, width_px: float | None, gap_px: float | None) -> Fault:
    colors = " and ".join(map(format_color, (leak.color, leak.main)))
    open_px = "" if width_px is None else f", about {width_px:g} px wide"
    text = f"a line is open{open_px}: one region holds {colors}"
    fix = "close the line" if gap_px is None else f"close the line, or paint with --gap {gap_px:g}"
    return Fault("leak", number, text, fix, (leak.place,))


def _find_gap(
    painted: NDArray[np.uint8], frame: Frame, settings: Settings, closing: Sequence[float | None]
) -> float | None:
    """Find the smallest gap that leaves no leak in a key; None if there is none."""
    least = max((gap for gap in closing if gap is not None), default=None)
    if least is None:
        return None
    for gap in GAPS_PX:
        if gap >= least:
            regions = segment(frame, settings.updated({"gap_px": gap}))
            parts = find_parts(painted, frame, regions, region_colors(painted, frame, regions))
            if not any(part.kind == "leak" and part.px >= _SURE_LEAK_PX for part in parts):
                return gap
    return least


def _name_toned(number: int, parts: Sequence[Part], *, is_soft: bool) -> Fault:
    places: dict[int, Place] = {}
    for part in parts:
        places.setdefault(part.region, part.place)
    what = f"{count_of(len(places), 'region')} {'hold' if len(places) > 1 else 'holds'} more than one color"
    text = f"{what} without a line between them"
    who = "all frames get the base color" if is_soft else "this frame stays, others get the base color"
    fix = f"{who}; to carry both on, draw a trace line between them"
    return Fault("tones", number, text, fix, tuple(places.values()))


def _name_trace(number: int, left: NDArray[np.bool_], frame: Frame, settings: Settings) -> list[Fault]:
    """Name the pixels of trace lines that were left in a key, bool HxW, and count those of each hue."""
    if not left.any():
        return []
    if np.count_nonzero(left) >= _TRACED_SHARE * np.count_nonzero(frame.trace):
        return [Fault("trace", number, "still shows its trace lines, which are painted over")]
    near = cv2.dilate(left.view(np.uint8), np.ones((_APART_PX, _APART_PX), np.uint8))
    pieces = np.asarray(cv2.connectedComponents(near, connectivity=8)[1])
    y, x = np.nonzero(left)
    first = np.unique(pieces[y, x], return_index=True)[1]
    places = tuple((int(x[i]), int(y[i])) for i in first)
    text = f"{count_of(len(y), 'pixel')} of trace lines {'were' if len(y) > 1 else 'was'} forgotten"
    return [Fault("trace", number, text + _count_hues(left, frame, settings), "paint over them", places)]


def _count_hues(left: NDArray[np.bool_], frame: Frame, settings: Settings) -> str:
    """Count the pixels of each hue, as ' (7 of blue shadow lines, 2 of red)'; '' for one hue without a meaning."""
    if frame.hues is None:
        return ""
    hues, counts = np.unique((frame.hues[left] & ~np.uint8(FAINT)) - 1, return_counts=True)
    meanings = settings.hue_meanings
    names = [HUES[hue] for hue in hues.tolist()]
    if len(names) == 1 and meanings.get(names[0], "trace") == "trace":
        return ""
    called = [name if meanings.get(name, "trace") == "trace" else f"{name} {meanings[name]} lines" for name in names]
    parts = [f"{count:,} of {name}" for name, count in sorted(zip(called, counts.tolist(), strict=True))]
    return f" ({', '.join(parts)})"


def find_left_trace(
    rgba: NDArray[np.uint8],
    painted: NDArray[np.uint8],
    frame: Frame,
    regions: Regions,
    colors: NDArray[np.uint8],
) -> NDArray[np.bool_]:
    """Find the pixels of a key that still have the color of the drawing's trace line there, bool HxW."""
    left = np.zeros(frame.size, bool)
    y, x = np.nonzero(frame.trace)
    if not len(y) or not regions.count:
        return left
    key = painted[y, x].astype(int)
    fills = paint_flat(regions, colors)
    nearby = [fills[np.clip(y + dy, 0, frame.size[0] - 1), np.clip(x + dx, 0, frame.size[1] - 1)] for dy, dx in _NEARBY]
    is_trace = np.abs(key - rgba[y, x])[:, :3].max(axis=1) <= _TRACE_LEVELS
    is_paint = np.min([np.abs(key - fill)[:, :3].max(axis=1) for fill in nearby], axis=0) <= _TRACE_LEVELS
    is_pure = np.ptp(rgba[y, x, :3], axis=1) >= _PURE_LEVELS  # a faint pixel may look like any light paint
    left[y, x] = is_trace & is_pure & ~is_paint & (key[:, 3] >= 128)
    return left


def find_bare_trace(rgba: NDArray[np.uint8], painted: NDArray[np.uint8], frame: Frame) -> NDArray[np.bool_]:
    """Find the pixels of trace lines, bool HxW, where a key is paper or still shows the line."""
    bare = np.zeros(frame.size, bool)
    y, x = np.nonzero(frame.trace)
    key = painted[y, x]
    is_paper = (key[:, 3] < 128) | (key[:, :3].min(axis=1, initial=255) >= 250)
    is_line = np.abs(key[:, :3].astype(int) - rgba[y, x, :3]).max(axis=1, initial=0) <= _TRACE_LEVELS
    bare[y, x] = is_paper | is_line
    return bare


_NEARBY = ((0, 0), (-3, 0), (3, 0), (0, -3), (0, 3))
