"""Figures: groups of regions that touch, with paper between them. A figure keeps one set of colors.

Two figures of one design are told apart by their places, others by how well their regions match.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.matching.tokens import Rows, Tokens

# A figure has at least so many regions, and so much of the largest figure's area; less is a part or a prop.
_LEAST_REGIONS, _LEAST_SHARE = 4, 0.1
# A figure's logits against two others differ by less than 2 if all three are of one design in other poses, and by more
# if not; figures side by side are about 0.4 apart, as `lineart.region_shapes` measures places.
_BY_PLACE = 20.0
_LOST_BY_OTHERS = 6.0
# Columns of `Tokens.values`, from the end, as `lineart.region_shapes.region_traits` has them.
_X, _LOG_AREA, _PAPER = -6, -4, -1


def find_figures(tokens: Tokens) -> NDArray[np.intp]:
    """Find the figure of each region of a drawing, intp [T], the largest first; -1 for regions of none."""
    from scipy.sparse.csgraph import connected_components

    drawn = tokens.values[:, _PAPER] < 0.5
    touching = (tokens.contact > 0) & drawn[:, None] & drawn
    count, group = connected_components(touching, directed=False)
    area = np.bincount(group, np.exp(tokens.values[:, _LOG_AREA].astype(np.float64)) * drawn, count)
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
            apart = _find_place(target, rows) - _find_place(key, columns)
            likeness[a, b] = score[np.ix_(rows, columns)].max(axis=1).mean() - _BY_PLACE * np.square(apart).sum()
    counterpart = np.full(figures + 1, -1)
    chosen, by = linear_sum_assignment(-likeness)
    counterpart[chosen] = by
    mine, taken = counterpart[own][:, None], np.isin(theirs, by)
    return np.where((mine >= 0) & taken & (mine != theirs), score - np.float32(_LOST_BY_OTHERS), score)


def _find_place(tokens: Tokens, rows: NDArray[np.intp]) -> NDArray[np.float32]:
    return tokens.values[rows, _X : _X + 2].mean(axis=0)
