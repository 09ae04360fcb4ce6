"""Bridge openings in lines along the direction of the strokes, so that a wide opening costs no small region.

A ball that closes an opening of 8 pixels also closes every region that is narrower. A bridge is drawn only from the end
of a stroke, straight on, to the end of another one that faces it or to a line that it meets.
"""

from __future__ import annotations

import math
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]

# Thinning removes one pixel on each side per round; wider areas of ink have no ends.
_THIN_ROUNDS = 12
# A stroke's direction is measured over so many pixels back from its end; shorter ones have none.
_BACK_PX, _SHORTEST_PX = 8, 3
# Bridges up to so many pixels come first, then those up to twice as long, and so on.
_FIRST_PX = 3.0
# Directions tried from an end, in degrees from the stroke's own, straight on first: to another end, and to a line.
_END_TURN, _LINE_TURNS = 50, (0, -12, 12, -24, 24)
_CORNER_TURN = 100
_NEIGHBORS = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
_WEIGHTS = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)


def find_bridges(lines: Mask, stroke_ends: NDArray[np.float64], longest_px: float) -> NDArray[np.bool_]:
    """Find the pixels of bridges between lines, bool HxW: 8-connected, one pixel wide, none of them on a line.

    lines        0/1, HxW
    stroke_ends  of `find_ends`
    longest_px   widest opening, in free pixels between two lines
    """
    ends, half_px = list(stroke_ends), measure_half_width(lines)
    bridges = np.zeros_like(lines)
    # The shortest first, so that a longer limit only adds bridges.
    limit = min(_FIRST_PX, longest_px)
    while ends:
        met = set()
        for i, j in _pair_ends(lines, ends, half_px, limit):
            cv2.line(bridges, _as_point(ends[i]), _as_point(ends[j]), 1)
            met |= {i, j}
        for i in sorted(set(range(len(ends))) - met):
            if (target := _cast(lines, ends[i], limit)) is not None:
                cv2.line(bridges, _as_point(ends[i]), target, 1)
                met.add(i)
        ends = [end for i, end in enumerate(ends) if i not in met]
        if limit >= longest_px:
            break
        limit = min(2 * limit, longest_px)
    # What is left may be a corner that was not drawn.
    for i, j in _pair_ends(lines, ends, half_px, longest_px, _CORNER_TURN):
        cv2.line(bridges, _as_point(ends[i]), _as_point(ends[j]), 1)
    return (bridges > 0) & (lines == 0)


def find_ends(lines: Mask) -> NDArray[np.float64]:
    """Find the ends of strokes, each as (x, y, direction x, direction y), the direction pointing outwards; [N, 4].

    lines  0/1, HxW. The end of the thinned stroke is meant, up to half its width (`measure_half_width`) inside of it.
    """
    thin = _thin(lines)
    count = cv2.filter2D(thin, cv2.CV_8U, np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.float32))
    ends = []
    for y, x in np.argwhere((thin > 0) & (count == 1)).tolist():
        path = _walk(thin, y, x, _BACK_PX)
        if len(path) < _SHORTEST_PX:
            continue
        back = np.mean(path[len(path) // 2 :], axis=0)
        along = np.array([x - back[1], y - back[0]])
        ends.append([x, y, *(along / np.hypot(*along))])
    return np.array(ends, np.float64).reshape(-1, 4)


def measure_half_width(lines: Mask) -> float:
    """Measure half the width of the widest line that is thinned, in pixels."""
    return float(min(cv2.distanceTransform(lines, cv2.DIST_L2, 3).max(initial=0), _THIN_ROUNDS))


def _as_point(end: NDArray[np.float64]) -> tuple[int, int]:
    return round(float(end[0])), round(float(end[1]))


def _thin(lines: Mask) -> Mask:
    """Thin lines to one pixel (Zhang and Suen 1984), 0/1 HxW with an empty border."""
    thin = cv2.copyMakeBorder(lines, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    first, second = _removable()
    for _ in range(_THIN_ROUNDS):
        changed = False
        for table in (first, second):
            remove = np.minimum(cv2.LUT(cv2.filter2D(thin, cv2.CV_8U, _WEIGHTS), table), thin)
            changed |= bool(remove.any())
            thin = cv2.subtract(thin, remove)
        if not changed:
            break
    return np.asarray(thin[1:-1, 1:-1], np.uint8)


@cache
def _removable() -> tuple[Mask, Mask]:
    """Make the tables of pixels that each half of a round removes, by the code of their neighbors."""
    tables = np.zeros((2, 256), np.uint8)
    for code in range(256):
        p = [code >> bit & 1 for bit in range(8)]  # clockwise from above
        turns = sum(not p[k] and p[(k + 1) % 8] for k in range(8))
        if not (2 <= sum(p) <= 6 and turns == 1):
            continue
        above, right, below, left = p[0], p[2], p[4], p[6]
        tables[0, code] = not (above and right and below) and not (right and below and left)
        tables[1, code] = not (above and right and left) and not (above and below and left)
    return tables[0], tables[1]


def _walk(thin: Mask, y: int, x: int, steps: int) -> list[tuple[int, int]]:
    """Walk from the end of a thinned stroke along it, up to the next junction."""
    height, width = thin.shape
    path, seen = [(y, x)], {(y, x)}
    while len(path) <= steps:
        y, x = path[-1]
        further = [
            (y + a, x + b)
            for a, b in _NEIGHBORS
            if 0 <= y + a < height and 0 <= x + b < width and thin[y + a, x + b] and (y + a, x + b) not in seen
        ]
        # At a diagonal step two pixels of the same stroke may touch.
        if not further or len(further) > 2:
            break
        seen.update(further)
        path.append(min(further, key=lambda p: abs(p[0] - y) + abs(p[1] - x)))
    return path


def _pair_ends(
    lines: Mask, ends: list[NDArray[np.float64]], half_px: float, longest_px: float, turn: float = _END_TURN
) -> list[tuple[int, int]]:
    """Pair ends that face each other over an opening, the nearest first; each end is used once."""
    if len(ends) < 2:
        return []
    from scipy.spatial import KDTree

    table = np.array(ends)
    reach = longest_px + 2 * half_px + 2
    pairs = KDTree(table[:, :2]).query_pairs(reach, output_type="ndarray")
    apart = table[pairs[:, 1], :2] - table[pairs[:, 0], :2]
    distance = np.maximum(np.hypot(*apart.T), 1e-6)
    ahead = (apart * table[pairs[:, 0], 2:]).sum(axis=1) / distance
    facing = -(apart * table[pairs[:, 1], 2:]).sum(axis=1) / distance
    least = math.cos(math.radians(turn))
    good = (ahead >= least) & (facing >= least)
    chosen, used = [], set()
    for k in np.flatnonzero(good)[np.argsort(distance[good], kind="stable")].tolist():
        i, j = pairs[k].tolist()
        if i not in used and j not in used and 0 < _count_free(lines, table[i], table[j]) <= longest_px:
            chosen.append((i, j))
            used |= {i, j}
    return chosen


def _count_free(lines: Mask, one: NDArray[np.float64], two: NDArray[np.float64]) -> int:
    """Count the free pixels between two points."""
    steps = max(2, math.ceil(float(np.abs(two[:2] - one[:2]).max())) + 1)
    x, y = (np.rint(np.linspace(one[axis], two[axis], steps)).astype(int) for axis in (0, 1))
    return int((lines[y, x] == 0).sum())


def _cast(lines: Mask, end: NDArray[np.float64], longest_px: float) -> tuple[int, int] | None:
    """Find the first line (x, y) that a stroke would meet beyond its end; None if it is farther than `longest_px`."""
    height, width = lines.shape
    best: tuple[float, tuple[int, int]] | None = None
    for turn in _LINE_TURNS:
        angle = math.atan2(end[3], end[2]) + math.radians(turn)
        step = np.array([math.cos(angle), math.sin(angle)])
        reach = np.arange(1.0, longest_px + 2 * _THIN_ROUNDS, 0.5)
        x, y = np.rint(end[:2, None] + step[:, None] * reach).astype(int)
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        x, y = x[inside], y[inside]
        line = lines[y, x] > 0
        leaves = int(np.argmin(line)) if not line.all() else len(line)
        again = leaves + int(np.argmax(line[leaves:])) if line[leaves:].any() else -1
        if again < 0:
            continue
        free = float(np.hypot(x[again] - x[leaves], y[again] - y[leaves]))
        if free <= longest_px and (best is None or free + 0.5 < best[0]):
            best = free, (int(x[again]), int(y[again]))
    return None if best is None else best[1]
