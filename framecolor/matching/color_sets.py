"""Color sets: keys that show the same figures in other colors, as by day and by night. A frame keeps to one of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.matching.tokens import Rows, Tokens

Areas = NDArray[np.float64]

# Shares of the painted area: at most this much has a color that the other key has as well; at least this much has a
# counterpart in it; of that, at most so much keeps its color, and so much goes from each color to one other color.
_SHARED, _MATCHED, _KEPT, _CONSISTENT = 0.5, 0.5, 0.2, 0.6


def may_be_other_set(one: Areas, a_colors: NDArray[np.intp], two: Areas, b_colors: NDArray[np.intp]) -> bool:
    """Tell whether two keys share hardly a color, for which no network is needed.

    one, two  area of each region, 0 for paper, [T]; colors: their palette entries [T]
    """
    shared = one[np.isin(a_colors, b_colors[two > 0])].sum(), two[np.isin(b_colors, a_colors[one > 0])].sum()
    return bool(one.any() and two.any() and max(shared[0] / one.sum(), shared[1] / two.sum()) <= _SHARED)


def is_other_set(a: Tokens, a_colors: NDArray[np.intp], b_colors: NDArray[np.intp], score: Rows, lost: Rows) -> bool:
    """Tell whether a key shows what another one shows in other colors.

    score, lost  the matcher's logits of pairs [A, B], and of having no counterpart [A]
    """
    area = measure_painted(a)
    matched = np.where(score.max(axis=1) > lost, area, 0)
    if matched.sum() < _MATCHED * area.sum():
        return False
    theirs = b_colors[score.argmax(axis=1)]
    if matched[a_colors == theirs].sum() > _KEPT * matched.sum():
        return False
    into = np.zeros((a_colors.max() + 1, b_colors.max() + 1))
    np.add.at(into, (a_colors, theirs), matched)
    return bool(into.max(axis=1).sum() >= _CONSISTENT * matched.sum())


def measure_painted(tokens: Tokens) -> Areas:
    """Measure the area of each region that is not paper, relative to the figure's."""
    return tokens.area * ~tokens.is_paper
