"""What the chooser (`framecolor.networks.chooser`) is asked about a drawing, and its two simple answers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra

Rows = NDArray[np.float32]

FARTHEST = 4.0
"""The largest distance, in units of the figure's size; also that of what cannot be reached."""
# Added to the distance of two neighbors: a line lies between them.
_CROSSING = 0.15
# Share of a flow that goes on from a region to its neighbors.
_KEPT = 0.98


def measure_apart(place: Rows, contact: Rows) -> Rows:
    """Measure the distances between regions over neighbors, float32 [T, T].

    place    [T, 2], the regions' middles
    contact  [T, T], share of a region's outline along another
    """
    straight = np.sqrt(np.square(place[:, None] - place[None]).sum(axis=-1))
    steps = np.where(np.maximum(contact, contact.T) > 0, _CROSSING + straight, 0)
    return np.minimum(np.nan_to_num(dijkstra(steps, directed=False), posinf=FARTHEST), FARTHEST).astype(np.float32)


def spread_strokes(contact: Rows, paper: NDArray[np.bool_], stroke: NDArray[np.intp], count: int) -> Rows:
    """Let strokes flow through neighbors until nothing changes: share of each color in each region, float32 [T, C].

    paper   bool [T], regions that nothing flows through
    stroke  intp [T], the color 0..count - 1 of each region with a stroke, -1 for the others
    """
    known = stroke >= 0
    flow = np.zeros((len(contact), count), np.float32)
    flow[known, stroke[known]] = 1
    if known.all() or not known.any():
        return flow
    rest = ~known
    weight = contact * ~paper
    weight = _KEPT * weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-3)
    left = np.eye(int(rest.sum()), dtype=np.float32) - weight[np.ix_(rest, rest)]
    flow[rest] = np.linalg.solve(left, weight[np.ix_(rest, known)] @ flow[known])
    return flow


def measure_near(apart: Rows, stroke: NDArray[np.intp], count: int) -> Rows:
    """Measure how much farther the nearest stroke of each color is than that of the nearest color, float32 [T, C]."""
    near = np.full((len(apart), count), FARTHEST, np.float32)
    for color in range(count):
        own = stroke == color
        if own.any():
            near[:, color] = apart[:, own].min(axis=1)
    return near - near.min(axis=1, keepdims=True)


def arrange(tokens: Rows, shape: Rows, contact: Rows, stroke: NDArray[np.intp], candidates: Rows) -> dict[str, Any]:
    """Arrange the arrays of a `chooser.Choice` of one drawing, without the batch; paper is known to be paper.

    stroke      [T], the candidate that a stroke gives to each region, -1: none
    candidates  [C, `chooser.CANDIDATE_VALUES`], the first is paper
    """
    paper, count = shape[:, 5] > 0.5, len(candidates)
    stroke = np.where(paper, -1, stroke)
    known = np.zeros((len(tokens), count), np.float32)
    known[stroke >= 0, stroke[stroke >= 0]] = 1
    known[paper, 0] = 1
    apart = measure_apart(shape[:, :2], contact)
    return {
        "tokens": tokens,
        "shape": shape.astype(np.float32),
        "contact": contact,
        "apart": apart,
        "there": np.ones(len(tokens), np.float32),
        "known": known,
        "candidates": candidates,
        "flow": spread_strokes(contact, paper, stroke, count),
        "near": measure_near(apart, stroke, count),
    }
