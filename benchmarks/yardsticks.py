"""Simple ways to color a drawing, which a system has to beat: nearest stroke, graph cut, palette by frequency.

Each is a colorist (`framecolor.colorists.base.Colorist`) without weights, so that the table scores it as a system.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, dijkstra, maximum_flow

from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.core.histogram import BINS, bin_colors
from framecolor.core.types import Frame, Hint, Regions
from framecolor.lineart.regions import fill_lines, outside_regions
from framecolor.shot.strokes import Strokes, read_strokes

# Distances are measured at this many pixels of the longer side. A step over a line is as long as so many others.
_GRID_PX = 256
_CROSSING = 12.0
# Bins of a histogram that hold less are stray pixels.
_LEAST_SHARE = 0.004


class NearestStroke:
    """Gives each region the color of the stroke that is nearest to most of it, over few lines (a geodesic distance)."""

    name = "nearest stroke"

    def paint(
        self, frame: Frame, regions: Regions, conditioning: Conditioning, options: SamplingOptions
    ) -> NDArray[np.float32]:
        """See `Colorist.paint`; paper without a stroke."""
        marks = find_strokes(conditioning.hint, regions)
        if not marks.meant.any():
            return paint_regions(regions, np.full((regions.count + 1, 3), 255, np.uint8))
        palette, group = np.unique(marks.color[marks.meant], axis=0, return_inverse=True)
        index = np.full(regions.count + 1, -1)
        index[marks.meant] = group.reshape(-1)
        labels, ink = _shrink(regions, frame)
        nearest = _spread(index, labels, ink)
        votes = np.bincount(
            labels.ravel() * len(palette) + nearest.ravel(), minlength=(regions.count + 1) * len(palette)
        )
        color = palette[votes.reshape(-1, len(palette)).argmax(axis=1)][:, :3]
        color[marks.meant] = marks.color[marks.meant, :3]
        return paint_regions(regions, color)


class LazyBrush:
    """LazyBrush (Sykora et al. 2009), as Krita and TVPaint have it: cuts the drawing where lines are short.

    Regions are the nodes, since a cut through a region is never worth it; a cut between two costs the length of their
    common line. As in the paper, one color after the other is cut from all the rest.
    """

    name = "LazyBrush"

    def paint(
        self, frame: Frame, regions: Regions, conditioning: Conditioning, options: SamplingOptions
    ) -> NDArray[np.float32]:
        """See `Colorist.paint`; regions that no stroke reaches stay paper."""
        color = np.full((regions.count + 1, 3), 255, np.uint8)
        marks = find_strokes(conditioning.hint, regions)
        border = _measure_borders(regions)
        free = ~outside_regions(regions)
        free[0] = False
        index = np.full(regions.count + 1, -1)
        if marks.meant.any():
            palette, group = np.unique(marks.color[marks.meant], axis=0, return_inverse=True)
            index[marks.meant] = group.reshape(-1)
            for own in np.argsort(-np.bincount(group.reshape(-1)), kind="stable"):
                cut = _cut(border, free, index == own, (index >= 0) & (index != own))
                color[cut] = palette[own, :3]
                free &= ~cut
        return paint_regions(regions, color)


class ByFrequency:
    """Gives the largest region the most frequent color of a reference, and so on: each takes what is left most of."""

    name = "palette by frequency"

    def paint(
        self, frame: Frame, regions: Regions, conditioning: Conditioning, options: SamplingOptions
    ) -> NDArray[np.float32]:
        """See `Colorist.paint`; uses the histogram alone, and is paper without one."""
        color = np.full((regions.count + 1, 3), 255, np.uint8)
        histogram = conditioning.histogram
        if histogram is None or histogram.shape != (BINS,) or not histogram.sum():
            return paint_regions(regions, color)
        bins = np.flatnonzero(histogram / histogram.sum() >= _LEAST_SHARE)
        painted = np.flatnonzero(~outside_regions(regions)[1:]) + 1
        left = histogram[bins].astype(np.float64) / histogram[bins].sum() * regions.area[painted].sum()
        for region in painted[np.argsort(-regions.area[painted], kind="stable")]:
            most = int(left.argmax())
            color[region] = bin_colors()[bins[most]]
            left[most] -= regions.area[region]
        return paint_regions(regions, color)


def find_strokes(hint: Hint | None, regions: Regions) -> Strokes:
    """Find the regions that a hint's strokes label."""
    if hint is None:
        return Strokes(np.zeros((regions.count + 1, 4), np.uint8), np.zeros(regions.count + 1, bool), ())
    alpha = np.rint(255 * hint.confidence).astype(np.uint8)
    return read_strokes(np.dstack([hint.rgb, alpha]), regions)


def paint_regions(regions: Regions, color: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Paint regions in colors [count + 1, 3], float32 HxWx3 in [0, 1]; paper around the figure stays white."""
    color = color.copy()
    color[outside_regions(regions)] = 255
    return np.asarray(color / np.float32(255), dtype=np.float32)[fill_lines(regions.labels)]


def _shrink(regions: Regions, frame: Frame) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Scale regions (0 only on lines) and lines down to the grid of distances."""
    height, width = regions.size
    scale = min(1.0, _GRID_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    labels = cv2.resize(regions.labels.astype(np.float32), size, interpolation=cv2.INTER_NEAREST).astype(np.int32)
    ink = cv2.resize(frame.lines.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    return labels, ink


def _spread(index: NDArray[np.intp], labels: NDArray[np.int32], ink: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Spread the groups of regions (`index`, -1: none) over all pixels: the nearest group of each, int HxW."""
    cost = np.array([1.0, _CROSSING])[ink.ravel().astype(np.intp)]
    node = np.arange(ink.size).reshape(ink.shape)
    pairs = [(node[:, :-1], node[:, 1:]), (node[:-1], node[1:])]
    pairs += [(node[:-1, :-1], node[1:, 1:]), (node[:-1, 1:], node[1:, :-1])]
    a, b = (np.concatenate([pair[side].ravel() for pair in pairs]) for side in (0, 1))
    step = np.repeat([1.0, 1.0, 2**0.5, 2**0.5], [pair[0].size for pair in pairs])
    length = step * (cost[a] + cost[b]) / 2
    graph = csr_array(coo_array((length, (a, b)), shape=(ink.size, ink.size)))
    known = index[labels.ravel()] >= 0
    _, _, source = dijkstra(
        graph, directed=False, indices=np.flatnonzero(known), return_predecessors=True, min_only=True
    )
    return index[labels.ravel()[np.maximum(source, 0)]].reshape(ink.shape)


def _measure_borders(regions: Regions) -> csr_array:
    """Measure the common line of each pair of regions in pixels, symmetric [count + 1, count + 1]."""
    filled = fill_lines(regions.labels)
    pairs = [(filled[:, :-1], filled[:, 1:]), (filled[:-1], filled[1:])]
    a, b = (np.concatenate([pair[side].ravel() for pair in pairs]) for side in (0, 1))
    apart = (a != b) & (a > 0) & (b > 0)
    both = np.concatenate([a[apart], b[apart]]), np.concatenate([b[apart], a[apart]])
    shape = (regions.count + 1, regions.count + 1)
    return csr_array(coo_array((np.ones(len(both[0]), np.int32), both), shape=shape))


def _cut(
    border: csr_array, free: NDArray[np.bool_], own: NDArray[np.bool_], others: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Cut the regions of one stroke's color from those of all others, over the `free` regions: bool [count + 1].

    Of equally short cuts, the one that leaves most to this color is taken: regions that reach no other stroke are its.
    """
    if not (others & free).any():
        return _reach(border, free, own)
    source, sink, count = len(own), len(own) + 1, len(own) + 2
    rows, columns = border.tocoo().coords
    inside = free[rows] & free[columns]
    endless = np.int32(max(1, border.sum()))
    starts, ends = np.flatnonzero(own & free), np.flatnonzero(others & free)
    data = [border.data[inside], np.full(len(starts), endless), np.full(len(ends), endless)]
    tails = [rows[inside], np.full(len(starts), source), ends]
    heads = [columns[inside], starts, np.full(len(ends), sink)]
    where = np.concatenate(tails), np.concatenate(heads)
    capacity = csr_array(coo_array((np.concatenate(data).astype(np.int32), where), shape=(count, count)))
    left = csr_array(capacity - maximum_flow(capacity, source, sink).flow)
    left.eliminate_zeros()
    # What can still send to the sink is on its side.
    theirs = np.zeros(count, bool)
    theirs[breadth_first_order(csr_array(left.T), sink, return_predecessors=False)] = True
    return _reach(border, free & ~theirs[: len(own)], own)


def _reach(border: csr_array, free: NDArray[np.bool_], own: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find the free regions that are joined to those of a color through free regions."""
    inside = csr_array(border * free[:, None] * free[None])
    _, part = connected_components(inside, directed=False)
    return free & np.isin(part, part[own & free])
