"""The colors of painted keys: of each region, and of the palette."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.core.run_length import Runs
from framecolor.core.types import Frame, Palette, Regions
from framecolor.errors import PaletteError

Rgba = tuple[int, int, int, int]

PAPER: Rgba = (255, 255, 255, 0)
_PAPER_CODE = 0xFFFFFF
# A region has a pure color if at least this share, and this many, of its pixels are exactly that color.
_PURE_SHARE = 0.5
_PURE_PX = 4
# It has a second color if that covers at least this share, and this many, of its pixels.
_MIXED_SHARE = 0.1
_MIXED_PX = 16
# Compression and antialiasing scatter colors by up to this many levels; a scattered color has at most this share.
SCATTER_LEVELS = 8
_SCATTER_SHARE = 0.02


@dataclass(frozen=True, eq=False)
class RegionColors:
    """The color that fills each region of one painted frame.

    color   uint8 [count + 1, 4]
    votes   int64 [count + 1], pixels of exactly that color
    seen    int64 [count + 1], pixels that were counted
    rivals  int64 [count + 1], pixels of its second most frequent color
    """

    color: NDArray[np.uint8]
    votes: NDArray[np.int64]
    seen: NDArray[np.int64]
    rivals: NDArray[np.int64]

    @property
    def pure(self) -> NDArray[np.bool_]:
        """Regions that are filled with one color, bool [count + 1]."""
        return (self.votes >= _PURE_PX) & (self.votes >= _PURE_SHARE * self.seen)

    @property
    def mixed(self) -> NDArray[np.bool_]:
        """Regions that the painter filled with two colors, without a line between them, bool [count + 1]."""
        return (self.rivals >= _MIXED_PX) & (self.rivals >= _MIXED_SHARE * self.seen)


def region_colors(painted: NDArray[np.uint8], frame: Frame, regions: Regions) -> RegionColors:
    """Find the most frequent color of each region of a painted frame, uint8 HxWx4 straight RGBA of the drawing's size.

    Pixels under faint ink count only if a region has no others. Transparent pixels are paper. Raises ValueError if the
    sizes differ.
    """
    if painted.shape[:2] != regions.size:
        raise ValueError(f"painted frame {painted.shape[:2]} and regions {regions.size} differ in size")
    if regions.count == 0:
        nothing = np.zeros(1, np.int64)
        return RegionColors(np.zeros((1, 4), np.uint8), nothing, nothing, nothing)
    inside = regions.labels > 0
    clean = inside & (frame.ink[..., 3] == 0)
    has_clean = np.bincount(regions.labels[clean], minlength=regions.count + 1) > 0
    use = clean | (inside & ~np.take(has_clean, regions.labels))
    code = np.ascontiguousarray(painted).view(np.uint32)[..., 0]  # alpha is the highest byte
    code = np.where(painted[..., 3] < 128, _PAPER_CODE, code & 0xFFFFFF | 1 << 24)
    # Painted pixels form long runs, which are far fewer to sort.
    runs = Runs.pack(np.where(use, regions.labels.astype(np.int64) << 25 | code, -1))
    kept = runs.values >= 0
    values, place = np.unique(runs.values[kept], return_inverse=True)
    votes = np.bincount(place.ravel(), runs.lengths[kept], len(values)).astype(np.int64)
    region = values >> 25
    best = np.lexsort((votes, region))
    last = np.searchsorted(region[best], np.arange(regions.count + 1), side="right") - 1
    winner = best[np.maximum(last, 0)]
    found = region[winner] == np.arange(regions.count + 1) if len(values) else np.zeros(regions.count + 1, bool)
    color = np.zeros((regions.count + 1, 4), np.uint8)
    c = values[winner] if len(values) else np.zeros(regions.count + 1, np.int64)
    for channel in range(3):
        color[:, channel] = c >> (8 * channel) & 255
    color[:, 3] = np.where(c >> 24 & 1, 255, 0)
    count = np.where(found, votes[winner] if len(values) else 0, 0)
    seen = np.bincount(region, votes, regions.count + 1).astype(np.int64)
    return RegionColors(color, count, seen, _count_rivals(values, votes, best, last, regions.count))


def _count_rivals(
    values: NDArray[np.int64], votes: NDArray[np.int64], best: NDArray[np.intp], last: NDArray[np.intp], count: int
) -> NDArray[np.int64]:
    """Count the pixels of each region's second color, int64 [count + 1]; 0 if that is only noise of the first.

    values  code of each region and color that occur together, sorted; votes: its pixels
    best    order of the values by region, then votes; last: position in it of each region's first color
    """
    rivals = np.zeros(count + 1, np.int64)
    second = last - 1
    there = np.flatnonzero(second >= 0)
    first, other = best[last[there]], best[second[there]]
    same = (values[first] >> 25 == there) & (values[other] >> 25 == there)
    apart = np.zeros(len(there), bool)
    for shift in (0, 8, 16, 24):
        levels = np.abs((values[first] >> shift & 255) - (values[other] >> shift & 255))
        apart |= levels > (SCATTER_LEVELS if shift < 24 else 0)
    rivals[there] = np.where(same & apart, votes[other], 0)
    return rivals


def build_palette(keys: Sequence[RegionColors]) -> Palette:
    """Build the palette of all colors that fill a region of a key, the most used first.

    A color within compression noise of one that is used fifty times as much counts as that one. Raises PaletteError if
    no key's drawing has a region.
    """
    color = np.concatenate([k.color[1:] for k in keys])
    votes = np.concatenate([k.votes[1:] for k in keys])
    pure = np.concatenate([k.pure[1:] for k in keys])
    if len(color) == 0:
        problem = "no key shows a color: their drawings are ink all over"
        raise PaletteError("keys", problem, "check that line/ holds the line art of the painted frames")
    if not pure.any():
        pure = votes == votes.max(initial=0)
    unique, inverse = np.unique(color[pure], axis=0, return_inverse=True)
    total = np.bincount(inverse.ravel(), weights=votes[pure])
    kept: list[int] = []
    for i in np.argsort(-total, kind="stable"):
        near = [j for j in kept if np.abs(unique[i].astype(int) - unique[j]).max() <= SCATTER_LEVELS]
        if not any(total[i] < _SCATTER_SHARE * total[j] for j in near):
            kept.append(int(i))
    return Palette(unique[kept])


def add_colors(palette: Palette, colors: NDArray[np.uint8]) -> Palette:
    """Append the colors [N, 4] that a palette lacks; all transparent ones are the one entry PAPER."""
    new = colors.copy()
    new[new[:, 3] == 0] = PAPER
    table = dict.fromkeys(map(tuple, np.concatenate([palette.colors, new]).tolist()))
    return palette if len(table) == len(palette) else Palette(np.array(list(table), np.uint8))


def nearest_entries(colors: NDArray[np.uint8], palette: Palette) -> NDArray[np.intp]:
    """Find the nearest palette entry of each color [N, 4], intp [N]."""
    table = palette.colors.astype(np.float32)
    table[:, 3] *= 4  # so that paper is never nearest to white
    color = colors.astype(np.float32)
    color[:, 3] *= 4
    return np.argmin(((color[:, None] - table[None]) ** 2).sum(axis=2), axis=1)


def find_near(colors: NDArray[np.uint8], palette: Palette) -> NDArray[np.intp]:
    """Find the nearest palette entry within compression noise of each color [N, 4], intp [N]; -1 if there is none."""
    if not len(palette):
        return np.full(len(colors), -1)
    nearest = nearest_entries(colors, palette)
    apart = np.abs(colors.astype(int) - palette.colors[nearest]).max(axis=1)
    is_paper = (colors[:, 3] == 0) & (palette.colors[nearest, 3] == 0)
    return np.where((apart <= SCATTER_LEVELS) | is_paper, nearest, -1)


def add_unlike(palette: Palette, colors: NDArray[np.uint8]) -> Palette:
    """Append the colors [N, 4] that differ from every entry by more than compression noise."""
    return add_colors(palette, colors[find_near(colors, palette) < 0])


def restrict_palette(painted: Palette, allowed: Palette) -> Palette:
    """Replace each painted color by the nearest allowed one, in order and without repeats; paper stays paper.

    Raises PaletteError if there are painted colors, but all allowed ones are transparent.
    """
    solid = painted.colors[:, 3] > 0
    paints = allowed.colors[allowed.colors[:, 3] > 0]
    if solid.any() and not len(paints):
        raise PaletteError("palette", "it holds transparent colors only", "give it the colors of the keys")
    colors = painted.colors.copy()
    if solid.any():
        difference = colors[solid, None, :3].astype(int) - paints[None, :, :3]
        colors[solid] = paints[np.square(difference).sum(axis=2).argmin(axis=1)]
    return Palette(np.array(list(dict.fromkeys(map(tuple, colors.tolist()))), np.uint8))


def group_colors(palette: Palette) -> NDArray[np.intp]:
    """Assign a class to each color, intp [P]: colors within compression noise of a more used one share its class."""
    classes = np.zeros(len(palette), np.intp)
    firsts: list[int] = []
    for i, color in enumerate(palette.colors.astype(int)):
        near = [k for k, j in enumerate(firsts) if np.abs(color - palette.colors[j]).max() <= SCATTER_LEVELS]
        if not near:
            firsts.append(i)
        classes[i] = near[0] if near else len(firsts) - 1
    return classes


def as_color(row: NDArray[np.uint8]) -> Rgba:
    """Convert a color, uint8 [4], to a tuple of ints."""
    red, green, blue, alpha = row.tolist()
    return red, green, blue, alpha
