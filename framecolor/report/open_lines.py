"""Find drawings in which the figure runs out into the paper through an open line, by their neighbors.

A key shows that by its paint. In any other drawing, a large region of the drawing before or after is paper where its
lines are the same: either a wider gap closes it again, which is sure, or both neighbors have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.faults import Fault, Place
from framecolor.core.types import Frame, Regions
from framecolor.lineart.drawn import segment
from framecolor.lineart.necks import find_contacts
from framecolor.lineart.regions import outside_regions
from framecolor.report.region_tints import Outline, lay_over

# A region that is lost has this share of the figure. At its place is this share of paper, as figures move; the figure
# is smaller by most of the region.
_LEAST_SHARE, _PAPER_SHARE, _LOST_SHARE = 0.08, 0.5, 0.75
# The lines of both drawings have about as many pixels: a part that left takes its lines along. If no gap closes the
# opening, the region is larger and the lines are the same.
_SAME_LINES, _SURELY_SAME_LINES, _SURE_SHARE = 0.8, 0.93, 0.15
# Gaps that are tried, in pixels of a picture of this height; bridges along strokes are twice as long.
_GAPS_PX, _GAP_HEIGHT_PX, _BRIDGE = (4, 6, 8, 12), 1080, 2
_CLOSED_SHARE = 0.6


class Lost(NamedTuple):
    """A region of a neighbor that is paper in a drawing: pixels of the outline, bool hxw, and whether it is sure."""

    pixels: NDArray[np.bool_]
    scale: float
    is_sure: bool


def find_lost(outlines: Sequence[Outline]) -> dict[int, Lost]:
    """Find the drawings, by number, that lose a large region which a drawing before or after them has.

    outlines  of the drawings in order, without holds
    """
    before, after = _scan(outlines), _scan(outlines[::-1])
    lost = {}
    for number in sorted(before.keys() | after.keys()):
        found = [one for side in (before, after) if (one := side.get(number)) is not None]
        largest = max(found, key=lambda one: np.count_nonzero(one.pixels))
        lost[number] = largest._replace(is_sure=len(found) == 2 and all(one.is_sure for one in found))
    return lost


def _scan(outlines: Iterable[Outline]) -> dict[int, Lost]:
    """Compare each drawing with the last one before it that has not lost a region itself."""
    found: dict[int, Lost] = {}
    intact: Outline | None = None
    for outline in outlines:
        lost = None
        if intact is not None and intact.labels.shape == outline.labels.shape:
            lost = _compare(outline, intact)
        if lost is None:
            intact = outline
        else:
            found[outline.number] = lost
    return found


def _compare(outline: Outline, other: Outline) -> Lost | None:
    same = min(outline.line_px, other.line_px) / max(1, outline.line_px, other.line_px)
    if same < _SAME_LINES:
        return None
    area = np.bincount(other.labels.values, other.labels.lengths, minlength=len(other.paper))
    area[0] = 0
    figure = area[~other.paper].sum()
    own = np.bincount(outline.labels.values, outline.labels.lengths, minlength=len(outline.paper))
    remains = own[1:][~outline.paper[1:]].sum()
    large = np.flatnonzero((area >= max(1, _LEAST_SHARE * figure)) & ~other.paper)
    if not len(large) or figure - remains < _LOST_SHARE * area[large].min():
        return None
    labels, laid = outline.labels.unpack(), lay_over(outline, other)
    is_paper = outline.paper[labels]
    shown = np.bincount(laid[is_paper], minlength=len(area))[large]
    lost = large[(shown >= _PAPER_SHARE * area[large]) & (figure - remains >= _LOST_SHARE * area[large])]
    if not len(lost):
        return None
    region = int(lost[area[lost].argmax()])
    sure = same >= _SURELY_SAME_LINES and area[region] >= _SURE_SHARE * figure
    return Lost((laid == region) & is_paper, outline.scale, bool(sure))


@dataclass(frozen=True)
class OpenLine:
    """Finds the opening of a drawing that lost a region."""

    settings: Settings

    def find(self, frame: Frame, regions: Regions, lost: Lost) -> Fault | None:
        """Find where the lines are open; None if that is not sure."""
        y, x = (np.minimum((at + 0.5) * lost.scale, size - 1).astype(int) for at, size in self._place(frame, lost))
        factor = max(1.0, frame.size[0] / _GAP_HEIGHT_PX)
        for gap in (round(factor * one) for one in _GAPS_PX):
            if gap <= self.settings.closed_gap_px:
                continue
            closed = segment(frame, self.settings.updated({"gap_px": float(gap), "bridge_px": float(_BRIDGE * gap)}))
            inside = closed.labels[y, x]
            is_shut = (inside > 0) & ~outside_regions(closed)[inside]
            if is_shut.mean() >= _CLOSED_SHARE:
                place = _find_opening(closed, regions, int(np.bincount(inside[is_shut]).argmax()))
                return _name(frame.number, place or (int(np.median(x)), int(np.median(y))), gap)
        return _name(frame.number, (int(np.median(x)), int(np.median(y))), None) if lost.is_sure else None

    def _place(self, frame: Frame, lost: Lost) -> list[tuple[NDArray[np.intp], int]]:
        return list(zip(np.nonzero(lost.pixels), frame.size, strict=True))


def _find_opening(closed: Regions, regions: Regions, region: int) -> Place | None:
    pairs, places = find_contacts(closed.labels, regions.labels)
    paper = outside_regions(closed)
    own = places[((pairs == region).any(axis=1)) & paper[pairs].any(axis=1)]
    own = own if len(own) else places[(pairs == region).any(axis=1)]
    if not len(own):
        return None
    x, y = own[np.abs(own - np.median(own, axis=0)).sum(axis=1).argmin()]
    return int(x), int(y)


def _name(number: int, place: Place, gap_px: float | None) -> Fault:
    fix = "close the line" if gap_px is None else f"close the line, or paint with --gap {gap_px:g}"
    text = "a line is open: a region that the drawings beside it have runs out into the paper"
    return Fault("leak", number, text, fix, (place,), "drawing")
