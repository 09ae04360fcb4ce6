"""Voters: each gives its votes for the colors of a drawing's regions, before messages from neighbors.

A voter is a function that takes a `Ballot` and returns its votes. To add one, write it and put it into `VOTERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from framecolor.engines.base import NetworkOutput
from framecolor.keys.keyframes import Keyframes
from framecolor.lineart.packed import PackedDrawing
from framecolor.matching.gallery import Recognized
from framecolor.matching.tokens import Tokens
from framecolor.propagation.belief import Votes, doubt, normalize

# Exponents of the voters' probabilities. The gallery and a fitted network use the same keys, so that both together are
# worth little more than one; without a fitted network the gallery has both weights.
GALLERY_WEIGHT = 1.0
NETWORK_WEIGHT = 0.6
_ENOUGH_KEYS = 4
# Weight of a reference picture's log odds in a region without any other evidence.
PRIOR_WEIGHT = 0.3


@dataclass(frozen=True, eq=False)
class Ballot:
    """The input of voters for one drawing.

    number      of the drawing
    drawing     its lines and regions, `count` of them, packed
    tokens      its regions as the matcher's input
    output      the networks' output
    recognized  the comparison of its regions with those of the keys
    keyframes   the keys, with a palette of P colors
    """

    number: int
    drawing: PackedDrawing
    tokens: Tokens
    output: NetworkOutput
    recognized: Recognized
    keyframes: Keyframes


Voter = Callable[[Ballot], Votes | None]
"""Returns the log-probability of each palette color in each region, times the voter's weight, float32 [count + 1, P];
None if it does not vote. Row 0, of the lines, is ignored."""


def ask_gallery(ballot: Ballot) -> Votes:
    """Vote for the colors of the keys' regions that match each region."""
    weight = GALLERY_WEIGHT if ballot.output.votes is not None else GALLERY_WEIGHT + NETWORK_WEIGHT
    return weight * ballot.recognized.votes


def ask_network(ballot: Ballot) -> Votes | None:
    """Vote as the network that was fitted to the keys; None if there is none.

    The weight grows with the number of keys: a network that is fitted to a single pose is overconfident.
    """
    if ballot.output.votes is None:
        return None
    weight = np.float32(NETWORK_WEIGHT * min(1.0, ballot.keyframes.poses / _ENOUGH_KEYS))
    return weight * doubt(normalize(ballot.keyframes.expand(ballot.output.votes)))


VOTERS: tuple[Voter, ...] = (ask_gallery, ask_network)


def vote(ballot: Ballot) -> Votes:
    """Sum the votes of all voters for a drawing, and add the reference picture's prior where they are unsure."""
    cast = [votes for voter in VOTERS if (votes := voter(ballot)) is not None]
    votes = cast[0]
    for more in cast[1:]:
        votes = votes + more
    return add_prior(votes.astype(np.float32, copy=False), ballot.keyframes.reference)


def add_prior(votes: Votes, prior: Votes | None) -> Votes:
    """Add a prior, log odds [P], to votes, log-probabilities [count + 1, P], in proportion to their doubt."""
    if prior is None:
        return votes
    unsure = 1 - normalize(votes).max(axis=1, keepdims=True)
    return (votes + PRIOR_WEIGHT * unsure * prior).astype(np.float32)
