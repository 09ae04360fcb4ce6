"""Facing: a drawing that shows its figures the other way around is compared with a key in a mirror."""

from __future__ import annotations

import numpy as np
import pytest

from framecolor.core.types import Frame, Regions
from framecolor.matching.facing import is_turned
from framecolor.matching.gallery import Gallery, KeyRegions
from framecolor.matching.question import Question
from framecolor.matching.tokens import Rows, Tokens


def tokens(look: float) -> Tokens:
    values = np.zeros((2, 7), np.float32)
    values[:, 0] = look
    values[:, -4] = np.log([0.9, 0.1])
    return Tokens(np.array([1, 2]), values, np.zeros((2, 2), np.float32))


@pytest.mark.parametrize(
    ("gained", "turned"), [((1.0, 1.0), True), ((0.0, 0.0), False), ((1, -1), True), ((-1, 1), False)]
)
def test_large_regions_decide_which_way_a_drawing_faces(gained: tuple[float, float], turned: bool) -> None:
    score = np.full((2, 3), 20, np.float32)
    mirrored = score.copy()
    mirrored[:, 1] += np.array(gained, np.float32)
    assert is_turned(tokens(0), score, mirrored) == turned
    assert not is_turned(tokens(0), score, score[:, :0])


def test_a_turned_drawing_is_painted_from_the_mirrored_key_as_well() -> None:
    asked: list[Question] = []

    def compare(target: Tokens, source: Tokens) -> tuple[Rows, Rows]:
        near = -np.abs(target.values[:, :1] - source.values[:, 0])
        return near.astype(np.float32), np.full(2, -9, np.float32)

    def decide(question: Question) -> tuple[Rows, Rows]:
        asked.append(question)
        return np.zeros((2, 2), np.float32), question.unmatched

    key, mirrored = KeyRegions(1, tokens(0), np.array([0, 1])), KeyRegions(1, tokens(5), np.array([0, 1]))
    gallery = Gallery([key], 2, mirrored=mirrored)
    for look in (0.0, 5.0):
        gallery.vote(2, tokens(look), 2, compare, decide)
    assert [len(question.memory) for question in asked] == [1, 2]
    assert asked[1].memory[0, 0, 0] == 5


def test_a_mirror_swaps_left_and_right_alone() -> None:
    ink = np.zeros((2, 3, 4), np.uint8)
    ink[0, 0] = 255
    frame, regions = Frame(7, ink, ink[..., 0] > 0), Regions(np.array([[0, 1, 2], [1, 1, 2]], np.int32), 2, 0.5)
    assert frame.mirror().ink[0, 2].tolist() == [255] * 4 and frame.mirror().number == 7
    assert regions.mirror().labels.tolist() == [[2, 1, 0], [2, 1, 1]] and regions.mirror().paper_border == 0.5
