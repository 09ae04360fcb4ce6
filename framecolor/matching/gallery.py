"""Turn the matcher's scores against the keys' regions into votes for colors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from framecolor.matching.tokens import Rows, Tokens, read_scores

# Regions that look alike may differ in color: this much probability is spread over the whole palette.
_DOUBT = 0.02
# A drawing is compared with at most this many keys, the nearest by number, and as many partial keys: each costs a few
# milliseconds.
MOST_KEYS = 6
# It is also compared with at most this many references. Their logits count less than those of keys, which have the
# colors of this very cut. With one key, acc_thres of vpet_desk is .664 without and .694 with drawings of vpet_dance
# (.709 at a doubt of 1, .697 at 0); of vpet_dance .867 both without and with drawings of vpet_desk (.851, .853).
MOST_REFERENCES = 4
_REFERENCE_DOUBT = 2.0
# The palette entry of a partial key's region without a color.
UNKNOWN = -1

Compare = Callable[[Tokens, Tokens], tuple[Rows, Rows]]
"""Takes target and source; returns logits of all pairs [A, B], and of having no counterpart [A]."""


@dataclass(frozen=True, eq=False)
class KeyRegions:
    """One key or reference: its regions' tokens, and the palette entry of each, intp [T], UNKNOWN if it has no color.

    number  of the key's drawing; of a reference its position among those of the gallery
    """

    number: int
    tokens: Tokens
    colors: NDArray[np.intp]

    @cached_property
    def is_whole(self) -> bool:
        """Whether all regions have a color: a key, not a partial key."""
        return bool((self.colors != UNKNOWN).all())


@dataclass(frozen=True, eq=False)
class Recognized:
    """The votes of the keys for a drawing's regions.

    votes      log-probability of each palette color, float32 [count + 1, P]
    unmatched  by how much having no counterpart in the keys beats the best one, as a logit, float32 [count + 1];
               0 for regions that were not compared
    """

    votes: NDArray[np.float32]
    unmatched: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Gallery:
    """The keys and references of a shot, which each drawing's regions are compared with; palette_size P."""

    keys: Sequence[KeyRegions]
    palette_size: int
    references: Sequence[KeyRegions] = ()

    def find(self, number: int) -> Tokens | None:
        """Find the tokens of a key's regions; None if there is no key of this number."""
        return next((key.tokens for key in self.keys if key.number == number), None)

    def guess_nothing(self, count: int) -> Recognized:
        """Return uniform votes for `count` regions that are not compared."""
        votes = np.full((count + 1, self.palette_size), -np.log(self.palette_size), np.float32)
        return Recognized(votes, np.zeros(count + 1, np.float32))

    def vote(self, number: int, target: Tokens, count: int, compare: Compare) -> Recognized:
        """Vote for the colors of a drawing's `count` regions, and measure whether the keys show them at all.

        number  of the drawing: it is compared with the keys and references that `choose_keys` returns
        All key regions of known color compete, together with having no counterpart, which votes for no color. The score
        of having no counterpart comes from whole keys alone, if there are any: in a partial key the counterpart may be
        a region without a color.
        """
        nothing = self.guess_nothing(count)
        votes, margin = nothing.votes, nothing.unmatched
        if not len(target.rows):
            return nothing
        chosen = self.choose_keys(number)
        scores, unmatched = zip(*(_compare_known(compare, target, key) for key in chosen), strict=True)
        if count_keys := len(chosen) - len(self.references):
            scores = (*scores[:count_keys], *(score - _REFERENCE_DOUBT for score in scores[count_keys:]))
        colors = np.concatenate([key.colors[key.colors != UNKNOWN] for key in chosen])
        members = np.zeros((len(colors), self.palette_size), np.float32)
        members[np.arange(len(colors)), colors] = 1
        by_whole = [logits for key, logits in zip(chosen, unmatched, strict=True) if key.is_whole] or unmatched
        score, lost = np.concatenate(scores, axis=1), np.mean(by_whole, axis=0)
        share = read_scores(score, lost, members)
        votes[target.rows] = np.log((1 - _DOUBT) * share + _DOUBT / self.palette_size)
        if score.size:
            margin[target.rows] = lost - score.max(axis=1)
        return Recognized(votes, margin)

    def choose_keys(self, number: int) -> list[KeyRegions]:
        """Choose what to compare a drawing with: the MOST_KEYS nearest whole keys, as many partial ones, references.

        For each color that none of these keys has, also the nearest partial key that has it.
        """
        near = sorted(self.keys, key=lambda key: (abs(key.number - number), key.number))
        chosen = [key for key in near if key.is_whole][:MOST_KEYS]
        partial = [key for key in near if not key.is_whole]
        chosen += partial[:MOST_KEYS]
        covered = {color for key in chosen for color in key.colors.tolist()}
        for key in partial[MOST_KEYS:]:
            if not covered.issuperset(key.colors.tolist()):
                chosen.append(key)
                covered.update(key.colors.tolist())
        return [*chosen, *self.references]


def _compare_known(compare: Compare, target: Tokens, key: KeyRegions) -> tuple[Rows, Rows]:
    """Score a key's regions of known color, and having no counterpart among them."""
    score, unmatched = compare(target, key.tokens)
    if key.is_whole:
        return score, unmatched
    open_ones = key.colors == UNKNOWN
    return score[:, ~open_ones], np.maximum(unmatched, score[:, open_ones].max(axis=1))
