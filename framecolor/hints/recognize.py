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
class Gallery:
    """All keys of a shot, to recognize regions by; palette_size P."""

    keys: Sequence[KeyRegions]
    palette_size: int

    def vote(self, number: int, target: Tokens, count: int, compare: Compare) -> NDArray[np.float32]:
        """Log-probability of each palette color in each of a drawing's regions, float32 [count + 1, P].

        number  of the drawing: the MOST_KEYS keys nearest to it are asked.
        All regions of all keys are rivals, beside having no counterpart, which votes for no color.
        """
        votes = np.full((count + 1, self.palette_size), -np.log(self.palette_size), np.float32)
        if not len(target.rows):
            return votes
        asked = sorted(self.keys, key=lambda key: (abs(key.number - number), key.number))[:MOST_KEYS]
        scores, nowhere = zip(*(compare(target, key.tokens) for key in asked), strict=True)
        colors = np.concatenate([key.colors for key in asked])
        members = np.zeros((len(colors), self.palette_size), np.float32)
        members[np.arange(len(colors)), colors] = 1
        share = read_scores(np.concatenate(scores, axis=1), np.mean(nowhere, axis=0), members)
        votes[target.rows] = np.log((1 - _DOUBT) * share + _DOUBT / self.palette_size)
        return votes
