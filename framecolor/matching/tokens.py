"""Which region of another drawing is this region? What the matcher's scores say of its color.

The matcher itself is `framecolor.networks.matcher`; engines run it. Here are its tokens, and what follows from scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32]

# The largest regions of a drawing are matched, at most this many: pairs cost by their square. The rest hears flow.
MOST_TOKENS = 512
# A color scores as its best region does, as the matcher was trained (`training.losses.match_loss`).
_SHARPNESS = 4.0


@dataclass(frozen=True, eq=False)
class Tokens:
    """A drawing's regions as the matcher knows them.

    rows     intp [T]: the regions, rising
    values   float32 [T, width]
    contact  float32 [T, T]: share of a region's outline along another
    """

    rows: NDArray[np.intp]
    values: Rows
    contact: Rows


@dataclass(frozen=True, eq=False)
class Match:
    """How the tokens of one drawing, the target, were compared with those of another, the source.

    target, source  intp [A], [B]: the regions of either
    score           float16 or float32 [A, B], logits; unmatched float32 [A], of having no counterpart
    """

    target: NDArray[np.intp]
    source: NDArray[np.intp]
    score: NDArray[np.floating]
    unmatched: Rows

    def hear(self, belief: Rows) -> Rows:
        """Probability of each color in the target's regions, float32 [A, P], by the source's belief [count + 1, P]."""
        return read_scores(self.score, self.unmatched, belief[self.source])


def choose_rows(area: NDArray[np.int64]) -> NDArray[np.intp]:
    """The regions that get tokens, rising, from the areas of all, [count + 1]."""
    return np.sort(1 + np.argsort(-area[1:], kind="stable")[:MOST_TOKENS])


def read_scores(score: NDArray[np.floating], unmatched: Rows, belief: Rows) -> Rows:
    """Probability of each color, float32 [A, P].

    score [A, B] and unmatched [A] are logits; belief [B, P] says what color each candidate has. The best counterpart
    of a color decides, not how many regions have it; having no counterpart says nothing of the color.
    """
    colors = belief.shape[1]
    if not score.size:
        return np.full((len(score), colors), 1 / colors, np.float32)
    scores = score.astype(np.float32)
    best = scores.max(axis=1, keepdims=True)
    joined = np.exp(_SHARPNESS * (scores - best)) @ belief
    logits = np.concatenate([best + np.log(np.maximum(joined, 1e-30)) / _SHARPNESS, unmatched[:, None]], axis=1)
    weight = np.exp(logits - logits.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    return (weight[:, :-1] + weight[:, -1:] / colors).astype(np.float32)
