"""The matcher's tokens, and color probabilities from its scores.

The matcher itself is `framecolor.networks.matcher`; engines run it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.core.constants import SHARPNESS

Rows = NDArray[np.float32]

# At most this many regions of a drawing are matched, the largest ones: cost grows with the square. The others are
# linked by flow alone.
MOST_TOKENS = 512
_NEVER = -1e4


@dataclass(frozen=True, eq=False)
class Tokens:
    """A drawing's regions as the matcher's input.

    rows     intp [T]: the regions' numbers, rising
    values   float32 [T, width]; the last ones are those of `lineart.region_shapes.region_traits`
    contact  float32 [T, T]: share of a region's outline along another
    """

    rows: NDArray[np.intp]
    values: Rows
    contact: Rows

    @property
    def place(self) -> Rows:
        """The middle of each region, [T, 2], in units of the figure's size."""
        return self.values[:, -6:-4]

    @property
    def area(self) -> NDArray[np.float64]:
        """The area of each region as a share of the figure's, [T]."""
        return np.exp(self.values[:, -4].astype(np.float64))

    @property
    def is_paper(self) -> NDArray[np.bool_]:
        """Whether each region is paper, bool [T]."""
        return self.values[:, -1] > 0.5


@dataclass(frozen=True, eq=False)
class Match:
    """The matcher's scores between the tokens of a target and a source drawing.

    target, source  intp [A], [B]: their regions' numbers
    score           float16 or float32 [A, B]: logits of all pairs
    unmatched       float32 [A]: logits of having no counterpart
    """

    target: NDArray[np.intp]
    source: NDArray[np.intp]
    score: NDArray[np.floating]
    unmatched: Rows

    def hear(self, belief: Rows) -> Rows:
        """Compute the target's color probabilities, float32 [A, P], from the source's belief [count + 1, P]."""
        return read_scores(self.score, self.unmatched, belief[self.source])

    def rate_pairs(self) -> Rows:
        """Compute the probability that each target region has each source region as its counterpart, [A, B]."""
        logits = np.concatenate([self.score.astype(np.float32), self.unmatched[:, None]], axis=1)
        weight = np.exp(logits - logits.max(axis=1, keepdims=True))
        return weight[:, :-1] / weight.sum(axis=1, keepdims=True)


def choose_rows(area: NDArray[np.int64]) -> NDArray[np.intp]:
    """Choose the regions that get tokens, rising, by the areas of all, [count + 1]."""
    return np.sort(1 + np.argsort(-area[1:], kind="stable")[:MOST_TOKENS])


def read_scores(score: NDArray[np.floating], unmatched: Rows, belief: Rows) -> Rows:
    """Compute the probability of each color in each region, float32 [A, P].

    score [A, B], unmatched [A]  logits of each candidate, and of having no counterpart
    belief [B, P]                probability of each color in each candidate
    """
    return read_logits(color_logits(score, belief), unmatched)


def color_logits(score: NDArray[np.floating], belief: Rows) -> Rows:
    """Compute the logit of each color in each region, float32 [A, P]: its best candidate counts, not their number."""
    if not score.size:
        return np.full((len(score), belief.shape[1]), _NEVER, np.float32)
    scores = score.astype(np.float32)
    best = scores.max(axis=1, keepdims=True)
    joined = np.exp(SHARPNESS * (scores - best)) @ belief
    return best + np.log(np.maximum(joined, 1e-30)) / SHARPNESS


def read_logits(color: Rows, unmatched: Rows) -> Rows:
    """Convert logits of colors [A, P], and of having no counterpart [A], to the probability of each color.

    Having no counterpart votes for all colors alike.
    """
    logits = np.concatenate([color, unmatched[:, None]], axis=1)
    weight = np.exp(logits - logits.max(axis=1, keepdims=True))
    weight /= weight.sum(axis=1, keepdims=True)
    return (weight[:, :-1] + weight[:, -1:] / color.shape[1]).astype(np.float32)
