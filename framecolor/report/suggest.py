"""Which drawing, painted as one more key, would settle most of what is in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.output.frame_entry import MOST_UNSURE, FrameEntry

# How the help of a key falls with distance, and the share of its wrong regions that a drawing close beside a new key
# loses. Both were chosen once, by trying every drawing of seven clips as one more key; `benchmarks/one_more_key.py`
# measures what the advice is worth.
_FALL_OFF = 1.5
_HELP = 0.4


@dataclass(frozen=True)
class KeySuggestion:
    """One drawing worth painting.

    number       its frame number
    gain         how many regions, summed over drawings, are expected to come out right instead of wrong
    share        `gain` as a share of all regions of the shot that are expected wrong, before any suggestion is followed
    regions      unsure regions on the drawing itself
    first, last  frame numbers of the first and last drawing that gain
    others       how many other drawings gain
    """

    number: int
    gain: float
    share: float
    regions: int
    first: int
    last: int
    others: int

    @property
    def reason(self) -> str:
        """One sentence for the painter."""
        parts: list[str] = []
        if self.regions:
            count = f"{self.regions}{'+' if self.regions >= MOST_UNSURE else ''}"
            parts.append(f"{count} unsure region{'s' if self.regions > 1 else ''} on this drawing")
        if self.others:
            parts.append(f"{self.others} drawing{'s' if self.others > 1 else ''} nearby would be closer to a key")
        return f"{', and '.join(parts)}: settles about {self.share:.0%} of what is in doubt."


def suggest_keys(frames: Sequence[FrameEntry], count: int = 3) -> tuple[KeySuggestion, ...]:
    """Up to `count` drawings, the most helpful first, each chosen as if those before it were painted already.

    A drawing's doubt is the number of its regions that are expected wrong, the sum of 1 - confidence over its unsure
    ones: regions and not area, since a painter mends region by region. A new key at distance n (in drawings) from a
    drawing whose nearest key was at distance d reaches (1 - n / d) ** 1.5 of its doubt, so it does not reach past
    existing keys. The drawing that reaches most is chosen: the doubt of one drawing alone is a poor guide to what is
    wrong on it, that of a stretch is a good one. `gain` is what may really be expected: all of the drawing's own doubt,
    and less than half of what it reaches elsewhere. Holds are the drawing that they repeat; keys, holds and failed
    frames are never suggested, nor is a drawing that would help nowhere.
    """
    drawings = sorted((frame for frame in frames if frame.status in ("key", "painted")), key=lambda frame: frame.number)
    places = np.arange(len(drawings))
    is_key = np.array([frame.status == "key" for frame in drawings], bool)
    doubt = np.array([0.0 if frame.status == "key" else frame.expected_wrong for frame in drawings])
    nearest = _distance_to(np.flatnonzero(is_key), len(drawings))
    total = doubt.sum()
    chosen: list[KeySuggestion] = []
    while total > 0 and len(chosen) < count:
        reached = [_reach(place, doubt, nearest) for place in range(len(drawings))]
        sums = [doubts.sum() if nearest[place] else 0.0 for place, doubts in enumerate(reached)]
        best = int(np.argmax(sums))
        if sums[best] <= 0:
            break
        # A drawing that gains next to nothing is not worth a painter's attention.
        helped = np.flatnonzero(reached[best] >= 0.01 * sums[best])
        gain = _HELP * sums[best] + (1 - _HELP) * doubt[best]
        frame = drawings[best]
        chosen.append(
            KeySuggestion(
                number=frame.number,
                gain=float(gain),
                share=float(gain / total),
                regions=len(frame.unsure),
                first=drawings[helped.min()].number,
                last=drawings[helped.max()].number,
                others=int(np.count_nonzero(helped != best)),
            )
        )
        doubt = doubt - reached[best]
        nearest = np.minimum(nearest, np.abs(places - best))
    return tuple(chosen)


def _distance_to(keys: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Distance of each of `count` drawings to its nearest key; with no key, any new one is nearer."""
    if not len(keys):
        return np.full(count, max(count, 1), np.intp)
    return np.abs(np.arange(count)[:, None] - keys).min(axis=1)


def _reach(key: int, doubt: NDArray[np.float64], nearest: NDArray[np.intp]) -> NDArray[np.float64]:
    """How much of every drawing's doubt a key at place `key` reaches."""
    distance = np.abs(np.arange(len(doubt)) - key)
    return doubt * np.maximum(0, 1 - distance / np.maximum(nearest, 1)) ** _FALL_OFF
