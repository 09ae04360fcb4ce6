"""Find the regions of a frame that a painter should look at."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Regions
from framecolor.output.frame_entry import MOST_UNSURE, UnsureRegion

# Regions below this confidence are shown to the painter.
UNSURE_BELOW = 0.8


def find_unsure(regions: Regions, belief: NDArray[np.float32], confidence: NDArray[np.float32]) -> list[UnsureRegion]:
    """Find the regions of low confidence, at most MOST_UNSURE, those with the largest expected wrong area first.

    belief      probability of each palette color in each region, float32 [count + 1, P]
    confidence  probability that each region is right, float32 [count + 1]
    """
    doubtful = 1 + np.flatnonzero(confidence[1:] < UNSURE_BELOW)
    cost = regions.area[doubtful] * (1 - confidence[doubtful])
    first = doubtful[np.argsort(-cost, kind="stable")][:MOST_UNSURE]
    return [_describe(regions, int(r), belief[r], float(confidence[r])) for r in first]


def _describe(regions: Regions, region: int, belief: NDArray[np.float32], confidence: float) -> UnsureRegion:
    left, top, width, height = regions.boxes[region]
    mask = (regions.labels[top : top + height, left : left + width] == region).astype(np.uint8)
    contours = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(int(left), int(top)))[0]
    outline = cv2.approxPolyDP(max(contours, key=cv2.contourArea), 1.0, closed=True)[:, 0].tolist()
    first, *rest = np.argsort(-belief, kind="stable")[:2].tolist()
    return UnsureRegion(
        int(regions.area[region]),
        (int(left), int(top), int(width), int(height)),
        tuple((x, y) for x, y in outline),
        first,
        rest[0] if rest else None,
        round(confidence, 4),
    )
