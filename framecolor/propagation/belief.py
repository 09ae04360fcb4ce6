"""Propagate beliefs over the palette along a span of drawings, by the forward-backward algorithm.

The drawings between two keys form a span. Each region of each drawing has a belief, a probability of each palette
color. Neighboring drawings are linked by flow and matching: the share of a region that comes from each region of the
neighbor. Messages pass along the span in both directions, as in a hidden Markov model, so that the keys on both sides
reach every drawing, weighted by the trust in the links between.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from framecolor.core.run_length import Runs
from framecolor.core.types import Flow, Regions
from framecolor.lineart.sampling import RegionPoints
from framecolor.matching.tokens import Match

Votes = NDArray[np.float32]

# This much of every vote and message is spread over the whole palette, so that no color is impossible.
_DOUBT = 0.02
# A region continues one of the drawing before if flow and matching hold at least this likely, both ways.
_LEAST_LIKELY = 0.5


@dataclass(frozen=True, eq=False)
class Node:
    """One drawing in a span.

    votes   float32 [count + 1, P]: log-probability of each palette color in each region by the drawing alone
    fixed   float32 [count + 1, P]: belief that is already known, as in a key; rows of zeros are regions that are not.
            None if nothing is known
    """

    votes: Votes
    fixed: Votes | None = None

    def believe(self, messages: Votes) -> Votes:
        """Compute its belief from its votes and the neighbors' messages, the sum of their log-probabilities."""
        if self.fixed is None:
            return normalize(self.votes + messages)
        unknown = ~self.fixed.any(axis=1)
        if not unknown.any():
            return self.fixed
        belief = self.fixed.copy()
        belief[unknown] = normalize((self.votes + messages)[unknown])
        return belief


class Link:
    """The correspondence of regions of two neighboring drawings in a span.

    forward   float32 [later count + 1, earlier count + 1]: share of each region of the later drawing that flow takes to
              each region of the earlier
    backward  the same from the earlier to the later drawing
    match_forward, match_backward  the matcher's scores of the later against the earlier drawing, and the reverse

    Both overlaps are stored packed, without loss: nearly all of their values are 0, and a span has many links.
    """

    def __init__(
        self,
        forward: NDArray[np.float32],
        backward: NDArray[np.float32],
        match_forward: Match | None = None,
        match_backward: Match | None = None,
    ) -> None:
        self._forward, self._backward = Runs.pack(forward), Runs.pack(backward)
        self.match_forward, self.match_backward = match_forward, match_backward

    @property
    def forward(self) -> NDArray[np.float32]:
        return self._forward.unpack().astype(np.float32, copy=False)

    @property
    def backward(self) -> NDArray[np.float32]:
        return self._backward.unpack().astype(np.float32, copy=False)

    @cached_property
    def origins(self) -> NDArray[np.intp]:
        """The region of the earlier drawing that each region of the later one continues, intp [later count + 1].

        0 if there is none: both have to be the likeliest counterpart of each other, by flow and matching.
        """
        back = _join_evidence(self.forward, self.match_forward)
        ahead = _join_evidence(self.backward, self.match_backward)
        if not back.size or not ahead.size:
            return np.zeros(len(back), np.intp)
        origins, rows = back.argmax(axis=1), np.arange(len(back))
        likely = np.sqrt(back[rows, origins] * ahead[origins, rows])
        return np.where((ahead.argmax(axis=1)[origins] == rows) & (likely >= _LEAST_LIKELY), origins, 0)


def _join_evidence(overlap: NDArray[np.float32], match: Match | None) -> NDArray[np.float32]:
    """Average the shares of flow and the matcher's probabilities of each pair; 0 for lines."""
    joined = overlap.copy()
    if match is not None and match.score.size:
        joined[np.ix_(match.target, match.source)] += match.rate_pairs()
        joined[match.target] /= 2
    joined[0], joined[:, 0] = 0, 0
    return joined


def link_regions(
    target: RegionPoints, source: Regions, flow: Flow, target_size: tuple[int, int]
) -> NDArray[np.float32]:
    """Compute the share of each target region that flow takes to each source region, [target + 1, source + 1]."""
    x, y, trust = flow.at(target.x, target.y, target_size)
    height, width = source.size
    column, row = np.rint(x).astype(np.intp), np.rint(y).astype(np.intp)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    hit = np.zeros(len(column), np.int32)
    hit[inside] = source.labels[row[inside], column[inside]]
    return target.overlap(hit, np.where(inside, trust, 0), source.count)


def propagate(nodes: Sequence[Node], links: Sequence[Link]) -> list[Votes]:
    """Compute the belief of every region of every drawing of a span.

    nodes  the drawings, in order
    links  of each drawing and the next, one less than nodes
    Returns probabilities of each drawing, float32 [count + 1, P], rows summing to 1; fixed beliefs are unchanged.
    """
    ahead = _pass_messages(nodes, ((link.forward, link.match_forward) for link in links))
    back = _pass_messages(nodes[::-1], ((link.backward, link.match_backward) for link in links[::-1]))[::-1]
    return [node.believe(before + after) for node, before, after in zip(nodes, ahead, back, strict=True)]


def _pass_messages(nodes: Sequence[Node], sides: Iterable[tuple[NDArray[np.float32], Match | None]]) -> list[Votes]:
    """Pass messages along the nodes in order; returns the one that each node receives, as log-probabilities."""
    messages = [np.zeros_like(nodes[0].votes)]
    for node, (overlap, match) in zip(nodes[:-1], sides, strict=True):
        messages.append(_make_message(node.believe(messages[-1]), overlap, match))
    return messages


def _make_message(belief: Votes, overlap: NDArray[np.float32], match: Match | None) -> Votes:
    """Make the message of a drawing to its neighbor: its belief carried by flow and by match, averaged."""
    share = overlap @ belief + (1 - overlap.sum(axis=1, keepdims=True)) / belief.shape[1]
    if match is not None:
        share[match.target] = 0.5 * share[match.target] + 0.5 * match.hear(belief)
    return doubt(share)


def doubt(share: Votes) -> Votes:
    """Convert probabilities to log-probabilities, after spreading _DOUBT over all colors."""
    return np.log((1 - _DOUBT) * share + _DOUBT / share.shape[1]).astype(np.float32)


def normalize(log_votes: Votes) -> Votes:
    """Convert log-probabilities to probabilities, each row summing to 1."""
    shifted = np.exp(log_votes - log_votes.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)
