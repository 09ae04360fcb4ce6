"""A drawing as the networks' input: cropped to the figure, at a working scale that is the same for a whole shot."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Frame, Regions
from framecolor.lineart.input_planes import EMPTY_PLANES, line_planes
from framecolor.lineart.regions import outside_regions
from framecolor.lineart.sampling import RegionPoints

Box = tuple[int, int, int, int]

HINT_PLANES = 4
"""A hint's red, green and blue in [0, 1] times its confidence, then the confidence."""
CONTEXT_STRIDE = 4
"""Working pixels per side of one value of the generator's context."""

_MARGIN = 0.03
_SMALLEST_BOX_PX = 32
_EMPTY = np.array(EMPTY_PLANES, np.float32)[:, None, None]


@dataclass(frozen=True, eq=False)
class Cells:
    """The weighted cells of a map that average each region: bilinear reads at its sample points.

    index   int32 [M]: cells of the map in row-major order
    weight  float32 [M]: of each read; those of a region sum to 1
    starts  int32 [count]: index of each region's first read
    """

    index: NDArray[np.int32]
    weight: NDArray[np.float32]
    starts: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class View:
    """Line planes of the figure in a drawing, and their box in it.

    planes  float32 7xhxw
    box     (left, top, right, bottom) of the crop in drawing pixels
    """

    planes: NDArray[np.float32]
    box: Box

    def cells(self, points: RegionPoints, size: tuple[int, int], stride: int = 1) -> Cells:
        """Compute the reads of all regions in a map of `size` (rows, columns); a cell is `stride` pixels wide."""
        u, v = (((at + 0.5) / stride - 0.5).astype(np.float32) for at in self.locate(points.x, points.y))
        left, top = np.floor(u), np.floor(v)
        right_share, low_share = u - left, v - top
        x, y = left.astype(np.int32), top.astype(np.int32)
        x2, y2 = np.minimum(x + 1, size[1] - 1), np.minimum(y + 1, size[0] - 1)
        x, y = np.maximum(x, 0), np.maximum(y, 0)
        index = np.stack([y * size[1] + x, y * size[1] + x2, y2 * size[1] + x, y2 * size[1] + x2], axis=1)
        share = 1 / points.per_region[points.region].astype(np.float32)
        upper, lower = (1 - low_share) * share, low_share * share
        weight = np.stack(
            [upper * (1 - right_share), upper * right_share, lower * (1 - right_share), lower * right_share], axis=1
        )
        return Cells(index.ravel(), weight.ravel().astype(np.float32, copy=False), (4 * points.starts).astype(np.int32))

    def locate(self, x: NDArray[np.int32], y: NDArray[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Convert positions of drawing pixels to working pixels; those outside of the crop move to its edge."""
        left, top, right, bottom = self.box
        height, width = self.planes.shape[1:]
        u = (x - left + 0.5) * (width / (right - left)) - 0.5
        v = (y - top + 0.5) * (height / (bottom - top)) - 0.5
        return np.clip(u, 0, width - 1).astype(np.float32), np.clip(v, 0, height - 1).astype(np.float32)


def figure_box(frame: Frame) -> Box:
    """Find (left, top, right, bottom) around all lines of a drawing, with a margin; the whole picture without lines."""
    height, width = frame.size
    left, top, w, h = frame.box.left, frame.box.top, frame.box.right - frame.box.left, frame.box.bottom - frame.box.top
    margin = max(2, round(_MARGIN * max(w, h)))
    grow_x = max(margin, (_SMALLEST_BOX_PX - w + 1) // 2)
    grow_y = max(margin, (_SMALLEST_BOX_PX - h + 1) // 2)
    return max(0, left - grow_x), max(0, top - grow_y), min(width, left + w + grow_x), min(height, top + h + grow_y)


def working_scale(boxes: list[Box], area_px: int) -> float:
    """Compute working pixels per drawing pixel, at most 1, such that the largest box has `area_px` of them."""
    largest = max((right - left) * (bottom - top) for left, top, right, bottom in boxes)
    return min(1.0, math.sqrt(area_px / largest))


def look(frame: Frame, regions: Regions, scale: float) -> View:
    """Make the view of a drawing at a shot's working scale."""
    box = figure_box(frame)
    left, top, right, bottom = box
    crop = (slice(top, bottom), slice(left, right))
    height, width = max(1, round((bottom - top) * scale)), max(1, round((right - left) * scale))
    planes = line_planes(
        frame.solid[crop], frame.trace[crop], np.take(outside_regions(regions), regions.labels[crop]), height, width
    )
    return View(planes, box)


def pad_to(planes: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Pad planes [C, h, w] at the right and bottom to [C, *size]: line planes with empty paper, hints with no hint."""
    channels, height, width = planes.shape
    if (height, width) == size:
        return planes
    padded = np.zeros((channels, *size), np.float32)
    if channels == _EMPTY.shape[0]:
        padded[:] = _EMPTY
    padded[:, :height, :width] = planes
    return padded


def pool(maps: NDArray[np.float32], cells: Cells) -> NDArray[np.float32]:
    """Average a map [h, w, C] over each region: float32 [count + 1, C]; row 0 is 0."""
    from scipy.sparse import csr_array

    channels = maps.shape[2]
    pooled = np.zeros((len(cells.starts) + 1, channels), np.float32)
    if len(cells.index):
        ends = np.append(cells.starts, np.int32(len(cells.index)))
        flat = maps.reshape(-1, channels)
        pooled[1:] = csr_array((cells.weight, cells.index, ends), shape=(len(cells.starts), len(flat))) @ flat
    return pooled
