"""Color sets: by day and by night; a frame keeps to the set of the nearest key."""

from __future__ import annotations

import numpy as np
import pytest

from framecolor.matching import gallery as gallery_module
from framecolor.matching.color_sets import is_other_set, may_be_other_set, measure_painted
from framecolor.matching.gallery import Gallery, KeyRegions, differ_in_set
from framecolor.matching.question import Question
from framecolor.matching.tokens import Rows, Tokens

DAY, NIGHT = np.array([0, 1, 2]), np.array([3, 4, 2])


def figure(moved: float = 0) -> Tokens:
    """Two large regions and a small one, which is white by day and by night."""
    values = np.zeros((3, 7), np.float32)
    values[:, 0] = np.arange(3) + moved
    values[:, -4] = np.log([0.5, 0.4, 0.1])
    return Tokens(np.arange(1, 4), values, np.zeros((3, 3), np.float32))


def compare(target: Tokens, source: Tokens) -> tuple[Rows, Rows]:
    apart = target.values[:, :1] - source.values[:, 0]
    return (-np.square(apart)).astype(np.float32), np.full(len(target.rows), -2, np.float32)


@pytest.mark.parametrize(
    ("theirs", "other"), [(NIGHT, True), (DAY, False), (np.array([0, 4, 2]), False), (np.array([3, 3, 2]), True)]
)
def test_a_set_has_other_colors_for_the_same_regions(theirs: np.ndarray, other: bool) -> None:
    one, two = figure(), figure(0.1)
    areas = measure_painted(one), measure_painted(two)
    found = may_be_other_set(areas[0], DAY, areas[1], theirs) and is_other_set(one, DAY, theirs, *compare(one, two))
    assert found == other


def test_other_figures_in_other_colors_are_no_set() -> None:
    one, two = figure(), figure(9)
    assert may_be_other_set(measure_painted(one), DAY, measure_painted(two), NIGHT)
    assert not is_other_set(one, DAY, NIGHT, *compare(one, two))


def test_a_frame_is_by_day_or_by_night_as_its_nearest_key() -> None:
    asked: list[Question] = []

    def decide(question: Question) -> tuple[Rows, Rows]:
        asked.append(question)
        return np.zeros((3, 5), np.float32), question.unmatched

    gallery = Gallery([KeyRegions(1, figure(), DAY), KeyRegions(9, figure(), NIGHT)], 5)
    assert differ_in_set(gallery.keys[0], gallery.keys[1], compare)
    for number, colors in ((2, {0, 1, 2}), (8, {2, 3, 4})):
        votes = gallery.vote(number, figure(), 4, compare, decide).votes
        assert len(asked[-1].memory) == 1
        assert set(np.flatnonzero(votes[1:].max(axis=0) > -20)) == colors, "also in regions without a token"


def test_a_turned_frame_keeps_to_its_set_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery_module, "is_turned", lambda *scores: True)
    asked: list[Question] = []

    def decide(question: Question) -> tuple[Rows, Rows]:
        asked.append(question)
        return np.zeros((3, 5), np.float32), question.unmatched

    keys = [KeyRegions(1, figure(), DAY), KeyRegions(9, figure(), NIGHT)]
    gallery = Gallery(keys, 5, mirrored=KeyRegions(1, figure(0.1), DAY))
    for number, drawings, colors in ((2, 2, {0, 1, 2}), (8, 1, {2, 3, 4})):
        votes = gallery.vote(number, figure(), 4, compare, decide).votes
        assert len(asked[-1].memory) == drawings, "the key in the mirror is by day"
        assert set(np.flatnonzero(votes[1:].max(axis=0) > -20)) == colors


def test_the_matcher_compares_two_keys_once_not_for_each_frame() -> None:
    key_pairs: list[int] = []
    one, two = figure(), figure(0.1)

    def count(target: Tokens, source: Tokens) -> tuple[Rows, Rows]:
        if target is one or target is two:
            key_pairs.append(len(key_pairs))
        return compare(target, source)

    def decide(question: Question) -> tuple[Rows, Rows]:
        return np.zeros((3, 5), np.float32), question.unmatched

    gallery = Gallery([KeyRegions(1, one, DAY), KeyRegions(9, two, NIGHT)], 5)
    for number in (2, 3, 4, 7, 8):
        gallery.vote(number, figure(), 4, count, decide)
    assert len(key_pairs) == 2, "each key as the nearest one, once"
