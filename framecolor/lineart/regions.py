"""Regions: the connected areas between the lines, with gaps closed.

Gap closing gives the trapped-ball result (Zhang et al. 2009, "Vectorizing cartoon animations") from the few places
where balls of each size fit, instead of repeated morphology: the space in which a ball of radius r fits, from the
largest ball down to none, shows which areas only meet through a passage that the ball cannot enter. Such areas stay
apart; the passage itself is shared between them. Narrow ends of an area, where no ball fits but no bottleneck lies
before them, stay with it. Gaps wider than two pixels are closed only beside the end of a stroke: elsewhere a narrow
passage is a neck of the drawing.
"""

from __future__ import annotations

import math
import os
import threading
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
from kornia_rs import imgproc
from numpy.typing import NDArray

from framecolor.core.constants import PAPER_BORDER
from framecolor.core.run_length import Runs
from framecolor.core.types import Box, Frame, Regions
from framecolor.lineart.bridges import find_bridges, find_ends, measure_half_width
from framecolor.lineart.necks import join_necks

Labels = NDArray[np.int32]

# An area behind a bottleneck is a region only if it has at least this many pixels: smaller ones are ragged line edges.
_MIN_POCKET_PX = 24
# ... and clearly wider than the bottleneck (in pixels of distance to the line).
_MIN_WIDENING_PX = 1.0
# Passages up to this width are closed wherever they are, wider ones beside the end of a stroke alone (`necks`).
_NARROW_PX = 2.0
# Screentone and hatching fall into thousands of areas: beyond this many, the smallest ones count as line.
MOST_REGIONS = 2500

_FIRST_CALL = threading.Lock()


def find_regions(
    frame: Frame,
    *,
    gap_px: float = 2,
    min_region_px: float = 4,
    bridge_px: float = 0,
    paper_border: float = PAPER_BORDER,
) -> Regions:
    """Find the regions of a drawing: 4-connected areas without line pixels.

    gap_px         gaps in a line up to this width do not join two areas; 0 turns gap closing off
    min_region_px  areas smaller than this are specks and count as line
    bridge_px      openings up to this width are bridged along the strokes that end at them; 0: none
    paper_border   of `Regions`
    A drawing without lines is one region.
    """
    found = label_regions(frame.lines, gap_px=gap_px, min_region_px=min_region_px, bridge_px=bridge_px)
    return replace(found, paper_border=paper_border)


def label_regions(
    lines: NDArray[np.bool_], *, gap_px: float = 2, min_region_px: float = 4, bridge_px: float = 0
) -> Regions:
    """Find the regions of a line mask, bool HxW, as `find_regions`."""
    line = lines.astype(np.uint8)
    # Outside the box of the lines is only paper, so labels at its edge extend to the picture's edge.
    box = Box.around(line, margin_px=math.ceil(gap_px) + 3)
    ink = np.ascontiguousarray(box.crop(line))
    free = 1 - ink
    is_wide = gap_px > _NARROW_PX
    ends = find_ends(ink) if bridge_px > 0 or is_wide else np.zeros((0, 4))
    bridges = find_bridges(ink, ends, bridge_px) if bridge_px > 0 else None
    if bridges is not None:
        free[bridges] = 0
    labels = _close_gaps(free, gap_px) if gap_px > 0 else _label(free)
    if is_wide:
        reach_px = gap_px + measure_half_width(ink) + _NARROW_PX
        labels = join_necks(labels, _close_gaps(free, _NARROW_PX), ends[:, :2], reach_px)
    if bridges is not None:
        # A bridge is no line: its pixels belong to the areas beside it.
        labels = np.where(bridges, _spread(labels, bridges), labels)
    labels, count = _drop_specks(labels, min_region_px)
    return Regions(box.extend(labels), count)


def _label(free: NDArray[np.uint8]) -> Labels:
    """Label the 4-connected areas of free space (0/1) from 1 in reading order."""
    # OpenCV gives the same labels in three times the time.
    _keep_to_one_thread()
    labels = imgproc.connected_components(np.ascontiguousarray(free)[..., None], 4)[1]
    return np.asarray(labels, dtype=np.int32)[..., 0]


@cache
def _ask_for_one_thread() -> None:
    name = "RAYON_NUM_THREADS"
    before = os.environ.get(name)
    os.environ[name] = "1"
    try:
        imgproc.connected_components(np.zeros((2, 2, 1), np.uint8), 4)
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before


def _keep_to_one_thread() -> None:
    """Limit kornia's labeling to one thread in this process: parallel drawings take six times as long otherwise.

    kornia reads the number of threads at its first call only.
    """
    with _FIRST_CALL:
        _ask_for_one_thread()


def fill_lines(labels: Labels) -> Labels:
    """Replace every 0 of a label image by the nearest label; an image of zeros stays as it is."""
    line = labels == 0
    if not line.any() or line.all():
        return labels
    box = Box.around(line.view(np.uint8), margin_px=2)
    filled = labels.copy()
    part = box.crop(line)
    box.crop(filled)[part] = nearest_regions(box.crop(labels), part)
    return filled


def nearest_regions(labels: Labels, line: NDArray[np.bool_]) -> Labels:
    """Find the nearest label of each line pixel, in reading order.

    line  bool HxW, set where labels are 0, and not everywhere
    """
    # OpenCV numbers the zero pixels of the mask, here those of regions, from 1 in reading order.
    mask = np.ascontiguousarray(line).view(np.uint8)
    found = cv2.distanceTransformWithLabels(mask, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)[1]
    return labels[~line][np.asarray(found, dtype=np.int32)[line] - 1]


def outside_regions(regions: Regions) -> NDArray[np.bool_]:
    """Find the regions that are paper, bool [count + 1]: those along enough of the picture's border."""
    labels = regions.labels
    edge = np.concatenate([labels[0], labels[-1], labels[1:-1, 0], labels[1:-1, -1]])
    outside = np.bincount(edge, minlength=regions.count + 1) >= max(1.0, regions.paper_border * edge.size)
    outside[0] = False
    return outside


def _drop_specks(labels: Labels, min_region_px: float) -> tuple[Labels, int]:
    """Turn areas below the size or beyond MOST_REGIONS into line; number the others 1..count in reading order."""
    runs = Runs.pack(labels)
    area = np.bincount(runs.values, runs.lengths)
    keep = area >= min_region_px
    keep[0] = False
    if len(area) > 1 and not keep.any():
        keep[1:] = area[1:] > 0
    if np.count_nonzero(keep) > MOST_REGIONS:
        keep[np.argsort(-np.where(keep, area, 0), kind="stable")[MOST_REGIONS:]] = False
    count = int(keep.sum())
    renumber = np.zeros(len(area), np.int32)
    renumber[keep] = np.arange(1, count + 1, dtype=np.int32)
    return np.take(renumber, labels), count


def _close_gaps(free: NDArray[np.uint8], gap_px: float) -> Labels:
    """Label free space (0/1) so that no two areas are joined by a passage up to `gap_px` wide."""
    # The middle of a passage of g free pixels between two line pixels is at most (g + 1) / 2 from a line. Every free
    # pixel is at least 1 from a line, so the last level includes all.
    ball = (gap_px + 1) / 2
    labels = np.zeros(free.shape, np.int32)
    areas = _Areas()
    for level in (*np.arange(ball, 0.99, -1.0).tolist(), 0.0):
        open_space = np.asarray(cv2.erode(free, _ball(level)), dtype=np.uint8) if level else free
        labels = areas.lower(labels, open_space, level)
    return labels


@cache
def _ball(level: float) -> NDArray[np.uint8]:
    """Make the mask of pixels within `level` of the middle one, by the distances of a 5x5 distance transform."""
    reach = math.floor(level)
    apart = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    apart[reach, reach] = 0
    return (cv2.distanceTransform(apart, cv2.DIST_L2, 5) <= level).astype(np.uint8)


class _Areas:
    """The areas found so far while the ball shrinks: one pixel of each, its size, and the level where it appeared."""

    def __init__(self) -> None:
        self.pixel = np.zeros(1, np.int64)  # one pixel of each area, as an index into the flat picture
        self.size = np.zeros(1, np.int64)
        self.appeared = np.zeros(1)

    def lower(self, labels: Labels, open_space: NDArray[np.uint8], level: float) -> Labels:
        """Grow the areas into the space where the smaller ball fits, and add the areas that are new in it."""
        pools = _label(open_space)
        runs = Runs.pack(pools)
        begin = np.cumsum(runs.lengths) - runs.lengths
        # Pools are numbered in reading order: each begins at the first run with a new highest number.
        highest = np.maximum.accumulate(runs.values)
        first = begin[np.flatnonzero(np.diff(highest, prepend=0))]
        count, known = len(first) + 1, len(self.pixel)
        # An area lies in one pool (a connected part of the space at this level), so one of its pixels is enough.
        pool_of = pools.ravel()[self.pixel[1:]]
        held = np.bincount(pool_of, minlength=count)
        fresh = np.flatnonzero(held[1:] == 0) + 1
        owner = np.zeros(count, np.int32)
        owner[pool_of] = np.arange(1, known)  # final for pools with one area
        owner[fresh] = known + np.arange(len(fresh))
        shared = {}
        for pool in np.flatnonzero(held > 1).tolist():
            areas = 1 + np.flatnonzero(pool_of == pool)
            major = self._find_major(areas, level)
            owner[pool] = major[0]  # final if only one is major
            if len(major) > 1:
                shared[pool] = major
        self.pixel = np.concatenate([self.pixel, first[fresh - 1]])
        self.appeared = np.concatenate([self.appeared, np.full(len(fresh), level if known > 1 else np.inf)])
        grown = np.take(owner, pools)
        for pool, major in shared.items():
            window = _find_window(runs, begin, pool)
            _share(grown[window], labels[window], pools[window] == pool, major)
        # If no areas share a pool, counting runs is much faster than counting pixels.
        values, lengths = (grown.ravel(), None) if shared else (owner[runs.values], runs.lengths)
        self.size = np.bincount(values, lengths, len(self.pixel)).astype(np.int64)
        return grown

    def _find_major(self, areas: NDArray[np.intp], level: float) -> NDArray[np.intp]:
        """Select the areas in one pool that stay apart.

        An area that is small, or hardly wider than its bottleneck, is a ragged edge and joins its neighbors.
        """
        size = self.size[areas]
        major = (size >= _MIN_POCKET_PX) & (self.appeared[areas] - level >= _MIN_WIDENING_PX)
        major[np.argmax(size)] = True
        return areas[major]


def _find_window(runs: Runs[np.int32], begin: NDArray[np.int64], pool: int) -> tuple[slice, slice]:
    """Find the rows and columns of a pool; `begin`: index of each run in the flat picture."""
    own = np.flatnonzero(runs.values == pool)
    width = runs.shape[1]
    (top, left), (bottom, right) = np.divmod(begin[own], width), np.divmod(begin[own] + runs.lengths[own] - 1, width)
    wraps = bool((bottom > top).any())  # a run continues in the next row
    return (
        slice(int(top[0]), int(bottom[-1]) + 1),
        slice(0 if wraps else int(left.min()), width if wraps else int(right.max()) + 1),
    )


def _share(grown: Labels, labels: Labels, pool: NDArray[np.bool_], areas: NDArray[np.intp]) -> None:
    """Write the area of each pixel of a pool, one of `areas`, into `grown`."""
    is_seed = np.zeros(int(labels.max()) + 1, bool)
    is_seed[areas] = True
    seeds = np.where(pool & np.take(is_seed, labels), labels, 0)
    grown[pool] = _spread(seeds, pool)[pool]


def _spread(seeds: Labels, space: NDArray[np.bool_]) -> Labels:
    """Grow labels through `space` by one pixel per step, never across pixels outside of it."""
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    labels = seeds.astype(np.float32)  # exact for labels below 2**24
    empty = space & (seeds == 0)
    while empty.any():
        wave = cv2.dilate(labels, cross)
        reached = empty & (wave > 0)
        if not reached.any():
            break
        labels[reached] = wave[reached]
        empty &= ~reached
    return labels.astype(np.int32)
