"""Dense motion between two line drawings.

Line art has no texture, so flow is computed on the distance d of each pixel to the nearest line: dense inverse search
(Kroeger et al. 2016, OpenCV's DIS) on exp(-d / 6) at a reduced size, in both directions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Box, Flow

FLOW_LONG_SIDE_PX = 512
_FALL_OFF_PX = 6.0
_AGREEMENT_PX = 2.0
# The largest size of a pixel at which distances are measured, in pixels of the field.
_COARSEST = 0.6
# Flow is computed in the part where either drawing has lines, with this margin.
_AROUND_PX = 16


@dataclass(frozen=True, eq=False)
class LineField:
    """The input of flow: values uint8 hxw, bright near lines, and the drawing's own size (height, width)."""

    values: NDArray[np.uint8]
    size: tuple[int, int]


def line_field(line: NDArray[np.bool_], long_side_px: int = FLOW_LONG_SIDE_PX) -> LineField:
    """Compute the field of a line mask, bool HxW."""
    height, width = line.shape
    scale = min(1.0, long_side_px / max(height, width))
    w, h = max(16, round(width * scale)), max(16, round(height * scale))
    if not line.any():
        return LineField(np.zeros((h, w), np.uint8), (height, width))
    # Beyond this margin the field is 0 after rounding.
    margin_px = math.ceil(_FALL_OFF_PX * math.log(256) * width / w) + 4
    step = _choose_step((height, width), scale)
    box = _align(Box.around(line.view(np.uint8), margin_px), (h, w), step)
    coarse = _thin_out(box.crop(line), step)
    distance = cv2.distanceTransform((~coarse).view(np.uint8), cv2.DIST_L2, 3)
    top, bottom, left, right = (
        box.top * h // height,
        box.bottom * h // height,
        box.left * w // width,
        box.right * w // width,
    )
    small = cv2.resize(distance, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    values = np.zeros((h, w), np.uint8)
    values[top:bottom, left:right] = 255 * np.exp(small * np.float32(-step * w / width / _FALL_OFF_PX))
    return LineField(values, (height, width))


def _choose_step(size: tuple[int, int], scale: float) -> int:
    """Choose the step in pixels at which distances are measured: above 1 if a picture is much larger than its field."""
    return next(step for step in range(max(1, int(_COARSEST / scale)), 0, -1) if not any(side % step for side in size))


def _thin_out(line: NDArray[np.bool_], step: int) -> NDArray[np.bool_]:
    """Shrink a mask to a `step`-th of its size; a pixel is set if any of its pixels was."""
    for axis in range(2):
        parts = [line[first::step] if axis == 0 else line[:, first::step] for first in range(step)]
        line = np.logical_or.reduce(parts)
    return line


def _align(box: Box, size: tuple[int, int], step: int) -> Box:
    """Grow the box until its edges are also pixel edges after resizing its picture to `size`, and after thinning."""
    rows, columns = (
        math.lcm(step, side // math.gcd(side, other)) for side, other in zip((box.height, box.width), size, strict=True)
    )
    return replace(
        box,
        top=box.top // rows * rows,
        bottom=-(-box.bottom // rows) * rows,
        left=box.left // columns * columns,
        right=-(-box.right // columns) * columns,
    )


def compute_flow(target: LineField, source: LineField) -> tuple[Flow, Flow]:
    """Compute flow from target to source and from source to target, each with its forward-backward confidence."""
    box = Box.around(np.maximum(target.values, source.values), _AROUND_PX)
    here, other = (np.ascontiguousarray(box.crop(field.values)) for field in (target, source))
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    # None: no initial flow, which OpenCV's stubs do not allow.
    there = dis.calc(here, other, None)  # pyright: ignore[reportCallIssue, reportArgumentType]
    back = dis.calc(other, here, None)  # pyright: ignore[reportCallIssue, reportArgumentType]
    scale = np.array([target.size[1] / target.values.shape[1], target.size[0] / target.values.shape[0]], np.float32)
    return _spread(box, there, back, scale), _spread(box, back, there, scale)


def _spread(box: Box, there: NDArray[np.float32], back: NDArray[np.float32], scale: NDArray[np.float32]) -> Flow:
    """Extend the flow of a box to the whole picture: pixels far from all lines do not move."""
    offset = np.zeros((box.height, box.width, 2), np.float32)
    confidence = np.ones((box.height, box.width), np.float32)
    box.crop(offset)[:] = there * scale
    box.crop(confidence)[:] = _agreement(there, back)
    return Flow(offset, confidence)


def _agreement(there: NDArray[np.float32], back: NDArray[np.float32]) -> NDArray[np.float32]:
    """Compute 1 where following both flows returns to the start, falling with the distance from it."""
    height, width = there.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    returned = cv2.remap(back, x + there[..., 0], y + there[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    missed = there + returned
    squared = cv2.multiply(missed, missed, scale=-1 / _AGREEMENT_PX**2)
    return np.asarray(cv2.exp(squared[..., 0] + squared[..., 1]), dtype=np.float32)
