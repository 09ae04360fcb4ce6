"""Which frame is suggested as the next key."""

import numpy as np
import pytest

from framecolor import UnsureRegion
from framecolor.output.frame_entry import FrameEntry
from framecolor.report.suggest import suggest_keys


def region(area, confidence=0.5):
    return UnsureRegion(area, (0, 0, 10, 10), (), 0, None, confidence)


def shot(*doubts, first=1):
    """Frames from a list: 'K' a key, 'H' a hold, 'F' failed, a number that of its half-sure regions."""
    statuses = {"K": "key", "H": "hold", "F": "failed"}
    return [
        FrameEntry(number, f"{number}.png", status=statuses.get(doubt, "painted"),
                   unsure=() if doubt in statuses else (region(9),) * doubt)
        for number, doubt in enumerate(doubts, first)
    ]  # fmt: skip


def test_the_gain_is_by_hand():
    # Distances to the nearest key: 1 2 1. A key at 3 settles the doubt of all of its own 24 * 0.5 and reaches nothing
    # of its neighbors' (1 - 1/1); one at 2 would reach its own 5 and some of the 12 beside it.
    (first, *_) = suggest_keys(shot("K", 10, 24, 10, "K"))
    assert (first.number, first.gain, first.share, first.others) == (3, 12, pytest.approx(12 / 22), 0)
    # One key only: distances 1 2 3 4. A key at 4 halves the distance of its near neighbor, and takes 3/4 of that of its
    # far one; 0.4 of what it reaches there is a gain.
    (first, *_) = suggest_keys(shot("K", 0, 10, 10, 10))
    assert first.number == 4
    assert first.gain == pytest.approx(5 + 0.4 * 5 * ((1 - 1 / 2) ** 1.5 + (1 - 1 / 4) ** 1.5))
    assert (first.first, first.last, first.others) == (3, 5, 2)


def test_a_key_does_not_help_beyond_existing_keys():
    (first, *_) = suggest_keys(shot("K", 1, 1, 20, "K", 20, 1, 1, "K"), count=1)
    assert first.first >= 2 and first.last <= 4


def test_many_small_doubts_count_more_than_a_large_one():
    frames = shot("K", 0, 0, 0, "K")
    large, small = (region(100_000, 0.3),), (region(20, 0.5),) * 3
    frames[1] = FrameEntry(2, "2.png", unsure=large)
    frames[3] = FrameEntry(4, "4.png", unsure=small)
    assert suggest_keys(frames)[0].number == 4


def test_sure_regions_count_less_than_doubtful_ones():
    frames = shot("K", 0, 0, 0, "K")
    sure, torn = (region(100, 0.79),) * 2, (region(100, 0.4),)
    frames[1] = FrameEntry(2, "2.png", unsure=sure)
    frames[3] = FrameEntry(4, "4.png", unsure=torn)
    assert suggest_keys(frames)[0].number == 4


def test_a_stretch_in_doubt_counts_more_than_one_drawing():
    # The drawing in most doubt lies beside a key; a key in the middle of the other stretch reaches five drawings.
    assert suggest_keys(shot("K", 6, 0, 0, 0, 0, 0, "K", 4, 4, 4, 4, 4, "K"))[0].number == 11


@pytest.mark.parametrize("seed", range(8))
def test_suggestions_are_paintable_and_distinct(seed):
    random = np.random.default_rng(seed)
    doubts = [("K", "H", "F", int(n))[min(3, int(k))] for n, k in random.integers(0, (40, 9), (40, 2))]
    frames = shot("K", *doubts, first=1001)
    found = suggest_keys(frames, count=5)
    paintable = {frame.number for frame in frames if frame.status == "painted"}
    assert {suggestion.number for suggestion in found} <= paintable
    assert len({suggestion.number for suggestion in found}) == len(found) == 5
    assert all(suggestion.gain > 0 for suggestion in found)
    assert sum(suggestion.share for suggestion in found) <= 1 + 1e-9
    assert found[:2] == suggest_keys(frames, count=2)


def test_nothing_in_doubt_suggests_nothing():
    assert suggest_keys(shot("K", 0, 0, "K")) == ()
    assert suggest_keys([]) == ()


def test_a_shot_whose_keys_all_failed_still_gets_a_suggestion():
    assert suggest_keys(shot("F", 1, 3, 1))[0].number == 3


def test_the_reason_is_a_sentence():
    (first, *_) = suggest_keys(shot("K", 0, 1, 1, 1))
    assert first.reason == (
        "1 unsure region on this drawing, and 2 drawings nearby would be closer to a key: "
        "settles about 1 region in a few seconds, 47% of what is in doubt."
    )
