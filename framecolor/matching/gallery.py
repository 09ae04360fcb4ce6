"""Which region of which key is this region? The matcher's scores against all keys, as votes for colors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from framecolor.matching.tokens import Rows, Tokens, read_scores

# However alike, two regions may differ in color: this much is spread over the whole palette.
_DOUBT = 0.02
# A drawing is compared with this many keys, those nearest to it by number, and as many drawings that are known in part:
# each costs a few milliseconds.
MOST_KEYS = 6
# What a key's region is whose color nobody told.
UNKNOWN = -1

Compare = Callable[[Tokens, Tokens], tuple[Rows, Rows]]
"""Scores [A, B] of all pairs, and [A] of having no counterpart, as logits."""


@dataclass(frozen=True, eq=False)
class KeyRegions:
    """One key: its number, its regions' tokens, and the palette entry of each, intp [T], UNKNOWN where nobody told."""

    number: int
    tokens: Tokens
    colors: NDArray[np.intp]

    @cached_property
    def is_whole(self) -> bool:
        """Whether the color of all of its regions is known."""
        return bool((self.colors != UNKNOWN).all())


@dataclass(frozen=True, eq=False)
class Recognized:
    """What the keys make of a drawing's regions.

    votes      log-probability of each palette color, float32 [count + 1, P]
    unmatched  by how much having no counterpart in the keys beats the best one, as a logit, float32 [count + 1];
               0 for regions that were not compared
    """

    votes: NDArray[np.float32]
    unmatched: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Gallery:
    """All keys of a shot, to recognize regions by; palette_size P."""

    keys: Sequence[KeyRegions]
    palette_size: int

    def find(self, number: int) -> Tokens | None:
        """The tokens of a key's regions; None where it is not among the keys."""
        return next((key.tokens for key in self.keys if key.number == number), None)

    def guess_nothing(self, count: int) -> Recognized:
        """What is recognized of `count` regions where nobody asks."""
        votes = np.full((count + 1, self.palette_size), -np.log(self.palette_size), np.float32)
        return Recognized(votes, np.zeros(count + 1, np.float32))

    def vote(self, number: int, target: Tokens, count: int, compare: Compare) -> Recognized:
        """Which color each of a drawing's `count` regions has in the keys, and whether they show it at all.

        number  of the drawing: the keys nearest to it are asked (`choose_keys`).
        All regions of known color are rivals, beside having no counterpart, which votes for no color. Whether there is
        a counterpart is asked of whole keys, where there are any: one that is known in part has it without a color.
        """
        nothing = self.guess_nothing(count)
        votes, margin = nothing.votes, nothing.unmatched
        if not len(target.rows):
            return nothing
        asked = self.choose_keys(number)
        scores, unmatched = zip(*(_compare_known(compare, target, key) for key in asked), strict=True)
        colors = np.concatenate([key.colors[key.colors != UNKNOWN] for key in asked])
        members = np.zeros((len(colors), self.palette_size), np.float32)
        members[np.arange(len(colors)), colors] = 1
        heard = [there for key, there in zip(asked, unmatched, strict=True) if key.is_whole] or unmatched
        score, lost = np.concatenate(scores, axis=1), np.mean(heard, axis=0)
        share = read_scores(score, lost, members)
        votes[target.rows] = np.log((1 - _DOUBT) * share + _DOUBT / self.palette_size)
        if score.size:
            margin[target.rows] = lost - score.max(axis=1)
        return Recognized(votes, margin)

    def choose_keys(self, number: int) -> list[KeyRegions]:
        """Whom to ask of a drawing: the MOST_KEYS nearest whole keys, and as many of those known in part.

        Of the latter also, for each color that nobody asked so far has told, the nearest that does.
        """
        near = sorted(self.keys, key=lambda key: (abs(key.number - number), key.number))
        asked = [key for key in near if key.is_whole][:MOST_KEYS]
        partial = [key for key in near if not key.is_whole]
        asked += partial[:MOST_KEYS]
        told = {color for key in asked for color in key.colors.tolist()}
        for key in partial[MOST_KEYS:]:
            if not told.issuperset(key.colors.tolist()):
                asked.append(key)
                told.update(key.colors.tolist())
        return asked


def _compare_known(compare: Compare, target: Tokens, key: KeyRegions) -> tuple[Rows, Rows]:
    """Scores of a key's regions of known color, and of having no counterpart among them."""
    score, unmatched = compare(target, key.tokens)
    if key.is_whole:
        return score, unmatched
    open_ones = key.colors == UNKNOWN
    return score[:, ~open_ones], np.maximum(unmatched, score[:, open_ones].max(axis=1))
