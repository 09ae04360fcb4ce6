"""Turn the matcher's scores against the keys' regions into votes for colors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from framecolor.core.hashing import digest
from framecolor.core.memory import NO_MEMORY, Memory
from framecolor.matching.color_sets import is_other_set, may_be_other_set, measure_painted
from framecolor.matching.facing import is_turned
from framecolor.matching.figures import find_figures, keep_apart
from framecolor.matching.paper_kinds import Kinds, compare_nothing, score_kinds
from framecolor.matching.question import ABSENT, Question
from framecolor.matching.tokens import Rows, Tokens, read_logits

# Regions that look alike may differ in color: this much probability is spread over the whole palette.
_DOUBT = 0.02
# A drawing is compared with at most this many keys, the nearest by number, and as many partial keys: each costs a few
# milliseconds.
MOST_KEYS = 6
# It is also compared with at most this many references. Their logits count less than those of keys, which have the
# colors of this very cut: references help where one key shows little, and must not talk over it where it shows all.
MOST_REFERENCES = 4
_REFERENCE_DOUBT = 2.0
# Log-probability of a color of another color set.
_OTHER_SET = -30.0
# A region differs in size from what it looks like if its area is 3.7 times as large or small, in every key. For the
# question whether a key shows it, that counts as so much of a logit: props drawn over the figure look known otherwise.
_RESIZED, _RESIZED_LOGIT = 1.3, np.float32(0.75)
# The palette entry of a partial key's region without a color.
UNKNOWN = -1
# A region of a partial key that is not told counts as told if the keys give it a color with at least this probability:
# whoever corrected a drawing has seen the rest of it.
_SURE = 0.8

Compare = Callable[[Tokens, Tokens], tuple[Rows, Rows]]
"""Takes target and source; returns logits of all pairs [A, B], and of having no counterpart [A]."""
Decide = Callable[[Question], tuple[Rows, Rows]]
"""Returns logits of colors [A, P], and of having no counterpart [A]."""


@dataclass(frozen=True, eq=False)
class KeyRegions:
    """One key or reference: its regions' tokens, and the palette entry of each, intp [T], UNKNOWN if it has no color.

    number  of the key's drawing; of a reference its position among those of the gallery
    kinds   what its regions in the color of paper are (`matching.paper_kinds`), int8 [T]; None if it is not known
    likely  of a partial key: `colors`, and what the keys are sure of, by `Gallery.settle`; None: only `colors`
    """

    number: int
    tokens: Tokens
    colors: NDArray[np.intp]
    likely: NDArray[np.intp] | None = None
    kinds: Kinds | None = None

    @cached_property
    def is_whole(self) -> bool:
        """Whether all regions have a color: a key, not a partial key."""
        return bool((self.colors != UNKNOWN).all())

    @cached_property
    def figures(self) -> NDArray[np.intp]:
        """The figure of each region, intp [T]."""
        return find_figures(self.tokens)

    @property
    def shown(self) -> NDArray[np.intp]:
        """The palette entries to paint from, intp [T], else UNKNOWN."""
        return self.colors if self.likely is None else self.likely


@dataclass(frozen=True, eq=False)
class Recognized:
    """The votes of the keys for a drawing's regions.

    votes      log-probability of each palette color, float32 [count + 1, P]
    unmatched  by how much having no counterpart in the keys beats the best one, as a logit, float32 [count + 1];
               0 for regions that were not compared
    unseen     the same, raised for regions of another size than all that they look like in the keys: for the question
               whether any key shows them, which a thing drawn over the figure does not answer by its looks alone
    kinds      best score against the keys' regions of each kind of paper, float32 [count + 1, KIND_COUNT]
    """

    votes: NDArray[np.float32]
    unmatched: NDArray[np.float32]
    unseen: NDArray[np.float32]
    kinds: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Gallery:
    """The keys and references of a shot, which each drawing's regions are compared with; palette_size P.

    mirrored  the first whole key as seen in a mirror, for drawings that are turned
    memory    keeps the networks' answers for later runs
    """

    keys: Sequence[KeyRegions]
    palette_size: int
    references: Sequence[KeyRegions] = ()
    mirrored: KeyRegions | None = None
    memory: Memory = NO_MEMORY
    _differs: dict[tuple[KeyRegions, KeyRegions], bool] = field(default_factory=dict, init=False, repr=False)

    def find(self, number: int) -> Tokens | None:
        """Find the tokens of a key's regions; None if there is no key of this number."""
        return next((key.tokens for key in self.keys if key.number == number), None)

    def guess_nothing(self, count: int) -> Recognized:
        """Return uniform votes for `count` regions that are not compared."""
        votes = np.full((count + 1, self.palette_size), -np.log(self.palette_size), np.float32)
        unmatched, unseen = np.zeros((2, count + 1), np.float32)
        return Recognized(votes, unmatched, unseen, compare_nothing(count))

    def vote(
        self,
        number: int,
        target: Tokens,
        count: int,
        compare: Compare,
        decide: Decide,
        known: NDArray[np.intp] | None = None,
    ) -> Recognized:
        """Vote for the colors of a drawing's `count` regions, and measure whether the keys show them at all.

        number  of the drawing: it is compared with the keys and references that `choose_keys` returns
        known   palette entries of its regions that are known already, intp [count + 1], else UNKNOWN
        All key regions of known color compete, together with having no counterpart, which votes for no color. The score
        of having no counterpart comes from whole keys alone, if there are any: in a partial key the counterpart may be
        a region without a color.
        """
        compare, decide = _remember(compare, decide, self.memory)
        nothing = self.guess_nothing(count)
        votes, margin, kinds = nothing.votes, nothing.unmatched, nothing.kinds
        unseen = margin.copy()
        if not len(target.rows):
            return nothing
        own = np.full(len(target.rows), UNKNOWN) if known is None else known[target.rows]
        near = self.choose_keys(number)
        chosen = self._keep_one_set(near, compare)
        is_one_of_sets = len(chosen) < len(near)
        pairs = [compare(target, key.tokens) for key in chosen]
        mirrored = self.mirrored
        if mirrored is not None and chosen[0].is_whole and not self._differ(chosen[0], mirrored, compare):
            seen = compare(target, mirrored.tokens)
            if is_turned(target, pairs[0][0], seen[0]):
                chosen, pairs = [mirrored, *chosen], [seen, *pairs]
        logits, lost = decide(self._ask(target, chosen, pairs, own))
        votes[target.rows] = np.log((1 - _DOUBT) * read_logits(logits, lost) + _DOUBT / self.palette_size)
        margin[target.rows] = lost - logits.max(axis=1)
        sizes = [_measure_resizing(target, key.tokens, score) for key, (score, _) in zip(chosen, pairs, strict=True)]
        resized = np.min(sizes, axis=0)
        unseen[target.rows] = margin[target.rows] + _RESIZED_LOGIT * (resized > _RESIZED)
        kinds[target.rows] = score_kinds([score for score, _ in pairs], [key.kinds for key in chosen])
        if is_one_of_sets:
            shown = np.concatenate([key.shown for key in chosen])
            votes[:, np.setdiff1d(np.arange(self.palette_size), shown)] = _OTHER_SET
        return Recognized(votes, margin, unseen, kinds)

    def settle(self, compare: Compare, decide: Decide) -> Gallery:
        """Return the gallery with the partial keys filled in where the keys are sure (`KeyRegions.likely`)."""
        compare, decide = _remember(compare, decide, self.memory)
        if self.references or any(key.is_whole for key in self.keys):
            return replace(self, keys=[self._settle(key, compare, decide) for key in self.keys])
        return self

    def _settle(self, key: KeyRegions, compare: Compare, decide: Decide) -> KeyRegions:
        others = [other for other in self.choose_keys(key.number) if other is not key]
        if key.is_whole or not len(key.colors):
            return key
        pairs = [compare(key.tokens, other.tokens) for other in others]
        share = read_logits(*decide(self._ask(key.tokens, others, pairs, key.colors)))
        sure = (key.colors == UNKNOWN) & (share.max(axis=1) >= _SURE)
        return replace(key, likely=np.where(sure, share.argmax(axis=1), key.colors))

    def _keep_one_set(self, near: Sequence[KeyRegions], compare: Compare) -> list[KeyRegions]:
        """Leave out the whole keys that show what the nearest one shows in other colors."""
        first = next((key for key in near if key.is_whole), None)
        if first is None:
            return list(near)
        return [key for key in near if key is first or not key.is_whole or not self._differ(first, key, compare)]

    def _differ(self, one: KeyRegions, two: KeyRegions, compare: Compare) -> bool:
        """Tell whether two whole keys are of two color sets; the matcher is asked once for each pair of keys."""
        if (one, two) not in self._differs:
            self._differs[one, two] = differ_in_set(one, two, compare)
        return self._differs[one, two]

    def _ask(
        self,
        target: Tokens,
        chosen: Sequence[KeyRegions],
        pairs: Sequence[tuple[Rows, Rows]],
        known: NDArray[np.intp],
    ) -> Question:
        """Put the question to the painter.

        pairs  the matcher's scores against each of the chosen keys
        known  palette entries of the target's regions, [A]
        """
        most = max(1, *(len(key.tokens.rows) for key in chosen))
        keys = [_pad_key(key, most, self.palette_size) for key in chosen]
        memory, contact, members = (np.stack(arrays) for arrays in zip(*keys, strict=True))
        score = np.full((len(target.rows), len(chosen), most), ABSENT, np.float32)
        count_keys = len(chosen) - len(self.references)
        own = find_figures(target)
        for place, ((scores, _), key) in enumerate(zip(pairs, chosen, strict=True)):
            doubt = _REFERENCE_DOUBT if 0 < count_keys <= place else 0
            apart = keep_apart(target, key.tokens, scores, own, key.figures)
            score[:, place, : scores.shape[1]] = apart - np.float32(doubt)
        told = _one_hot(known, self.palette_size)
        return Question(
            target.values, target.contact, told, memory, contact, members, score, _join_unmatched(pairs, chosen)
        )

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


def _remember(compare: Compare, decide: Decide, memory: Memory) -> tuple[Compare, Decide]:
    """Return both so that a memory answers what was asked before."""
    if memory is NO_MEMORY:
        return compare, decide

    def recall_pair(target: Tokens, source: Tokens) -> tuple[Rows, Rows]:
        values = target.values, target.contact, source.values, source.contact
        return memory.recall(digest("pair", *(v.tobytes() for v in values)), lambda: compare(target, source))

    def recall_colors(question: Question) -> tuple[Rows, Rows]:
        name = digest("colors", *(values.tobytes() for values in question.list_values()))
        return memory.recall(name, lambda: decide(question))

    return recall_pair, recall_colors


def differ_in_set(one: KeyRegions, two: KeyRegions, compare: Compare) -> bool:
    """Tell whether two whole keys are of two color sets."""
    areas = measure_painted(one.tokens), measure_painted(two.tokens)
    if not may_be_other_set(areas[0], one.colors, areas[1], two.colors):
        return False
    return is_other_set(one.tokens, one.colors, two.colors, *compare(one.tokens, two.tokens))


def _measure_resizing(target: Tokens, source: Tokens, score: Rows) -> Rows:
    """Measure by what factor each region differs in area from what it looks most like, as a logarithm, [A]."""
    if not len(source.rows):
        return np.zeros(len(target.rows), np.float32)
    return np.abs(np.log(target.area) - np.log(source.area[score.argmax(axis=1)])).astype(np.float32)


def _one_hot(entries: NDArray[np.intp], size: int) -> Rows:
    """Return a 1 for each palette entry, all 0 for UNKNOWN: float32 [N, size]."""
    table = np.zeros((len(entries), size), np.float32)
    rows = np.flatnonzero(entries != UNKNOWN)
    table[rows, entries[rows]] = 1
    return table


def _pad_key(key: KeyRegions, count: int, palette_size: int) -> tuple[Rows, Rows, Rows]:
    """Return tokens, contact and colors of a key's regions as `Question` takes them, padded to `count` regions."""
    more = count - len(key.tokens.rows)
    return (
        np.pad(key.tokens.values, ((0, more), (0, 0))),
        np.pad(key.tokens.contact, ((0, more), (0, more))),
        np.pad(_one_hot(key.shown, palette_size), ((0, more), (0, 0))),
    )


def _join_unmatched(pairs: Sequence[tuple[Rows, Rows]], keys: Sequence[KeyRegions]) -> Rows:
    """Join the scores of having no counterpart in each key, float32 [A]; a region without a color is none."""
    lost = []
    for (score, unmatched), key in zip(pairs, keys, strict=True):
        open_ones = key.shown == UNKNOWN
        lost.append(np.maximum(unmatched, score[:, open_ones].max(axis=1)) if open_ones.any() else unmatched)
    by_whole = [logits for key, logits in zip(keys, lost, strict=True) if key.is_whole] or lost
    return np.mean(by_whole, axis=0)
