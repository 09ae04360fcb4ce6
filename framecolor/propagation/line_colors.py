"""Choose the color of each line of a drawing by the keys whose lines are recolored.

A line is known by the fills on both sides of it, and by the color that lines between these fills have in the keys.
Where keys show several colors between the same fills, the regions that match, and the place in them, decide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import LINE_ALPHA, Frame, Regions
from framecolor.keys.line_colors import KeyLines, LineColors, place_in
from framecolor.lineart.line_sides import LineSides

Votes = NDArray[np.float32]
MatchRegions = Callable[[int], NDArray[np.float32] | None]
"""Takes the number of a key; returns how likely its regions are those of the drawing, [count + 1, count of key + 1]."""

# So many keys, the nearest, vote; each next one counts by this factor less.
_MOST_KEYS, _NEXT_KEY = 4, 0.4
# Lines between two fills have one color if this share of the votes is for it. Votes of fewer pixels are too few.
_SETTLED_SHARE, _FEWEST_VOTES = 0.7, 6.0
# A key's region that does not match still counts by this factor.
_UNMATCHED = 0.02
# Distance in a region's box at which a sample of a key's line counts by 1/e^.5, and the samples looked at. Pixels are
# compared with them a part at a time.
_NEAR, _MOST_NEAR, _MOST_COMPARED = 0.08, 7, 1500
_AT_ONCE = 512
# Between fills that no key shows together, the color is a guess by either fill.
_GUESSED = 0.6
# A piece of a line with fewer pixels has the color of the line that it lies in.
_SMALLEST_PX, _AROUND_PX = 10, 3
# A piece is listed as doubtful below this confidence if it has so many pixels.
_UNSURE_BELOW, _FEWEST_UNSURE_PX = 0.7, 24


@dataclass(frozen=True, eq=False)
class UnsureLine:
    """A piece of a line whose color is in doubt: its pixels (x, y), int [N, 2], its colors as in `ChosenLines`."""

    pixels: NDArray[np.intp]
    color: int
    second: int | None
    confidence: float


@dataclass(frozen=True, eq=False)
class ChosenLines:
    """The colors of a drawing's lines.

    place   flat indices of all pixels with ink, intp [N]
    color   of each of them, intp [N]: 1 + the row of `LineColors.colors`, or OWN
    unsure  pieces whose color is in doubt
    """

    place: NDArray[np.intp]
    color: NDArray[np.intp]
    unsure: tuple[UnsureLine, ...] = ()


@dataclass(frozen=True, eq=False)
class _Evidence:
    """The samples of the keys that vote: palette entries on both sides, and what `KeyLines` has, of all keys.

    numbers  of the keys; key: of each sample, its place among them. An array would lose the letters of numbers.
    """

    numbers: Sequence[int]
    key: NDArray[np.intp]
    color: NDArray[np.intp]
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    entries: NDArray[np.intp]
    place: NDArray[np.float32]
    weight: NDArray[np.float32]


def choose_line_colors(
    number: int,
    frame: Frame,
    regions: Regions,
    sides: LineSides,
    entries: NDArray[np.intp],
    lines: LineColors,
    index: Mapping[int, NDArray[np.intp]],
    match: MatchRegions,
) -> ChosenLines:
    """Choose the color of each line of a drawing.

    number   of the frame
    entries  palette entry of each region, intp [count + 1]
    index    by number, the palette entry of each region of the keys
    match    compares the drawing with a key; it is called only if fills alone do not tell
    """
    evidence = _gather(number, lines, index)
    box = sides.box
    alpha = box.crop(frame.ink[..., 3])
    y, x = np.nonzero(alpha)
    first, second = sides.first[y, x], sides.second[y, x]
    groups, which = np.unique(first.astype(np.int64) * (regions.count + 1) + second, return_inverse=True)
    one, two = (side.astype(np.intp) for side in np.divmod(groups, regions.count + 1))
    pairs, pair_of = np.unique(np.stack([entries[one], entries[two]], axis=1), axis=0, return_inverse=True)
    pair_of = pair_of.ravel()
    votes = _count_votes(evidence, pairs, len(lines.colors))[pair_of]
    share = votes / np.maximum(votes.sum(axis=1, keepdims=True), 1e-9)
    solid = alpha[y, x] >= LINE_ALPHA
    size = np.bincount(which[solid], minlength=len(groups))
    color, sure = share.argmax(axis=1), share.max(axis=1)
    seen = votes.sum(axis=1) > 0
    pixel_color, pixel_sure = color[which], sure[which].astype(np.float32)
    open_groups = np.flatnonzero(seen & (sure < _SETTLED_SHARE) & (size > 0))
    if len(open_groups):
        asked = np.unique(evidence.key).tolist() if size[open_groups].sum() >= _FEWEST_UNSURE_PX else ()
        matched = {key: match(evidence.numbers[key]) for key in asked}
        members = np.argsort(which, kind="stable")
        begins = np.searchsorted(which[members], np.arange(len(groups) + 1))
        for group in open_groups.tolist():
            rows = members[begins[group] : begins[group + 1]]
            sides_of = int(one[group]), int(two[group])
            px = x[rows] + box.left, y[rows] + box.top
            pixel_color[rows], pixel_sure[rows] = _decide_by_place(
                regions, sides_of, pairs[pair_of[group]], px, evidence, matched, len(lines.colors)
            )
    guess = np.flatnonzero(~seen)
    if len(guess):
        for pair in np.unique(pair_of[guess]).tolist():
            told = _guess(evidence, pairs[pair], len(lines.colors))
            own = (pair_of == pair)[which]
            pixel_color[own], pixel_sure[own] = told.argmax(), _GUESSED * told.max()
    # At junctions, a few pixels lie between regions that have no line between them.
    least = np.where(seen, _SMALLEST_PX, 2 * _SMALLEST_PX)
    pixel_color = _smooth(alpha.shape, y, x, solid, pixel_color, (size < least)[which])
    place = (y + box.top) * box.width + x + box.left
    offset = np.array([box.left, box.top])
    unsure = _list_unsure(alpha.shape, y, x, solid, pixel_color, pixel_sure, offset)
    return ChosenLines(place.astype(np.intp), pixel_color, unsure)


def _gather(number: int, lines: LineColors, index: Mapping[int, NDArray[np.intp]]) -> _Evidence:
    """Gather the samples of the nearest keys."""
    near = sorted(lines.keys, key=lambda key: (abs(key - number), key))[:_MOST_KEYS]
    keys: Sequence[KeyLines] = [lines.keys[key] for key in near]
    return _Evidence(
        near,
        np.repeat(np.arange(len(near)), [len(key.color) for key in keys]),
        np.concatenate([key.color for key in keys]),
        np.concatenate([key.first for key in keys]),
        np.concatenate([key.second for key in keys]),
        np.concatenate(
            [np.stack([index[n][key.first], index[n][key.second]], axis=1) for n, key in zip(near, keys, strict=True)]
        ),
        np.concatenate([key.place for key in keys]),
        np.concatenate([key.weight * np.float32(_NEXT_KEY**rank) for rank, key in enumerate(keys)]),
    )


def _count_votes(evidence: _Evidence, pairs: NDArray[np.intp], count: int) -> Votes:
    """Count the keys' pixels of each color between two fills, float32 [pairs, count + 1]; of both orders if few."""
    base = 1 + int(max(evidence.entries.max(initial=0), pairs.max(initial=0)))
    votes = np.zeros((2, len(pairs), count + 1), np.float32)
    shown = evidence.entries[:, 0] * base + evidence.entries[:, 1]
    for order, (one, two) in enumerate(((0, 1), (1, 0))):
        code = pairs[:, one] * base + pairs[:, two]
        rows = np.argsort(code, kind="stable")
        place = np.minimum(np.searchsorted(code[rows], shown), len(code) - 1)
        asked = code[rows][place] == shown
        np.add.at(votes[order], (rows[place[asked]], evidence.color[asked]), evidence.weight[asked])
    few = votes[0].sum(axis=1, keepdims=True) < _FEWEST_VOTES
    return votes[0] + few * votes[1]


def _guess(evidence: _Evidence, pair: NDArray[np.intp], count: int) -> Votes:
    """Guess the color of lines between two fills that no key shows together, from the lines beside either."""
    shares = []
    for entry in pair:
        beside = (evidence.entries == entry).any(axis=1)
        votes = np.bincount(evidence.color[beside], evidence.weight[beside], count + 1)
        shares.append((votes + 1e-3) / (votes + 1e-3).sum())
    product = shares[0] * shares[1]
    return (product / product.sum()).astype(np.float32)


def _decide_by_place(
    regions: Regions,
    sides: tuple[int, int],
    pair: NDArray[np.intp],
    pixels: tuple[NDArray[np.intp], NDArray[np.intp]],
    evidence: _Evidence,
    matched: dict[int, NDArray[np.float32] | None],
    count: int,
) -> tuple[NDArray[np.intp], Votes]:
    """Choose the color and confidence of each pixel between two regions by samples in matching regions, near by."""
    same = np.flatnonzero((evidence.entries == pair).all(axis=1))
    flip = len(same) == 0
    if flip:
        same = np.flatnonzero((evidence.entries == pair[::-1]).all(axis=1))
    if len(same) > _MOST_COMPARED:
        same = same[np.linspace(0, len(same) - 1, _MOST_COMPARED).round().astype(int)]
    weight = evidence.weight[same].astype(np.float64)
    for key, likely in matched.items():
        own = evidence.key[same] == key
        if likely is None or not own.any():
            continue
        one, two = evidence.first[same[own]], evidence.second[same[own]]
        one, two = (two, one) if flip else (one, two)
        weight[own] *= (likely[sides[0]][one] + _UNMATCHED) * (likely[sides[1]][two] + _UNMATCHED)
    by_region = np.bincount(evidence.color[same], weight, count + 1)
    by_region /= max(by_region.sum(), 1e-12)
    if by_region.max() >= _SETTLED_SHARE:
        size = len(pixels[0])
        return np.full(size, by_region.argmax()), np.full(size, by_region.max(), np.float32)
    anchor = int(np.argmin(regions.area[list(sides)]))
    place = place_in(regions, np.full(len(pixels[0]), sides[anchor], np.int32), *pixels)
    samples = evidence.place[same, 1 - anchor if flip else anchor]
    color = evidence.color[same]
    votes = np.zeros((len(place), count + 1))
    for begin in range(0, len(place), _AT_ONCE):  # distances to all samples take memory
        part = place[begin : begin + _AT_ONCE]
        apart = np.square(part[:, None] - samples[None]).sum(axis=2)
        near = np.argsort(apart, axis=1, kind="stable")[:, :_MOST_NEAR]
        closeness = np.exp(-np.take_along_axis(apart, near, axis=1) / (2 * _NEAR**2)) * weight[near]
        closeness += 1e-9 * weight[near]
        np.add.at(votes, (np.arange(begin, begin + len(part))[:, None], color[near]), closeness)
    votes /= votes.sum(axis=1, keepdims=True)
    return votes.argmax(axis=1), votes.max(axis=1).astype(np.float32)


def _smooth(
    shape: tuple[int, ...],
    y: NDArray[np.intp],
    x: NDArray[np.intp],
    solid: NDArray[np.bool_],
    color: NDArray[np.intp],
    small: NDArray[np.bool_],
) -> NDArray[np.intp]:
    """Give the pixels of small pieces the color of most other ink around them."""
    sure = solid & ~small
    if not small.any() or not sure.any():
        return color
    picture = np.zeros((shape[0] + 2 * _AROUND_PX, shape[1] + 2 * _AROUND_PX), np.uint16)
    picture[y[sure] + _AROUND_PX, x[sure] + _AROUND_PX] = 1 + color[sure]
    rows = np.flatnonzero(small)
    votes = np.zeros((len(rows), int(color.max()) + 2), np.int32)
    each = np.arange(len(rows))
    for down in range(2 * _AROUND_PX + 1):
        for right in range(2 * _AROUND_PX + 1):
            votes[each, picture[y[rows] + down, x[rows] + right]] += 1
    votes[:, 0] = 0
    out = color.copy()
    told = votes.any(axis=1)
    out[rows[told]] = votes[told].argmax(axis=1) - 1
    return out


def _list_unsure(
    shape: tuple[int, ...],
    y: NDArray[np.intp],
    x: NDArray[np.intp],
    solid: NDArray[np.bool_],
    color: NDArray[np.intp],
    sure: Votes,
    offset: NDArray[np.intp],
) -> tuple[UnsureLine, ...]:
    """List the connected pieces of unsure pixels."""
    rows = np.flatnonzero(solid & (sure < _UNSURE_BELOW))
    if len(rows) < _FEWEST_UNSURE_PX:
        return ()
    mask = np.zeros(shape, np.uint8)
    mask[y[rows], x[rows]] = 1
    pieces = np.asarray(cv2.connectedComponents(mask, connectivity=8)[1], np.int32)[y[rows], x[rows]]
    found = []
    for piece in np.flatnonzero(np.bincount(pieces) >= _FEWEST_UNSURE_PX).tolist():
        own = rows[pieces == piece]
        counts = np.bincount(color[own])
        best = np.argsort(-counts, kind="stable")
        second = int(best[1]) if len(best) > 1 and counts[best[1]] else None
        pixels = np.stack([x[own], y[own]], axis=1) + offset
        found.append(UnsureLine(pixels, int(best[0]), second, float(sure[own].mean())))
    return tuple(found)
