"""A painter's clock, and the curve of quality over minutes and clicks. The times are `framecolor.report.effort`'s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from numpy import bool_
from numpy.typing import NDArray

from framecolor.report.effort import GLANCE, MEND, OPEN


@dataclass
class Clock:
    """Seconds of the painter's work so far, and clicks: regions that were given a color or confirmed."""

    seconds: float = 0.0
    clicks: int = 0

    def spend(self, seconds: float, clicks: int = 0) -> None:
        """Add work."""
        self.seconds += seconds
        self.clicks += clicks

    def look_through(self, regions: int, wrong: int) -> None:
        """Open a frame, look through all of its regions and mend the wrong ones."""
        self.spend(OPEN + GLANCE * regions + MEND * wrong, wrong)


@dataclass(frozen=True)
class Point:
    """The state of a cut after some work: minutes and clicks so far, share of its regions that are right."""

    minutes: float
    clicks: int
    right: float


def mean_right(frames: Sequence[NDArray[bool_]]) -> float:
    """Compute the mean over frames of the share of regions that are right; a frame without regions is left out."""
    shares = [float(right.mean()) for right in frames if len(right)]
    return sum(shares) / len(shares)


def area_under(curve: Sequence[Point], budget: float) -> float:
    """Compute the mean share of right regions over the first `budget` minutes; each point holds until the next one.

    0: nothing was ever right, 1: all was right from the beginning. Before the first point nothing is right.
    """
    area, at, right = 0.0, 0.0, 0.0
    for point in curve:
        until = min(point.minutes, budget)
        area += right * max(0.0, until - at)
        at, right = max(at, until), point.right
    return (area + right * (budget - at)) / budget


def reach(curve: Sequence[Point], right: float) -> Point | None:
    """Find the first point from which so large a share is right; None if it is never reached."""
    return next((point for point in curve if point.right >= right), None)
