"""Place the numbers of unsure regions so that they hide neither each other nor small regions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.output.frame_entry import UnsureRegion

Point = tuple[float, float]


# Margin of a crop around the unsure regions, and its smallest size, as shares of the frame's sides.
_MARGIN, _SMALLEST_CROP = 0.08, 0.4
# Tags have a fixed size on screen; they are spaced for a picture of this width and tags of this radius.
_SHOWN_WIDTH_PX, _TAG_RADIUS_PX = 340, 9
# Further tags lie where they come to lie: a picture with more of them is full.
_MOST_APART = 60


@dataclass(frozen=True)
class Crop:
    """The part of a frame that a picture shows: left, top, width, height in pixels of the frame."""

    x: int
    y: int
    width: int
    height: int

    def cut(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cut the part out of a picture of the frame."""
        return picture[self.y : self.y + self.height, self.x : self.x + self.width]


@dataclass(frozen=True)
class Tag:
    """A number's place on the frame, in pixels: its center, and the point of the region where its leader line ends."""

    x: float
    y: float
    anchor_x: float
    anchor_y: float


def crop_to_regions(regions: Sequence[UnsureRegion], width: int, height: int) -> Crop:
    """Crop a frame of `width` x `height` to its unsure regions with a margin."""
    if not regions:
        return Crop(0, 0, width, height)
    lefts, tops, widths, heights = zip(*(region.box for region in regions), strict=True)
    rights = (left + side for left, side in zip(lefts, widths, strict=True))
    bottoms = (top + side for top, side in zip(tops, heights, strict=True))
    x, crop_width = _widen(min(lefts), max(rights), width)
    y, crop_height = _widen(min(tops), max(bottoms), height)
    return Crop(x, y, crop_width, crop_height)


def _widen(start: int, end: int, side: int) -> tuple[int, int]:
    """Widen an interval by its margin. Returns start and length, inside 0..side."""
    length = min(side, max(round(end - start + 2 * _MARGIN * side), round(_SMALLEST_CROP * side)))
    return min(max(0, (start + end - length) // 2), side - length), length


def place_tags(regions: Sequence[UnsureRegion], crop: Crop) -> list[Tag]:
    """Place a tag beside each region, in order. Tags stay inside the crop.

    Tags overlap only if there is no free place within about ten radii, or from the 61st on.
    """
    radius = crop.width * _TAG_RADIUS_PX / _SHOWN_WIDTH_PX
    taken: list[Point] = []
    tags: list[Tag] = []
    for region in regions:
        left, top, box_width, box_height = region.box
        center = left + box_width / 2, top + box_height / 2
        places = [
            (
                max(crop.x + radius, min(x, crop.x + crop.width - radius)),
                max(crop.y + radius, min(y, crop.y + crop.height - radius)),
            )
            for x, y in _candidates(center, box_width / 2, box_height / 2, radius)
        ]
        if len(tags) >= _MOST_APART:
            places = places[:1]
        free = (spot for spot in places if all(math.dist(spot, other) > 2.1 * radius for other in taken))
        place = next(free, places[0])
        taken.append(place)
        anchor = min(region.outline, key=lambda point: math.dist(point, place), default=center)
        tags.append(Tag(*place, *anchor))
    return tags


def _candidates(center: Point, half_width: float, half_height: float, radius: float) -> list[Point]:
    """List places around a box, from near to far, each ring from the upper right on."""
    spots: list[Point] = []
    for ring in (1.4, 3.6, 5.8, 8.0, 10.2):
        for turn in (-45, -135, -90, 0, 180, 45, 135, 90):
            dx, dy = math.cos(math.radians(turn)), math.sin(math.radians(turn))
            # A wide box would push its tag far away: from a third of its size on, the tag may sit inside.
            reach_x, reach_y = (min(half, 6 * radius) + ring * radius for half in (half_width, half_height))
            spots.append((center[0] + dx * reach_x, center[1] + dy * reach_y))
    return spots
