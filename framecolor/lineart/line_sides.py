"""Find the two regions that each pixel of a line lies between."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Box, Regions

# A pixel lies between two regions if the middle of the line between them is no farther than this share of the line's
# width, and so many pixels more; the end of a stroke lies inside of one region.
_REACH, _MORE_PX = 1.5, 1.5
# Within this window, the widest place of a line is its width.
_WINDOW_PX = 7


@dataclass(frozen=True, eq=False)
class LineSides:
    """The regions beside each pixel near a line.

    box     the part of the picture around all lines
    first   the nearest region, int32 [rows, columns] of the box; inside of a region, itself
    second  the region on the other side of the line; `first` inside of a stroke that ends in a region
    """

    box: Box
    first: NDArray[np.int32]
    second: NDArray[np.int32]


def find_line_sides(regions: Regions) -> LineSides | None:
    """Find the regions beside each pixel of the lines; None for a drawing without lines or regions."""
    whole = (regions.labels == 0).view(np.uint8)
    if regions.count == 0 or not whole.any():
        return None
    box = Box.around(whole, margin_px=_WINDOW_PX)
    labels, line = box.crop(regions.labels), np.ascontiguousarray(box.crop(whole))
    inside = line > 0
    depth, place = find_nearest(~inside)
    first = np.ascontiguousarray(labels).copy()
    first[inside] = labels[~inside][place[inside]]
    middle, other = _find_middle(first, inside)
    if not middle.any():
        return LineSides(box, first, first)
    apart, place = find_nearest(middle)
    width = cv2.dilate(depth, np.ones((_WINDOW_PX, _WINDOW_PX), np.uint8))
    y, x = np.nonzero(apart <= _REACH * width + _MORE_PX)
    nearest = place[y, x]
    one, two = first[middle][nearest], other[middle][nearest]
    own = first[y, x]
    second = first.copy()
    second[y, x] = np.where(own == one, two, np.where(own == two, one, own))
    return LineSides(box, first, second)


def find_nearest(mask: NDArray[np.bool_]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Find the nearest set pixel of each pixel: its distance, float32, and number in reading order, int32, both HxW."""
    # OpenCV numbers the zero pixels of a mask from 1 in reading order.
    others = np.ascontiguousarray(~mask).view(np.uint8)
    apart, place = cv2.distanceTransformWithLabels(others, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    return np.asarray(apart, np.float32), np.asarray(place, np.int32) - 1


def _find_middle(first: NDArray[np.int32], inside: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """Find the pixels of lines whose neighbor is nearest to another region, bool HxW, and that region, int32 HxW."""
    middle, other = np.zeros(first.shape, bool), np.zeros(first.shape, np.int32)
    for before, after in (
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
        ((slice(None, -1),), (slice(1, None),)),
    ):
        crossing = (first[before] != first[after]) & inside[before] & inside[after]
        middle[before] |= crossing
        middle[after] |= crossing
        other[before][crossing] = first[after][crossing]
        other[after][crossing] = first[before][crossing]
    return middle, other
