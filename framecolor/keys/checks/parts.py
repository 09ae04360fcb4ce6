"""Find the parts of a key's regions that have another color than the rest: leaks through open lines, and two tones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.compositing import measure_difference
from framecolor.core.types import Frame, Regions
from framecolor.lineart.drawn import segment
from framecolor.lineart.region_colors import RegionColors, Rgba, as_color
from framecolor.lineart.soft_colors import SoftColors

Color = tuple[int, int, int]

# A part is so large, and its color differs by more levels: less is antialiasing, compression or noise.
_FEWEST_PX = 40
_CORE_PX = 16
_LEVELS, _SOFT_LEVELS = 20, 24
# Paint runs through a gap if at most this share of a part's outline has no line.
_SEAM_SHARE = 0.3
# The pixels around a part, of which the outline is taken.
_RING_PX = 2
# A tone is a darker or lighter shade: its channels are one factor of the other color's, within this spread.
_TONE_SPREAD = 0.12
_TONE_FACTORS = (0.35, 0.97)
_BLACK_LEVELS = 24
_FEWEST_TONE_PX = 60
# Beside the drawing's lines, the lines of a scaled key show on so many pixels.
SCALED_MARGIN_PX = 2
# Gaps that are tried to close a leak, in pixels.
GAPS_PX = (3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32)


@dataclass(frozen=True)
class Part:
    """A connected part of a region in another color than the rest of the region.

    kind    leak: lines enclose the part, up to a gap; tones: no line is between the colors
    color   of the part, straight RGBA; main: of the rest
    px      pixels of the part; share: of its region
    place   (x, y) in the part; of a leak in the gap
    inside  (x, y) in the part, and beside in the rest, both far from lines
    """

    kind: Literal["leak", "tones"]
    region: int
    color: Rgba
    main: Rgba
    px: int
    share: float
    place: tuple[int, int]
    inside: tuple[int, int]
    beside: tuple[int, int]


def find_parts(
    painted: NDArray[np.uint8],
    frame: Frame,
    regions: Regions,
    exact: RegionColors,
    soft: SoftColors | None = None,
    *,
    is_scaled: bool = False,
) -> list[Part]:
    """Find the parts of a key's regions, uint8 HxWx4, that have another color, the largest first.

    exact      the key's most frequent colors; soft: its colors if it is not flat
    is_scaled  whether the key was scaled, so that its lines are not exactly the drawing's
    """
    clean = (regions.labels > 0) & (frame.ink[..., 3] == 0)
    if is_scaled:
        clean &= ~_dilate(frame.lines, SCALED_MARGIN_PX)
    others = clean & _find_others(painted, regions, exact, soft)
    core = np.asarray(cv2.erode(others.view(np.uint8), np.ones((3, 3), np.uint8)), np.uint8)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(core, connectivity=4)
    found = []
    for piece in range(1, count):
        if stats[piece, cv2.CC_STAT_AREA] < _CORE_PX:
            continue
        window = _enlarge(stats[piece], regions.size)
        own = pieces[window] == piece
        part = _describe(painted, regions, exact, soft, window, own, others, clean)
        if part is not None:
            found.append(part)
    return sorted(found, key=lambda part: -part.px)


def _find_others(
    painted: NDArray[np.uint8], regions: Regions, exact: RegionColors, soft: SoftColors | None
) -> NDArray[np.bool_]:
    """Find the pixels that have not their region's color, bool HxW."""
    main = np.ascontiguousarray(exact.color).view(np.uint32).ravel()[regions.labels].view(np.uint8)
    main = main.reshape(*regions.size, 4)
    see_through = (painted[..., 3] < 128) != (main[..., 3] == 0)
    both = (painted[..., 3] >= 128) & (main[..., 3] > 0)
    if soft is None:
        return see_through | (both & (measure_difference(painted, main) > _LEVELS))
    filled = np.clip(soft.fill(regions), 0, 255).astype(np.uint8)
    return see_through | (both & (measure_difference(painted[..., :3], filled) > _SOFT_LEVELS))


def _enlarge(stats: NDArray[np.int32], size: tuple[int, int]) -> tuple[slice, slice]:
    left, top, width, height = (int(value) for value in stats[:4])
    margin = _RING_PX + 2
    return (
        slice(max(0, top - margin), min(size[0], top + height + margin)),
        slice(max(0, left - margin), min(size[1], left + width + margin)),
    )


def _describe(
    painted: NDArray[np.uint8],
    regions: Regions,
    exact: RegionColors,
    soft: SoftColors | None,
    window: tuple[slice, slice],
    core: NDArray[np.bool_],
    others: NDArray[np.bool_],
    clean: NDArray[np.bool_],
) -> Part | None:
    """Describe a part by the pixels inside of it, bool hxw of a window; None if it is too small or of no clear kind."""
    labels = regions.labels[window]
    region = int(np.bincount(labels[core]).argmax())
    own = labels == region
    whole = _dilate(core, 1) & others[window] & own
    px = int(np.count_nonzero(whole))
    if px < _FEWEST_PX:
        return None
    pixels = painted[window][core & own]
    codes, counts = np.unique(np.ascontiguousarray(pixels).view(np.uint32), return_counts=True)
    if soft is None:
        color = as_color(codes[counts.argmax()].reshape(1).view(np.uint8))
    else:
        color = as_color(np.median(pixels, axis=0).astype(np.uint8))
    main = as_color(exact.color[region])
    if color[3] == main[3] and max(abs(a - b) for a, b in zip(color, main, strict=True)) <= _LEVELS:
        return None
    ring = _dilate(whole, _RING_PX) & ~whole
    # Mixed pixels lie between two antialiased colors.
    seam = ring & own & clean[window]
    share = np.count_nonzero(seam) / max(1, np.count_nonzero(ring))
    shade = is_shade(color, main)
    kind = "leak" if share <= _SEAM_SHARE and not shade else "tones"
    if not seam.any() or (kind == "tones" and px < _FEWEST_TONE_PX):
        return None
    offset = (window[1].start, window[0].start)
    inside = _find_middle(core, offset)
    beside = _find_middle(_dilate(seam, 1) & own & ~others[window], offset) or inside
    place = inside if kind == "tones" else _find_middle(_largest(seam), offset)
    part = px / max(1, int(exact.seen[region]))
    return Part(kind, region, color, main, px, part, place or inside or (0, 0), inside or (0, 0), beside or (0, 0))


def is_shade(one: Rgba, other: Rgba) -> bool:
    """Tell whether one color is a darker shade of the other."""
    if not one[3] or not other[3]:
        return False
    dark, light = sorted((one[:3], other[:3]), key=sum)
    factors = [d / li for d, li in zip(dark, light, strict=True) if li >= _BLACK_LEVELS]
    if not factors or max(factors) - min(factors) > _TONE_SPREAD:
        return False
    # White is shaded to any grey; between two greys, a fill and a shade look the same.
    return _TONE_FACTORS[0] <= float(np.mean(factors)) <= _TONE_FACTORS[1]


def _dilate(mask: NDArray[np.bool_], px: int) -> NDArray[np.bool_]:
    side = 2 * px + 1
    return cv2.dilate(mask.view(np.uint8), np.ones((side, side), np.uint8)).astype(bool)


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    return pieces == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())


def _find_middle(mask: NDArray[np.bool_], offset: tuple[int, int]) -> tuple[int, int] | None:
    """Find the pixel of a mask farthest from its edge, as (x, y) in the picture; None if the mask is empty."""
    if not mask.any():
        return None
    depth = cv2.distanceTransform(np.pad(mask, 1).view(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(x) + offset[0], int(y) + offset[1]


def find_closing_gaps(frame: Frame, leaks: Sequence[Part], settings: Settings) -> list[float | None]:
    """Find the smallest gap that closes each leak, in pixels; None if none of GAPS_PX does.

    settings  with which the leaks were found
    """
    found: list[float | None] = [None] * len(leaks)
    for gap in _list_larger(settings.closed_gap_px):
        if None not in found:
            break
        labels = segment(frame, settings.updated({"gap_px": gap})).labels
        for i, leak in enumerate(leaks):
            (x, y), (u, v) = leak.inside, leak.beside
            if found[i] is None and labels[y, x] != labels[v, u]:
                found[i] = gap
    return found


def _list_larger(gap_px: float) -> Iterable[float]:
    return (gap for gap in GAPS_PX if gap > gap_px)
