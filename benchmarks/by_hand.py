"""The painter without framecolor: fills drawing after drawing by hand, each prefilled from the nearest painted one.

The first drawing is painted region by region. Every other one starts from a fill of the nearest painted drawing, as
paint programs have it: a region takes the color that most of its pixels have there. The painter looks through the
drawing and mends what is wrong. Drawings not yet reached count as they would be filled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from curve import Clock, Point, mean_right
from numpy.typing import NDArray
from region_truth import RegionTruth

from framecolor.evaluation.metrics.regions import Codes, near
from framecolor.evaluation.metrics.score import SMALL_REGION_PX
from framecolor.report.effort import FILL

_TOLERANCE = 8


def paint_by_hand(drawings: Sequence[RegionTruth]) -> list[Point]:
    """Paint the drawings in order. Returns the curve: a point after each drawing."""
    clock, curve = Clock(), list[Point]()
    counted = [drawing.area > SMALL_REGION_PX for drawing in drawings]
    fills: dict[int, Mapping[int, NDArray[np.bool_]]] = {}
    for place in range(len(drawings)):
        if place == 0:
            count = int(counted[0].sum())
            clock.spend(FILL * count, count)
        else:
            right = fills[place - 1][place]
            clock.look_through(len(right), int((~right).sum()))
        # Only drawings after this one are filled from it.
        fills[place] = {
            later: near(fill_from(drawings[place], drawings[later]), drawings[later].true, _TOLERANCE)[counted[later]]
            for later in range(place + 1, len(drawings))
        }
        done = [np.ones(int(counted[before].sum()), bool) for before in range(place + 1)]
        curve.append(Point(clock.seconds / 60, clock.clicks, mean_right([*done, *fills[place].values()])))
    return curve


def fill_from(source: RegionTruth, target: RegionTruth) -> Codes:
    """Fill a drawing from a painted one: the color that most pixels of each region have at their place, int32 [N].

    Pixels on the painted drawing's lines have no vote; a region without votes stays paper.
    """
    known, index = np.unique(source.true, return_inverse=True)
    both = (source.labels > 0) & (target.labels > 0)
    cells = (target.labels[both].astype(np.int64) - 1) * len(known) + index[source.labels[both] - 1]
    votes = np.bincount(cells, minlength=len(target.area) * len(known)).reshape(len(target.area), len(known))
    return np.where(votes.any(axis=1), known[votes.argmax(axis=1)], 0xFFFFFF).astype(np.int32)
