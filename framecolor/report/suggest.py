"""Which drawing, painted as one more key, would settle most of what is in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.report.sidecar import MOST_UNSURE, FrameRecord


@dataclass(frozen=True)
class KeySuggestion:
    """One drawing worth painting.

    number       its frame number
    gain_px      area in pixels, summed over frames, that is expected to come out right instead of wrong
    share        `gain_px` as a share of all expected wrong area of the shot, before any suggestion is followed
    regions      unsure regions on the drawing itself
    first, last  frame numbers of the first and last drawing that gain
    others       how many other drawings gain
    """

    number: int
    gain_px: float
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
        return f"{', and '.join(parts)}: settles about {self.share:.0%} of the doubtful paint."


def suggest_keys(frames: Sequence[FrameRecord], count: int = 3) -> tuple[KeySuggestion, ...]:
    """Up to `count` drawings, the most helpful first, each chosen as if those before it were painted already.

    The expected wrong area of a drawing is the sum over its unsure regions of area x (1 - confidence). It is taken to
    grow with the distance to the nearest key, in drawings: a new key at distance n from a drawing whose nearest key
    was at distance d takes away 1 - n / d of it. So a key settles its own drawing, helps its neighbors less with
    distance, and does not reach past existing keys. Holds are the drawing that they repeat; keys, holds and failed
    frames are never suggested, nor is a drawing that would help nowhere.
    """
    drawings = sorted((frame for frame in frames if frame.status in ("key", "painted")), key=lambda frame: frame.number)
    places = np.arange(len(drawings))
    is_key = np.array([frame.status == "key" for frame in drawings], bool)
    wrong = np.array([0.0 if frame.status == "key" else frame.expected_wrong_px for frame in drawings])
    nearest = _distance_to(np.flatnonzero(is_key), len(drawings))
    total = wrong.sum()
    chosen: list[KeySuggestion] = []
    while total > 0 and len(chosen) < count:
        gains = [_gain_by_place(place, wrong, nearest) for place in range(len(drawings))]
        sums = [gain.sum() if nearest[place] else 0.0 for place, gain in enumerate(gains)]
        best = int(np.argmax(sums))
        if sums[best] <= 0:
            break
        # A drawing that gains next to nothing is not worth a painter's attention.
        helped = np.flatnonzero(gains[best] >= 0.01 * sums[best])
        frame = drawings[best]
        chosen.append(
            KeySuggestion(
                number=frame.number,
                gain_px=float(sums[best]),
                share=float(sums[best] / total),
                regions=len(frame.unsure),
                first=drawings[helped.min()].number,
                last=drawings[helped.max()].number,
                others=int(np.count_nonzero(helped != best)),
            )
        )
        wrong = wrong - gains[best]
        nearest = np.minimum(nearest, np.abs(places - best))
    return tuple(chosen)


def _distance_to(keys: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Distance of each of `count` drawings to its nearest key; with no key, any new one is nearer."""
    if not len(keys):
        return np.full(count, max(count, 1), np.intp)
    return np.abs(np.arange(count)[:, None] - keys).min(axis=1)


def _gain_by_place(key: int, wrong: NDArray[np.float64], nearest: NDArray[np.intp]) -> NDArray[np.float64]:
    """Expected wrong area of every drawing that a key at place `key` takes away."""
    distance = np.abs(np.arange(len(wrong)) - key)
    return wrong * np.maximum(0, 1 - distance / np.maximum(nearest, 1))
