"""What checking a frame settles, and in what time."""

from dataclasses import replace

import pytest

from framecolor import UnsureRegion
from framecolor.output.frame_entry import FrameEntry
from framecolor.report.advice import advise_checks
from framecolor.report.effort import CHOOSE, CONFIRM, LOOK, OPEN, name_time
from framecolor.report.links import Links
from framecolor.report.suggest import suggest_keys


def doubt(region, confidence=0.5, color=0):
    return UnsureRegion(100, (0, 0, 10, 10), (), color, None, confidence, region=region)


def frame(number, *doubts, before=None, origins=None, status="painted"):
    return FrameEntry(number, f"{number}.png", status=status, regions=10, unsure=doubts, before=before, origins=origins)


def test_a_region_is_followed_both_ways_up_to_the_keys():
    frames = [
        frame(1, status="key"),
        frame(2, before=1, origins=(1, 2)),
        frame(3, before=2, origins=(2, 0, 2)),
        frame(4, before=3, origins=(3, 1)),
        frame(5, before=4, origins=(1, 2), status="key"),
    ]
    links = Links.of(frames)
    assert list(links.follow(3, 1)) == [(2, 2), (4, 2)]
    assert list(links.follow(2, 2)) == [(3, 1), (4, 2)], "of two regions that continue it, the first one"
    assert list(links.follow(2, 2, 1)) == [(3, 1)]
    assert list(links.follow(3, 2)) == [], "it is new, and nothing continues it"


def test_the_gain_of_a_frame_is_by_hand():
    (advice,) = advise_checks([frame(1, doubt(1, 0.6), doubt(2, 0.5))])
    assert (advice.regions, advice.others, advice.gain) == (2, 0, pytest.approx(0.9))
    assert advice.seconds == pytest.approx(OPEN + 2 * LOOK + 0.9 * CHOOSE + 1.1 * CONFIRM)


def test_a_doubt_that_goes_on_settles_more_than_a_lone_one():
    stretch = [frame(n, doubt(1), before=n - 1, origins=(1,)) for n in range(2, 8)]
    first, second, *rest = advise_checks([*stretch, frame(10, doubt(1, 0.4))])
    assert first.frame.number != 10 and first.others == 5
    assert first.gain == pytest.approx(0.5 + 5 * 0.5 * 0.5), "half of the doubt that it is linked with"
    assert second.gain < first.gain, "it counts on what the first one settles"
    assert len(rest) == 5


def test_a_doubt_of_another_color_is_another_mistake():
    frames = [frame(1, doubt(1)), frame(2, doubt(1, color=1), before=1, origins=(1,))]
    assert [advice.others for advice in advise_checks(frames)] == [0, 0]


def test_what_no_key_shows_comes_first():
    unseen = replace(doubt(1, 0.7), unseen=True)
    order = [
        advice.frame.number for advice in advise_checks([frame(1, doubt(1, 0.1), doubt(2, 0.1)), frame(2, unseen)])
    ]
    assert order == [2, 1]


def test_slivers_and_sure_frames_need_no_check():
    sliver = replace(doubt(1), sliver=True)
    assert advise_checks([frame(1), frame(2, sliver), frame(3, status="key")]) == ()


def test_pieces_of_lines_and_results_without_regions_count_alone():
    older = [frame(n, doubt(None), before=n - 1, origins=(1,)) for n in (2, 3)]
    assert [(advice.gain, advice.others) for advice in advise_checks(older)] == [(0.5, 0)] * 2


def test_one_sure_mistake_is_worth_a_check_and_many_doubts_a_key():
    few = [frame(1, status="key"), frame(2, doubt(1, 0.1)), frame(3)]
    assert advise_checks(few)[0].rate > suggest_keys(few)[0].rate
    many = [
        replace(frame(n, *(doubt(region, 0.4) for region in range(1, 21))), status="key" if n == 1 else "painted")
        for n in range(1, 10)
    ]
    assert suggest_keys(many)[0].rate > advise_checks(many)[0].rate


def test_effects_are_said_in_plain_words():
    stretch = [frame(n, doubt(1, 0.1), before=n - 1, origins=(1,)) for n in range(2, 5)]
    assert advise_checks(stretch)[0].effect == "settles about 2 regions here and in 2 other drawings in a few seconds"
    assert [name_time(seconds) for seconds in (5, 30, 50, 100, 3600)] == [
        "a few seconds", "half a minute", "1 minute", "2 minutes", "60 minutes"]  # fmt: skip
