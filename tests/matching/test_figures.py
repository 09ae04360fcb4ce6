"""Figures: what they are, and that regions of one take no colors of another."""

from __future__ import annotations

import numpy as np
from scipy.linalg import block_diag

from framecolor.matching import figures
from framecolor.matching.figures import find_figures
from framecolor.matching.tokens import Rows, Tokens

SIDE = 5  # regions of a figure


def draw(places: list[float], sizes: list[int] | None = None) -> Tokens:
    """Paper, then figures of regions in a chain at these places."""
    sizes = sizes or [SIDE] * len(places)
    chains = [np.eye(n, k=1) + np.eye(n, k=-1) for n in sizes]
    contact = np.asarray(block_diag(np.zeros((1, 1)), *chains), np.float32)
    contact[0, 1:] = contact[1:, 0] = 0.5
    values = np.zeros((len(contact), 6), np.float32)
    values[1:, 0] = np.repeat(places, sizes)
    values[0, 5] = 1
    return Tokens(np.arange(1, len(values) + 1), values, contact)


def likes(block: list[list[float]]) -> Rows:
    """Scores of pairs, for each pair of figures, with paper first."""
    return np.pad(np.kron(np.array(block), np.ones((SIDE, SIDE))), ((1, 0), (1, 0))).astype(np.float32)


def keep_apart(target: Tokens, key: Tokens, score: Rows) -> Rows:
    return figures.keep_apart(target, key, score, find_figures(target), find_figures(key))


def test_figures_are_regions_that_touch_with_paper_between_them() -> None:
    assert find_figures(draw([-0.2, 0.2])).tolist() == [-1, *[0] * SIDE, *[1] * SIDE]
    assert find_figures(draw([-0.2, 0.2], [4, 6])).tolist() == [-1, *[1] * 4, *[0] * 6], "the largest comes first"
    assert find_figures(draw([0.1, 0.2], [SIDE, 2])).tolist() == [-1, *[0] * SIDE, -1, -1], "a prop is none"
    assert (
        find_figures(Tokens(np.zeros(0, np.intp), np.zeros((0, 6), np.float32), np.zeros((0, 0), np.float32))).size == 0
    )


def test_twins_keep_their_sides_though_each_has_the_others_pose() -> None:
    target, key = draw([-0.2, 0.2]), draw([-0.21, 0.22])
    score = likes([[28, 29], [29, 28]])
    np.testing.assert_array_equal(keep_apart(target, key, score), likes([[28, 23], [23, 28]]))


def test_figures_of_other_designs_may_change_sides() -> None:
    target, key = draw([-0.2, 0.2]), draw([-0.2, 0.2])
    score = likes([[18, 28], [28, 18]])
    np.testing.assert_array_equal(keep_apart(target, key, score), likes([[12, 28], [28, 12]]))


def test_one_figure_or_a_figure_without_counterpart_changes_nothing() -> None:
    alone, two, three = draw([0.0]), draw([-0.2, 0.2]), draw([-0.2, 0.2, 0.5])
    score = likes([[20, 20]])
    assert keep_apart(alone, two, score) is score
    score = likes([[28, 20], [20, 28], [25, 25]])
    changed = keep_apart(three, two, score)
    np.testing.assert_array_equal(changed[-SIDE:], score[-SIDE:])
    assert (changed[1 : SIDE + 1, -SIDE:] < score[1 : SIDE + 1, -SIDE:]).all()
