"""Which region of which key is this region? The matcher's scores against all keys, as votes for colors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.hints.match import Rows, Tokens, read_scores

# However alike, two regions may differ in color: this much is spread over the whole palette.
_DOUBT = 0.02
# A drawing is compared with this many keys, those nearest to it by number: each costs a few milliseconds.
MOST_KEYS = 6

Compare = Callable[[Tokens, Tokens], tuple[Rows, Rows]]
"""Scores [A, B] of all pairs, and [A] of having no counterpart, as logits."""


@dataclass(frozen=True, eq=False)
class KeyRegions:
    """One key: its number, its regions' tokens, and the palette entry of each, intp [T]."""

    number: int
    tokens: Tokens
    colors: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Recognized:
    """What the keys make of a drawing's regions.

    votes    log-probability of each palette color, float32 [count + 1, P]
    nowhere  by how much having no counterpart in the keys beats the best one, as a logit, float32 [count + 1];
             0 for regions that were not compared
    """

    votes: NDArray[np.float32]
    nowhere: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Gallery:
    """All keys of a shot, to recognize regions by; palette_size P."""

    keys: Sequence[KeyRegions]
    palette_size: int

    def vote(self, number: int, target: Tokens, count: int, compare: Compare) -> Recognized:
        """Which color each of a drawing's `count` regions has in the keys, and whether they show it at all.

        number  of the drawing: the MOST_KEYS keys nearest to it are asked.
        All regions of all keys are rivals, beside having no counterpart, which votes for no color.
        """
        votes = np.full((count + 1, self.palette_size), -np.log(self.palette_size), np.float32)
        margin = np.zeros(count + 1, np.float32)
        if not len(target.rows):
            return Recognized(votes, margin)
        asked = sorted(self.keys, key=lambda key: (abs(key.number - number), key.number))[:MOST_KEYS]
        scores, nowhere = zip(*(compare(target, key.tokens) for key in asked), strict=True)
        colors = np.concatenate([key.colors for key in asked])
        members = np.zeros((len(colors), self.palette_size), np.float32)
        members[np.arange(len(colors)), colors] = 1
        score, lost = np.concatenate(scores, axis=1), np.mean(nowhere, axis=0)
        share = read_scores(score, lost, members)
        votes[target.rows] = np.log((1 - _DOUBT) * share + _DOUBT / self.palette_size)
        if score.size:
            margin[target.rows] = lost - score.max(axis=1)
        return Recognized(votes, margin)
