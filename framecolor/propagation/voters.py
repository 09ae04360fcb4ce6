"""Voters: what each source of knowledge makes of a drawing's regions before its neighbors are asked.

A voter is a function that takes a `Ballot` and returns its votes. To add one, write it and put it into `VOTERS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from framecolor.core.types import Frame, Regions
from framecolor.engines.base import NetworkOutput
from framecolor.keys.keyframes import Keyframes
from framecolor.matching.gallery import Recognized
from framecolor.matching.tokens import Tokens
from framecolor.propagation.belief import Votes, doubt, normalize

# Exponents of the voters' probabilities. The gallery and a fitted network look at the same keys, so that together they
# are worth little more than one of them; where no network was fitted, the gallery has both weights.
GALLERY_WEIGHT = 1.0
NETWORK_WEIGHT = 0.6
_ENOUGH_KEYS = 4
# Of a reference picture's colors, where nothing else is known.
PRIOR_WEIGHT = 0.3


@dataclass(frozen=True, eq=False)
class Ballot:
    """What voters are given of one drawing.

    number          of the drawing; frame, regions: its lines and its areas, `count` of them
    tokens, output  its regions as the matcher knows them, and what the networks made of it
    recognized      how its regions compare with those of the keys
    keyframes       the keys, with a palette of P colors
    """

    number: int
    frame: Frame
    regions: Regions
    tokens: Tokens
    output: NetworkOutput
    recognized: Recognized
    keyframes: Keyframes


Voter = Callable[[Ballot], Votes | None]
"""Returns the log-probability of each palette color in each region, times the voter's weight, float32 [count + 1, P];
None if it has nothing to say. Row 0 is that of the lines, which nobody reads."""


def ask_gallery(ballot: Ballot) -> Votes:
    """Vote for the colors that the keys' own regions have which look like each region."""
    weight = GALLERY_WEIGHT if ballot.output.votes is not None else GALLERY_WEIGHT + NETWORK_WEIGHT
    return weight * ballot.recognized.votes


def ask_network(ballot: Ballot) -> Votes | None:
    """Vote as the network that was fitted to the keys, if one was.

    One that saw a single pose believes too much in it: the weight grows with the number of keys.
    """
    if ballot.output.votes is None:
        return None
    weight = np.float32(NETWORK_WEIGHT * min(1.0, ballot.keyframes.poses / _ENOUGH_KEYS))
    return weight * doubt(normalize(ballot.keyframes.expand(ballot.output.votes)))


VOTERS: tuple[Voter, ...] = (ask_gallery, ask_network)


def vote(ballot: Ballot) -> Votes:
    """Sum what all voters say of a drawing; a reference picture leans on it where it is unsure."""
    heard = [votes for voter in VOTERS if (votes := voter(ballot)) is not None]
    votes = heard[0]
    for more in heard[1:]:
        votes = votes + more
    return add_prior(votes.astype(np.float32, copy=False), ballot.keyframes.reference)


def add_prior(votes: Votes, prior: Votes | None) -> Votes:
    """Votes, log-probabilities [count + 1, P], that lean a little towards some colors, [P] log odds, where unsure."""
    if prior is None:
        return votes
    unsure = 1 - normalize(votes).max(axis=1, keepdims=True)
    return (votes + PRIOR_WEIGHT * unsure * prior).astype(np.float32)
