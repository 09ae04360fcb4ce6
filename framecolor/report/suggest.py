"""Suggest the drawings that would correct most wrong regions if they were painted as keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.core.text import count_of
from framecolor.output.frame_entry import FrameEntry
from framecolor.report.effort import GLANCE, MEND, OPEN, name_time

# How the effect of a key falls with distance, and the share of wrong regions that a new key corrects in a drawing next
# to it. Both were fitted by trying every drawing of seven clips as one more key; `benchmarks/one_more_key.py` measures
# the value of the suggestions.
_FALL_OFF = 1.5
_HELP = 0.4
# Share of a drawing's regions that are wrong though they are not listed: 292 of 7,676 in seven clips that were painted
# from every eighth drawing. They are seen when the drawing is painted as a key.
_UNLISTED = 0.03


@dataclass(frozen=True)
class KeySuggestion:
    """A drawing to paint as a key.

    number       number of its frame
    gain         expected number of regions that it corrects, in all drawings
    share        `gain` as a share of all regions of the shot that are expected wrong, before any suggestion
    regions      number of unsure regions of the drawing itself, without slivers
    first, last  frame numbers of the first and last drawing that improve
    others       number of other drawings that improve
    unlisted     expected number of regions that it corrects though no list shows them, in all drawings
    seconds      expected time to paint it from what stands
    """

    number: int
    gain: float
    share: float
    regions: int
    first: int
    last: int
    others: int
    unlisted: float
    seconds: float

    @property
    def rate(self) -> float:
        """Expected number of regions that a second of work settles."""
        return (self.gain + self.unlisted) / self.seconds

    @property
    def reason(self) -> str:
        """The reason for the suggestion, one sentence for the painter."""
        parts: list[str] = []
        if self.regions:
            parts.append(f"{self.regions} unsure region{'s' if self.regions > 1 else ''} on this drawing")
        if self.others:
            parts.append(f"{self.others} drawing{'s' if self.others > 1 else ''} nearby would be closer to a key")
        regions = count_of(max(1, round(self.gain + self.unlisted)), "region")
        work = f"settles about {regions} in {name_time(self.seconds)}, {self.share:.0%} of what is in doubt"
        return f"{', and '.join(parts)}: {work}."


def suggest_keys(frames: Sequence[FrameEntry], count: int = 3) -> tuple[KeySuggestion, ...]:
    """Suggest up to `count` drawings, the best first, each chosen as if those before it were painted already.

    A drawing's doubt is its expected number of wrong regions, the sum of 1 - confidence over those to check; regions
    and not area, since a painter corrects region by region. A new key at distance n (in drawings) from a drawing whose
    nearest key was at distance d reaches (1 - n / d) ** 1.5 of its doubt, so it does not reach past existing keys. The
    drawing that reaches most doubt is chosen, as the doubt of a single drawing predicts its wrong regions poorly, that
    of several in a row well. `gain` is what to expect: all of the drawing's own doubt, and less than half of what it
    reaches elsewhere. Keys, holds, failed frames and drawings without gain are never suggested.
    """
    drawings = sorted((frame for frame in frames if frame.status in ("key", "painted")), key=lambda frame: frame.number)
    places = np.arange(len(drawings))
    is_key = np.array([frame.status == "key" for frame in drawings], bool)
    doubt = np.array([0.0 if frame.status == "key" else frame.expected_wrong for frame in drawings])
    unlisted = np.array([0.0 if frame.status == "key" else _UNLISTED * frame.regions for frame in drawings])
    nearest = _distance_to(np.flatnonzero(is_key), len(drawings))
    total = doubt.sum()
    chosen: list[KeySuggestion] = []
    while total > 0 and len(chosen) < count:
        reached = [_reach(place, doubt, nearest) for place in range(len(drawings))]
        sums = [doubts.sum() if nearest[place] else 0.0 for place, doubts in enumerate(reached)]
        best = int(np.argmax(sums))
        if sums[best] <= 0:
            break
        # Drawings that gain next to nothing are not counted.
        helped = np.flatnonzero(reached[best] >= 0.01 * sums[best])
        gain = _HELP * sums[best] + (1 - _HELP) * doubt[best]
        more = _reach(best, unlisted, nearest)
        frame = drawings[best]
        chosen.append(
            KeySuggestion(
                number=frame.number,
                gain=float(gain),
                share=float(gain / total),
                regions=len(frame.to_check),
                first=drawings[helped.min()].number,
                last=drawings[helped.max()].number,
                others=int(np.count_nonzero(helped != best)),
                unlisted=float(_HELP * more.sum() + (1 - _HELP) * more[best]),
                seconds=float(OPEN + GLANCE * frame.regions + MEND * (frame.expected_wrong + unlisted[best])),
            )
        )
        doubt, unlisted = doubt - reached[best], unlisted - more
        nearest = np.minimum(nearest, np.abs(places - best))
    return tuple(chosen)


def _distance_to(keys: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Measure the distance of each of `count` drawings to its nearest key; without keys, larger than any."""
    if not len(keys):
        return np.full(count, max(count, 1), np.intp)
    return np.abs(np.arange(count)[:, None] - keys).min(axis=1)


def _reach(key: int, doubt: NDArray[np.float64], nearest: NDArray[np.intp]) -> NDArray[np.float64]:
    """Compute how much of each drawing's doubt a key at index `key` reaches."""
    distance = np.abs(np.arange(len(doubt)) - key)
    return doubt * np.maximum(0, 1 - distance / np.maximum(nearest, 1)) ** _FALL_OFF
