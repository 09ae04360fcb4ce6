"""Where the number of each unsure region goes, so that neither numbers nor small regions hide each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from framecolor.report.sidecar import UnsureRegion

Point = tuple[float, float]


@dataclass(frozen=True)
class Tag:
    """A number's place on the frame: its center, and the point of the region that a leader line runs to. In pixels."""

    x: float
    y: float
    anchor_x: float
    anchor_y: float


def tag_radius(width: int, height: int) -> float:
    """Radius of a tag in pixels of a frame of that size."""
    return max(width, height) / 70


def place_tags(regions: Sequence[UnsureRegion], width: int, height: int) -> list[Tag]:
    """A tag beside each region, the first regions served first. Tags stay inside the frame; they overlap only where
    there is no free place within some ten radii."""
    radius = tag_radius(width, height)
    taken: list[Point] = []
    tags: list[Tag] = []
    for region in regions:
        left, top, box_width, box_height = region.box
        center = left + box_width / 2, top + box_height / 2
        places = [
            (min(max(x, radius), width - radius), min(max(y, radius), height - radius))
            for x, y in _candidates(center, box_width / 2, box_height / 2, radius)
        ]
        place = next(
            (spot for spot in places if all(math.dist(spot, other) > 2.1 * radius for other in taken)), places[0]
        )
        taken.append(place)
        anchor = min(region.outline, key=lambda point: math.dist(point, place), default=center)
        tags.append(Tag(*place, *anchor))
    return tags


def _candidates(center: Point, half_width: float, half_height: float, radius: float) -> list[Point]:
    """Spots around a box, the upper right first, then farther out."""
    spots: list[Point] = []
    for ring in (1.4, 3.6, 5.8, 8.0, 10.2):
        for turn in (-45, -135, -90, 0, 180, 45, 135, 90):
            dx, dy = math.cos(math.radians(turn)), math.sin(math.radians(turn))
            # A wide box would push its tag far away: from a third of its size on, the tag may sit inside.
            reach_x, reach_y = (min(half, 6 * radius) + ring * radius for half in (half_width, half_height))
            spots.append((center[0] + dx * reach_x, center[1] + dy * reach_y))
    return spots
