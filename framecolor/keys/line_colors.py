"""Learn the colors of lines from keys whose lines are recolored (iro-trace).

Ink of a key that has not the drawing's own color is a statement about that line. It is kept as samples: pixels of the
key's lines, each with the regions on both sides, its place and its color.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import measure_difference
from framecolor.core.types import Frame, Regions
from framecolor.lineart.line_sides import find_line_sides
from framecolor.lineart.region_colors import SCATTER_LEVELS

Pixels = NDArray[np.uint8]

OWN = 0
"""The color of a line that has the drawing's own color."""

# Ink covers a pixel from this share of its greatest alpha on, which is below 255 in lines drawn in gray. If fewer than
# the second share of the lines' pixels are covered, as in thin antialiased lines, those from an alpha on count, once
# the fill in them is taken out.
_COVERED, _COVERED_SHARE, _HALF_ALPHA = 0.98, 0.15, 144
# A line has another color than the drawing's if they differ by so many levels, or by fewer from a gray line. A key that
# recolors lines has at least so many such pixels, and at least this share of all.
_RECOLORED_LEVELS, _FEWEST_PX, _FEWEST_SHARE = 48, 24, 0.004
_GRAY_LEVELS = 24
# Lines whose ink reaches less alpha are drawn in gray: black ones in the key are not as drawn, but recolored. If they
# are so light that hardly any pixel is half covered, those with this share of their greatest alpha are.
_FULL_ALPHA, _GRAY_SHARE = 230, 0.75
# A color of lines has at least so many pixels, or this share of all, and this share of all similar ones. Nearly all
# pixels have one of these colors, and at most a part has the color of a fill beside it: lines that are not recolored on
# purpose have other colors as well, or fills cover more of them.
_COLOR_PX, _COLOR_SHARE = 12, 0.002
_FLAT_SHARE, _FILLED_SHARE = 0.5, 0.25
# A key whose lines are not learned hides them if this share of their pixels has the color of a fill beside them.
_HIDDEN_SHARE = 0.05
# Samples of the pixels between two regions that have one color.
_MOST_SAMPLES = 48


@dataclass(frozen=True)
class _Scatter:
    """How the levels of one color scatter: within `near`, most of them within `exact`.

    step       colors are told apart in steps of so many levels
    least      factor on the fewest pixels of a color
    explained  share of the pixels that have one of the colors
    """

    near: int
    exact: int
    step: int = 1
    least: float = 1.0
    explained: float = 0.9


_FLAT = _Scatter(SCATTER_LEVELS, 1)
_THIN = _Scatter(2 * SCATTER_LEVELS, 3, least=0.25)
_SOFT = _Scatter(3 * SCATTER_LEVELS, 2 * SCATTER_LEVELS, step=SCATTER_LEVELS, explained=0.75)
"""Of flat keys; of thin lines, whose fill is taken out; of keys that are compressed or scaled."""


@dataclass(frozen=True, eq=False)
class KeyLines:
    """The lines of one key that recolors some of them.

    colors  of its lines, uint8 [L, 4], the most frequent first; the drawing's own color is not among them
    color   of each sample, intp [N]: 1 + the row of `colors`, or OWN
    first   region on the sample's side of the line, second: region on the other side, int32 [N]
    place   (x, y) of the sample in the box of either region, float32 [N, 2, 2] (`place_in`)
    weight  pixels that the sample stands for, float32 [N]
    own     the color in which its lines are drawn, uint8 [4]
    """

    colors: Pixels
    own: Pixels
    color: NDArray[np.intp]
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    place: NDArray[np.float32]
    weight: NDArray[np.float32]


def find_key_lines(
    painted: Pixels, frame: Frame, regions: Regions, colors: Pixels, *, is_soft: bool = False
) -> KeyLines | None:
    """Find the lines of a key, uint8 HxWx4, that recolors some of them; None if it does not.

    colors   of each region in the key, uint8 [count + 1, 4]
    is_soft  whether the key is compressed or scaled
    """
    covered, is_thin, most = _find_covered(frame, regions)
    if is_soft:
        covered = cv2.erode(covered.view(np.uint8), np.ones((3, 3), np.uint8)).view(bool)
    scatter = _SOFT if is_soft else _THIN if is_thin else _FLAT
    far = measure_difference(painted, frame.ink) > _RECOLORED_LEVELS
    pixels = np.count_nonzero(covered)
    if np.count_nonzero(covered & far) < max(_FEWEST_PX, _FEWEST_SHARE * pixels):
        return None  # of nearly every key: nothing else is computed for it
    sides = find_line_sides(regions)
    if sides is None:
        return None
    y, x = np.nonzero(sides.box.crop(covered))
    first, second = sides.first[y, x], sides.second[y, x]
    y, x = y + sides.box.top, x + sides.box.left
    own, shown = frame.ink[y, x, :3].astype(int), painted[y, x].astype(int)
    alpha = frame.ink[y, x, 3]
    fills = colors[first].astype(int), colors[second].astype(int)
    opaque = shown[:, 3] >= 128
    line = _take_out_fill(shown, alpha, fills[0]) if is_thin else shown[:, :3]
    table = _list_colors(line[opaque], scatter)
    if not len(table):
        return None
    apart = np.abs(line[:, None] - table[None]).max(axis=2)
    nearest = apart.argmin(axis=1)
    is_listed = (apart.min(axis=1) <= scatter.near) & opaque
    # Lines drawn in gray are gray in a key that has them as drawn.
    drawn = 255 - (255 - own) * alpha[:, None].astype(int) // 255
    to_drawn = np.abs(shown[:, :3] - drawn).max(axis=1) * (_RECOLORED_LEVELS / _GRAY_LEVELS)
    to_own = np.minimum(np.abs(line - own).max(axis=1), to_drawn)
    filled = np.zeros(len(line), bool)
    for fill in fills:
        filled |= (np.abs(shown[:, :3] - fill[:, :3]).max(axis=1) <= SCATTER_LEVELS) & (fill[:, 3] > 0)
    is_far = to_own > _RECOLORED_LEVELS
    # A fill that covers lines is not a color of lines, unless other lines have it as well.
    established = np.bincount(nearest[is_listed & ~filled], minlength=len(table)) >= _COLOR_PX
    stated = is_listed & established[nearest]
    recolored = np.count_nonzero(stated & is_far & ~filled)
    explained = np.count_nonzero(stated | ((to_own <= _RECOLORED_LEVELS) & opaque) | filled)
    hidden = np.count_nonzero((filled & is_far) | ~opaque)
    if (
        recolored < max(_FEWEST_PX, _FEWEST_SHARE * pixels)
        or explained < scatter.explained * pixels
        or hidden > _FILLED_SHARE * pixels
    ):
        return None
    drawn_in = np.median(own, axis=0)
    is_own = (np.abs(table - drawn_in).max(axis=1) == 0) & (most >= _FULL_ALPHA)
    return _sample(regions, table, is_own, nearest, stated, drawn_in, first, second, x, y)


def hides_lines(painted: Pixels, frame: Frame, regions: Regions, colors: Pixels) -> bool:
    """Tell whether a key, uint8 HxWx4, that recolors no lines is painted over them; arguments as `find_key_lines`."""
    covered = _find_covered(frame, regions)[0]
    far = covered & (measure_difference(painted, frame.ink) > _RECOLORED_LEVELS)
    least = _HIDDEN_SHARE * np.count_nonzero(covered)
    if not far.any() or np.count_nonzero(far) < least or (sides := find_line_sides(regions)) is None:
        return False
    y, x = np.nonzero(sides.box.crop(far))
    shown = sides.box.crop(painted)[y, x]
    hidden = shown[:, 3] < 128
    for side in (sides.first, sides.second):
        fill = colors[side[y, x]]
        hidden |= (measure_difference(shown[None], fill[None])[0] <= SCATTER_LEVELS) & (fill[:, 3] > 0)
    return bool(np.count_nonzero(hidden) >= least)


def _find_covered(frame: Frame, regions: Regions) -> tuple[NDArray[np.bool_], bool, float]:
    """Find the pixels that ink covers, bool HxW, whether they are only half covered, as lines are thin, and its alpha.

    The alpha is that in the middle of lines, where they cover their pixels most.
    """
    alpha, line = frame.ink[..., 3], regions.labels == 0
    most = np.percentile(alpha[line], 99) if line.any() else 255
    half = (alpha >= min(_HALF_ALPHA, _GRAY_SHARE * most)) & line
    most = np.percentile(alpha[half], 99) if half.any() else 255
    covered = (alpha >= _COVERED * most) & line
    is_thin = np.count_nonzero(covered) < _COVERED_SHARE * np.count_nonzero(half)
    return (half if is_thin else covered), bool(is_thin), float(most)


def _take_out_fill(shown: NDArray[np.int_], alpha: NDArray[np.uint8], fill: NDArray[np.int_]) -> NDArray[np.int_]:
    """Compute the color of ink, int [N, 3], that gives `shown` over `fill`, both int [N, 4], at an alpha [N]."""
    share = alpha[:, None] / 255
    under = np.where(fill[:, 3:] > 0, fill[:, :3], shown[:, :3])
    return np.clip(np.rint((shown[:, :3] - (1 - share) * under) / share), 0, 255).astype(int)


def _list_colors(line: NDArray[np.int_], scatter: _Scatter) -> NDArray[np.int_]:
    """List the flat colors of lines, int [L, 3], the most frequent first; colors within compression noise are one.

    Colors that run into others, as those of drawn shades do, are not flat.
    """
    found, count = np.unique(line // scatter.step * scatter.step + scatter.step // 2, axis=0, return_counts=True)
    least = max(_COLOR_PX, _COLOR_SHARE * len(line))
    kept: list[int] = []
    flat: list[int] = []
    for i in np.argsort(-count, kind="stable").tolist():
        # The levels of thin lines scatter: a few pixels of the very color tell it.
        if count[i] < scatter.least * least:
            break
        if any(np.abs(found[i] - found[j]).max() <= scatter.near for j in kept):
            continue
        kept.append(i)
        off = np.abs(found - found[i]).max(axis=1)
        near = count[off <= scatter.near].sum()
        if near >= least and count[off <= scatter.exact].sum() >= _FLAT_SHARE * near:
            flat.append(i)
    if scatter.step == 1:
        return found[flat]
    own = [line[np.abs(line - found[i]).max(axis=1) <= scatter.exact] for i in flat]
    return np.array([np.median(pixels, axis=0).round() for pixels in own], int).reshape(-1, 3)


def place_in(
    regions: Regions, region: NDArray[np.int32], x: NDArray[np.intp], y: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Compute the place of pixels in the boxes of regions, float32 [N, 2]: from the middle, the larger side is 1."""
    boxes = regions.boxes[region].astype(np.float32)
    side = np.maximum(1, boxes[:, 2:].max(axis=1, keepdims=True))
    pixel = np.stack([x, y], axis=1).astype(np.float32)
    return (pixel - boxes[:, :2] - boxes[:, 2:] / 2) / side


def _sample(
    regions: Regions,
    table: NDArray[np.int_],
    is_own: NDArray[np.bool_],
    nearest: NDArray[np.intp],
    stated: NDArray[np.bool_],
    drawn: NDArray[np.float64],
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    x: NDArray[np.intp],
    y: NDArray[np.intp],
) -> KeyLines:
    """Make the samples of a key's lines: of each color between two regions at most so many, evenly spread."""
    entry = np.where(is_own, OWN, np.cumsum(~is_own))
    colors = np.full((int((~is_own).sum()), 4), 255, np.uint8)
    colors[:, :3] = table[~is_own]
    rows = np.flatnonzero(stated)
    color = entry[nearest[rows]]
    order = np.lexsort((x[rows], y[rows], color, second[rows], first[rows]))
    rows, color = rows[order], color[order]
    group = np.stack([first[rows], second[rows], color.astype(np.int32)], axis=1)
    begins = np.flatnonzero(np.r_[True, (np.diff(group, axis=0) != 0).any(axis=1)])
    kept, weight = [], []
    for begin, end in zip(begins.tolist(), [*begins[1:].tolist(), len(rows)], strict=True):
        some = np.unique(np.linspace(begin, end - 1, min(_MOST_SAMPLES, end - begin)).round().astype(int))
        kept.append(some)
        weight.append(np.full(len(some), (end - begin) / len(some), np.float32))
    chosen = np.concatenate(kept)
    pixel = rows[chosen]
    place = np.stack([place_in(regions, side[pixel], x[pixel], y[pixel]) for side in (first, second)], axis=1)
    drawn_in = np.array([*drawn.astype(np.uint8), 255], np.uint8)
    return KeyLines(
        colors, drawn_in, color[chosen].astype(np.intp), first[pixel], second[pixel], place, np.concatenate(weight)
    )


@dataclass(frozen=True, eq=False)
class LineColors:
    """The colors of lines in a shot, and the keys that show them.

    colors  uint8 [L, 4], without repeats
    own     the color in which the lines are drawn, uint8 [4]
    keys    by number, the lines of each key that recolors some, with `color` as 1 + the row of these colors, or OWN
    hidden  numbers of keys that are painted over their lines
    """

    colors: Pixels
    own: Pixels
    keys: Mapping[int, KeyLines]
    hidden: frozenset[int] = frozenset()

    def choose_for_key(self, number: int) -> LineColors | None:
        """Return what tells the lines of a key's frame: it, others if it hides them, or None if they are as drawn."""
        if number in self.keys:
            return replace(self, keys={number: self.keys[number]})
        return self if number in self.hidden else None


def join_key_lines(keys: Mapping[int, KeyLines], hidden: Iterable[int] = ()) -> LineColors | None:
    """Join the lines of all keys that recolor some; None if none does. hidden: keys that are painted over theirs."""
    if not keys:
        return None
    rows: dict[tuple[int, ...], int] = {}
    joined = {}
    for number, key in sorted(keys.items()):
        entry = [OWN, *(rows.setdefault(tuple(color), 1 + len(rows)) for color in key.colors.tolist())]
        joined[number] = replace(key, color=np.array(entry, np.intp)[key.color])
    own, table = next(iter(joined.values())).own, np.array(list(rows), np.uint8).reshape(-1, 4)
    joined = {number: replace(key, colors=table, own=own) for number, key in joined.items()}
    return LineColors(table, own, joined, frozenset(hidden))
