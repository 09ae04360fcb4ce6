"""Which frame is suggested as the next key."""

import itertools

import numpy as np
import pytest

from framecolor.report.sidecar import FrameRecord, UnsureRegion
from framecolor.report.suggest import suggest_keys


def region(area, confidence=0.5):
    return UnsureRegion(area, (0, 0, 10, 10), (), 0, None, confidence)


def shot(*doubts, first=1):
    """Frames from a list: 'K' a key, 'H' a hold, 'F' failed, a number the area of one half-sure region."""
    statuses = {"K": "key", "H": "hold", "F": "failed"}
    return [
        FrameRecord(number, f"{number}.png", statuses.get(doubt, "painted"), None, "", 5, 0.9, 0.0,
                    () if doubt in statuses or not doubt else (region(doubt),))
        for number, doubt in enumerate(doubts, first)
    ]  # fmt: skip


def test_the_gain_is_by_hand():
    # Distances to the nearest key: 1 2 1. A key at 3 takes all of its own 240 * 0.5, none of its neighbors' (1 - 1/1);
    # one at 2 would take its own 50 and half of the 120 beside it.
    (first, *_) = suggest_keys(shot("K", 100, 240, 100, "K"))
    assert (first.number, first.gain_px, first.share, first.others) == (3, 120, pytest.approx(120 / 220), 0)
    # One key only: distances 1 2 3 4. A key at 4 takes 3 of 4 parts of its far neighbor, half of its near one.
    (first, *_) = suggest_keys(shot("K", 0, 100, 100, 100))
    assert first.number == 4
    assert first.gain_px == pytest.approx(50 * (1 - 1 / 2) + 50 + 50 * (1 - 1 / 4))
    assert (first.first, first.last, first.others) == (3, 5, 2)


def test_a_key_does_not_help_beyond_existing_keys():
    (first, *_) = suggest_keys(shot("K", 10, 10, 500, "K", 500, 10, 10, "K"), count=1)
    assert first.first >= 2 and first.last <= 4


def test_confident_large_areas_count_less_than_doubtful_ones():
    frames = shot("K", 0, 0, 0, "K")
    sure, torn = (region(1000, 0.99),), (region(100, 0.4),)
    frames[1] = FrameRecord(2, "2.png", "painted", None, "", 5, 0.9, 0.0, sure)
    frames[3] = FrameRecord(4, "4.png", "painted", None, "", 5, 0.9, 0.0, torn)
    assert suggest_keys(frames)[0].number == 4


@pytest.mark.parametrize("seed", range(8))
def test_suggestions_are_paintable_distinct_and_best_first(seed):
    random = np.random.default_rng(seed)
    doubts = [("K", "H", "F", int(n))[min(3, int(k))] for n, k in random.integers(0, (400, 9), (40, 2))]
    frames = shot("K", *doubts, first=1001)
    found = suggest_keys(frames, count=5)
    paintable = {frame.number for frame in frames if frame.status == "painted"}
    assert {suggestion.number for suggestion in found} <= paintable
    assert len({suggestion.number for suggestion in found}) == len(found) == 5
    assert all(earlier.gain_px >= later.gain_px > 0 for earlier, later in itertools.pairwise(found))
    assert sum(suggestion.share for suggestion in found) <= 1 + 1e-9
    assert found[:2] == suggest_keys(frames, count=2)


def test_nothing_in_doubt_suggests_nothing():
    assert suggest_keys(shot("K", 0, 0, "K")) == ()
    assert suggest_keys([]) == ()


def test_a_shot_whose_keys_all_failed_still_gets_a_suggestion():
    assert suggest_keys(shot("F", 10, 30, 10))[0].number == 3


def test_the_reason_is_a_sentence():
    (first, *_) = suggest_keys(shot("K", 0, 100, 100, 100))
    assert first.reason == (
        "1 unsure region on this drawing, and 2 drawings nearby would be closer to a key: "
        "settles about 75% of the doubtful paint."
    )
