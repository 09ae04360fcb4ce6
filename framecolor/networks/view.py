"""A drawing as the networks see it: cropped to the figure, at a working size that is the same for a whole shot."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.datatypes import Frame, Regions
from framecolor.lineart.drawing import ink_mask
from framecolor.lineart.planes import line_planes
from framecolor.lineart.regions import outside_regions
from framecolor.lineart.sampling import RegionPoints

Box = tuple[int, int, int, int]

_MARGIN = 0.03
_SMALLEST_BOX_PX = 32


@dataclass(frozen=True, eq=False)
class View:
    """Line planes of the figure in a drawing, and where they lie in it.

    planes  float32 7xhxw
    box     (left, top, right, bottom) of the crop in drawing pixels
    """

    planes: NDArray[np.float32]
    box: Box

    def locate(self, x: NDArray[np.int32], y: NDArray[np.int32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Working-size positions of drawing pixels; those outside of the crop go to its edge."""
        left, top, right, bottom = self.box
        height, width = self.planes.shape[1:]
        u = (x - left + 0.5) * (width / (right - left)) - 0.5
        v = (y - top + 0.5) * (height / (bottom - top)) - 0.5
        return np.clip(u, 0, width - 1).astype(np.float32), np.clip(v, 0, height - 1).astype(np.float32)


def figure_box(frame: Frame) -> Box:
    """(left, top, right, bottom) around all lines of a drawing, with a margin; the whole picture where it has none."""
    height, width = frame.size
    lines = (frame.ink[..., 3] > 0) | frame.trace
    left, top, w, h = cv2.boundingRect(lines.astype(np.uint8))
    if w == 0 or h == 0:
        return 0, 0, width, height
    margin = max(2, round(_MARGIN * max(w, h)))
    grow_x = max(margin, (_SMALLEST_BOX_PX - w + 1) // 2)
    grow_y = max(margin, (_SMALLEST_BOX_PX - h + 1) // 2)
    return max(0, left - grow_x), max(0, top - grow_y), min(width, left + w + grow_x), min(height, top + h + grow_y)


def working_scale(boxes: list[Box], area_px: int) -> float:
    """Working pixels for each drawing pixel, such that the largest box has `area_px` of them; never above 1."""
    largest = max((right - left) * (bottom - top) for left, top, right, bottom in boxes)
    return min(1.0, math.sqrt(area_px / largest))


def look(frame: Frame, regions: Regions, scale: float) -> View:
    """The view of a drawing at a shot's working scale."""
    box = figure_box(frame)
    left, top, right, bottom = box
    crop = (slice(top, bottom), slice(left, right))
    height, width = max(1, round((bottom - top) * scale)), max(1, round((right - left) * scale))
    planes = line_planes(
        ink_mask(frame)[crop], frame.trace[crop], outside_regions(regions)[regions.labels[crop]], height, width
    )
    return View(planes, box)


def pool(values: NDArray[np.float32], view: View, points: RegionPoints, stride: int = 1) -> NDArray[np.float32]:
    """Mean over each region of a map float32 [C, h, w], one value for `stride` working pixels a side: float32
    [count + 1, C]; row 0 is 0."""
    if not len(points.x):  # ink all over
        return np.zeros((points.count + 1, len(values)), np.float32)
    u, v = ((at + 0.5) / stride - 0.5 for at in view.locate(points.x, points.y))
    # Plane by plane: remap wants positions below 32768, so points go in columns of that many.
    columns = max(1, min(len(u), 16384))
    pad = -len(u) % columns
    u2, v2 = (np.pad(a, (0, pad)).reshape(-1, columns) for a in (u, v))
    read = np.empty((len(u), len(values)), np.float32)
    for channel, plane in enumerate(values):
        read[:, channel] = cv2.remap(plane, u2, v2, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).ravel()[: len(u)]
    return points.mean(read)
