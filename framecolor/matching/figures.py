"""Figures: groups of regions that touch, with paper between them. A figure keeps one set of colors.

Two figures of one design are told apart by their places, others by how well their regions match.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.matching.tokens import Rows, Tokens

# A figure has at least so many regions, and so much of the largest figure's area; less is a part or a prop.
_LEAST_REGIONS, _LEAST_SHARE = 4, 0.1
# Figures side by side are about 0.4 apart, which counts 3 logits; those of twins in each other's poses differ by 1.3.
_BY_PLACE = 20.0
_LOST_BY_OTHERS = 6.0


def find_figures(tokens: Tokens) -> NDArray[np.intp]:
    """Find the figure of each region of a drawing, intp [T], the largest first; -1 for regions of none."""
    from scipy.sparse.csgraph import connected_components

    drawn = ~tokens.is_paper
    touching = (tokens.contact > 0) & drawn[:, None] & drawn
    count, group = connected_components(touching, directed=False)
    area = np.bincount(group, tokens.area * drawn, count)
    regions = np.bincount(group, drawn, count)
    large = np.flatnonzero((regions >= _LEAST_REGIONS) & (area >= _LEAST_SHARE * area.max(initial=0)))
    rank = np.full(count, -1)
    rank[large[np.argsort(-area[large], kind="stable")]] = np.arange(len(large))
    return np.where(drawn, rank[group], -1)


def keep_apart(target: Tokens, key: Tokens, score: Rows, own: NDArray[np.intp], theirs: NDArray[np.intp]) -> Rows:
    """Lower the scores [A, B] of pairs of regions whose figures are counterparts of other figures.

    Nothing changes unless both drawings have two figures or more.

    own, theirs  the figure of each region of both drawings, by `find_figures`
    """
    figures, others = own.max(initial=-1) + 1, theirs.max(initial=-1) + 1
    if min(figures, others) < 2:
        return score
    from scipy.optimize import linear_sum_assignment

    likeness = np.zeros((figures, others))
    for a in range(figures):
        for b in range(others):
            rows, columns = np.flatnonzero(own == a), np.flatnonzero(theirs == b)
            apart = target.place[rows].mean(axis=0) - key.place[columns].mean(axis=0)
            likeness[a, b] = score[np.ix_(rows, columns)].max(axis=1).mean() - _BY_PLACE * np.square(apart).sum()
    counterpart = np.full(figures + 1, -1)
    chosen, by = linear_sum_assignment(-likeness)
    counterpart[chosen] = by
    mine, taken = counterpart[own][:, None], np.isin(theirs, by)
    return np.where((mine >= 0) & taken & (mine != theirs), score - np.float32(_LOST_BY_OTHERS), score)
