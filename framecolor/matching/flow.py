"""Dense motion between two line drawings.

Line art has no texture to follow, so the flow is computed on what every pixel does have: its distance to the nearest
line. Dense inverse search (Kroeger et al. 2016, OpenCV's DIS) runs on exp(-d / 12) at a reduced size, both ways.
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
# Pixels of the field that one at which distances are measured may take.
_COARSEST = 0.6
# Flow runs in the part where either drawing has lines, and this far around it.
_AROUND_PX = 16


@dataclass(frozen=True, eq=False)
class LineField:
    """What flow sees of a drawing: uint8 hxw, bright near lines, and the drawing's own size (height, width)."""

    values: NDArray[np.uint8]
    size: tuple[int, int]


def line_field(line: NDArray[np.bool_], long_side_px: int = FLOW_LONG_SIDE_PX) -> LineField:
    """The flow's view of a line mask (bool HxW)."""
    height, width = line.shape
    scale = min(1.0, long_side_px / max(height, width))
    w, h = max(16, round(width * scale)), max(16, round(height * scale))
    if not line.any():
        return LineField(np.zeros((h, w), np.uint8), (height, width))
    # Beyond this margin nothing of the field is left after rounding.
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
    """Distances of a picture that is much larger than its field are measured at every so-many-th pixel."""
    return next(step for step in range(max(1, int(_COARSEST / scale)), 0, -1) if not any(side % step for side in size))


def _thin_out(line: NDArray[np.bool_], step: int) -> NDArray[np.bool_]:
    """A mask at a `step`-th of its size, set where any of its pixels is."""
    for axis in range(2):
        parts = [line[first::step] if axis == 0 else line[:, first::step] for first in range(step)]
        line = np.logical_or.reduce(parts)
    return line


def _align(box: Box, size: tuple[int, int], step: int) -> Box:
    """The box, grown until its edges are edges of pixels also when its picture is resized to `size`, or thinned out."""
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
    """Flow from target to source and from source to target, each with its forward-backward confidence."""
    box = Box.around(np.maximum(target.values, source.values), _AROUND_PX)
    here, other = (np.ascontiguousarray(box.crop(field.values)) for field in (target, source))
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    # None: no flow to begin with, which OpenCV's stubs do not know of.
    there = dis.calc(here, other, None)  # pyright: ignore[reportCallIssue, reportArgumentType]
    back = dis.calc(other, here, None)  # pyright: ignore[reportCallIssue, reportArgumentType]
    scale = np.array([target.size[1] / target.values.shape[1], target.size[0] / target.values.shape[0]], np.float32)
    return _spread(box, there, back, scale), _spread(box, back, there, scale)


def _spread(box: Box, there: NDArray[np.float32], back: NDArray[np.float32], scale: NDArray[np.float32]) -> Flow:
    """The flow of a part as that of the whole: what is far from all lines stays where it is."""
    offset = np.zeros((box.height, box.width, 2), np.float32)
    confidence = np.ones((box.height, box.width), np.float32)
    box.crop(offset)[:] = there * scale
    box.crop(confidence)[:] = _agreement(there, back)
    return Flow(offset, confidence)


def _agreement(there: NDArray[np.float32], back: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 where following both flows returns to the start, falling with the distance missed."""
    height, width = there.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    returned = cv2.remap(back, x + there[..., 0], y + there[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    missed = there + returned
    squared = cv2.multiply(missed, missed, scale=-1 / _AGREEMENT_PX**2)
    return np.asarray(cv2.exp(squared[..., 0] + squared[..., 1]), dtype=np.float32)
