"""Find regions of keys that were left as paper, where trace lines, the paper around or other keys say otherwise."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.faults import Fault, Place
from framecolor.core.types import Frame, Regions
from framecolor.lineart.region_colors import RegionColors, Rgba, as_color
from framecolor.lineart.regions import outside_regions
from framecolor.lineart.touching import FEWEST_TOUCH_PX, WIDEST_INK_PX, count_touching, find_beyond_line

# Two regions touch across a trace line that is so wide.
_WIDEST_TRACE_PX = 6
_TRACED_SHARE = 0.15
_BARE_SHARE = 0.6
_FEWEST_BARE_PX = 40
# Smaller regions are rarely painted, and too small to be compared with those of other keys.
_FEWEST_PX = 24
_FEWEST_COMPARED_PX = 300
# A region of another key is the same one if its mask covers this share of both, at most so far away (in figures).
_SAME_SHARE = 0.8
_SAME_PLACE = 0.12
_SAME_AREA = 0.75
# Of two bare regions beside a trace line, one may be white on purpose, if they are about as large. A much smaller one
# is a detail with a color of its own, unless this share of its outline lies against the other: then it is a mark in it.
_AS_LARGE = 0.5
_ISLAND_SHARE = 0.9


@dataclass(frozen=True, eq=False)
class PaintedKey:
    """A key to look for holes in.

    bare  pixels of trace lines that the key leaves unpainted as well, bool HxW
    """

    number: int
    frame: Frame
    regions: Regions
    colors: RegionColors
    bare: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Scene:
    """A key's regions.

    paper     regions in the color of the paper, bool [count + 1]
    outside   regions that are the paper itself
    """

    key: PaintedKey
    paper: NDArray[np.bool_]
    outside: NDArray[np.bool_]

    @property
    def enclosed(self) -> NDArray[np.intp]:
        """Regions that look like paper but are not at the border."""
        area = self.key.regions.area
        return np.flatnonzero(self.paper & ~self.outside & (area >= _FEWEST_PX))


def find_holes(keys: Sequence[PaintedKey]) -> list[Fault]:
    """Find the holes of all keys, by number and then place.

    Enclosed paper alone is no hole: between an arm and a body there is paper, and clothes may be as white as paper.
    """
    scenes = [scene for key in keys if (scene := _look(key)) is not None]
    faults = []
    for i, scene in enumerate(scenes):
        certain = _compare_with_keys(scene, [other for j, other in enumerate(scenes) if j != i])
        by_trace, pairs = _find_by_trace(scene)
        reasons = _find_by_outline(scene) | by_trace | certain
        groups = _group(scene, reasons, [pair for pair in pairs if not certain.keys() & pair])
        faults += [_name_hole(scene, regions, reasons[regions[0]]) for regions in groups]
    return faults


def _name_hole(scene: _Scene, regions: Sequence[int], reason: str) -> Fault:
    """Name the regions of one hole, the largest first."""
    area = scene.key.regions.area[list(regions)]
    alike = int(np.count_nonzero(area >= _AS_LARGE * area[0]))
    what = "the region" if alike == 1 else f"at least one of {alike} regions"
    places = tuple(find_middle(scene.key.regions, region) for region in regions)
    fix = "paint it" if alike == 1 else "paint what was forgotten"
    return Fault("hole", scene.key.number, f"{what} was left unpainted ({reason})", fix, places)


def _group(scene: _Scene, holes: Collection[int], pairs: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Group the holes that one line names, the largest of each group first: a pair, or a region and the mark in it."""
    area = scene.key.regions.area
    group_of = {region: {region} for region in sorted(holes)}
    beside: dict[int, dict[int, int]] = {}
    touching = count_touching(scene.key.regions.labels, scene.key.frame.lines, WIDEST_INK_PX) if pairs else {}
    for (a, b), px in touching.items():
        beside.setdefault(a, {})[b] = beside.setdefault(b, {})[a] = px
    for pair in pairs:
        small, large = sorted(pair, key=lambda region: int(area[region]))
        if small not in group_of or large not in group_of:
            continue
        touch = beside.get(small, {})
        is_mark = touch.get(large, 0) >= _ISLAND_SHARE * sum(touch.values())
        if is_mark or area[small] >= _AS_LARGE * area[large]:
            joined = group_of[small] | group_of[large]
            group_of |= dict.fromkeys(joined, joined)
    groups = {frozenset(group) for group in group_of.values()}
    return sorted((sorted(group, key=lambda region: (-int(area[region]), region)) for group in groups), key=min)


def _look(key: PaintedKey) -> _Scene | None:
    outside = outside_regions(key.regions)
    rows = np.flatnonzero(outside)
    if not len(rows):
        return None
    color = key.colors.color
    paper = color[rows[key.colors.seen[rows].argmax()]]
    if paper[3] and not (paper[:3] == 255).all():
        return None  # a painted background
    is_paper = (color[:, 3] == 0) if paper[3] == 0 else (color == paper).all(axis=1)
    is_paper[0] = False
    # Enclosed paper that touches the border is background too, such as between the legs of a figure that is cut off.
    return _Scene(key, is_paper, (outside | key.regions.along_border) & is_paper)


def _find_by_trace(scene: _Scene) -> tuple[dict[int, str], list[tuple[int, int]]]:
    """Find paper on both sides of a trace line, which separates paints; also returns the pairs of such regions."""
    key = scene.key
    touching = count_touching(key.regions.labels, key.frame.trace, _WIDEST_TRACE_PX)
    bare = count_touching(key.regions.labels, key.frame.trace, _WIDEST_TRACE_PX, key.bare)
    found: dict[int, str] = {}
    pairs = []
    enclosed = set(scene.enclosed.tolist())
    blot = cv2.erode(key.frame.trace.view(np.uint8), np.ones((3, 3), np.uint8))
    blot = cv2.dilate(blot, np.ones((3, 3), np.uint8)).view(np.bool_)
    painted: set[int] = set()
    for (a, b), px in touching.items():
        # Folds of white clothes are trace lines too, but the painter gave them a color.
        is_bare = bare.get((a, b), 0) >= max(FEWEST_TOUCH_PX, _BARE_SHARE * px)
        if scene.paper[a] and scene.paper[b] and is_bare and min(key.regions.area[[a, b]]) >= _FEWEST_BARE_PX:
            found |= dict.fromkeys(enclosed.intersection((a, b)), "a trace line has paper on both sides")
            pairs.append((a, b))
        elif not scene.paper[a] or not scene.paper[b]:
            painted |= {a, b}
    # A highlight may be drawn as a blot of a trace color, with nothing beyond it.
    for region in enclosed.difference(painted, found):
        touch, outline = _measure_trace(key, blot, region)
        if touch >= max(FEWEST_TOUCH_PX, _TRACED_SHARE * outline):
            found[region] = "a trace line, which separates paints, lies along it"
    return found, pairs


def _measure_trace(key: PaintedKey, blot: NDArray[np.bool_], region: int) -> tuple[int, int]:
    """Count the pixels around a region that are in a blot of trace color, bool HxW, and all of them."""
    left, top, width, height = key.regions.boxes[region].tolist()
    window = (slice(max(0, top - 1), top + height + 1), slice(max(0, left - 1), left + width + 1))
    own = (key.regions.labels[window] == region).view(np.uint8)
    around = cv2.dilate(own, np.ones((3, 3), np.uint8)).view(np.bool_) & ~own.view(np.bool_)
    return int(np.count_nonzero(around & blot[window])), int(np.count_nonzero(around))


def _find_by_outline(scene: _Scene) -> dict[int, str]:
    """Find transparent regions that only a line separates from the paper around the figure."""
    if scene.key.colors.color[np.flatnonzero(scene.outside)[:1], 3].any() or not len(scene.enclosed):
        return {}
    enclosed = np.isin(np.arange(scene.key.regions.count + 1), scene.enclosed)
    found = find_beyond_line(scene.key.regions, scene.key.frame.lines, scene.outside, enclosed)
    return dict.fromkeys(np.flatnonzero(found).tolist(), "only a line is between it and the paper around")


def _compare_with_keys(scene: _Scene, others: Sequence[_Scene]) -> dict[int, str]:
    """Find regions that another key shows at the same place and in the same shape, but painted."""
    found: dict[int, str] = {}
    area = scene.key.regions.area
    for region in scene.enclosed.tolist():
        if area[region] < _FEWEST_COMPARED_PX:
            continue
        for other in others:
            color = _find_same(scene, region, other)
            if color is not None:
                found[region] = "key {} has #{:02X}{:02X}{:02X} there".format(other.key.number, *color[:3])
                break
    return found


def _find_same(scene: _Scene, region: int, other: _Scene) -> Rgba | None:
    """Find the paint of the same region in another key; None if it is not there or not painted."""
    here, there = _measure_figure(scene), _measure_figure(other)
    regions = other.key.regions
    boxes, area = regions.boxes, regions.area
    left, top, width, height = scene.key.regions.boxes[region].tolist()
    middle = np.array([left + width / 2, top + height / 2]) - here[:2]
    away = np.abs(boxes[:, :2] + boxes[:, 2:] / 2 - there[:2] - middle).max(axis=1)
    own = int(scene.key.regions.area[region])
    alike = (np.minimum(area, own) >= _SAME_AREA * np.maximum(area, own)) & (away <= _SAME_PLACE * here[2:].max())
    alike[0] = False
    mask = _cut_out(scene.key.regions, region)
    best, share = None, _SAME_SHARE
    for row in np.flatnonzero(alike).tolist():
        covered = _overlap(mask, _cut_out(regions, row))
        if covered >= share:
            best, share = row, covered
    if best is None or other.paper[best]:
        return None
    return as_color(other.key.colors.color[best])


def _measure_figure(scene: _Scene) -> NDArray[np.float64]:
    """Measure the figure's box: left, top, width and height."""
    box = scene.key.frame.box
    return np.array([box.left, box.top, box.right - box.left, box.bottom - box.top], float)


def _cut_out(regions: Regions, region: int) -> NDArray[np.bool_]:
    left, top, width, height = regions.boxes[region].tolist()
    return regions.labels[top : top + height, left : left + width] == region


def _overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Measure the share of two masks that both cover, with their boxes' middles on each other."""
    height, width = np.maximum(one.shape, other.shape)

    def center(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        above, beside = (height - mask.shape[0]) // 2, (width - mask.shape[1]) // 2
        return np.pad(mask, ((above, height - mask.shape[0] - above), (beside, width - mask.shape[1] - beside)))

    a, b = center(one), center(other)
    return np.count_nonzero(a & b) / max(1, np.count_nonzero(a | b))


def find_middle(regions: Regions, region: int) -> Place:
    """Find the pixel of a region that is farthest from its edge, (x, y)."""
    left, top, _, _ = regions.boxes[region].tolist()
    mask = np.pad(_cut_out(regions, region), 1).view(np.uint8)
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 3)[1:-1, 1:-1]
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(x) + left, int(y) + top
