"""From keys, flow and the fitted network to one palette color per region, over a span of drawings.

The drawings between two keys form a span. Each region of each drawing has a belief over the palette; neighbors are
linked by flow: which share of this region comes from which region there. Messages run along the span in both
directions (forward-backward, as in a hidden Markov model), so that every drawing hears all keys that reach it, before
and after it, each weighted with how far its flow can be trusted, and no drawing ever speaks before it was spoken to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.core.run_length import Runs
from framecolor.core.types import Flow, Regions
from framecolor.lineart.sampling import RegionPoints
from framecolor.matching.tokens import Match

Votes = NDArray[np.float32]

# Nobody is certain: this much of every vote and message is spread over the whole palette.
_DOUBT = 0.02


@dataclass(frozen=True, eq=False)
class Node:
    """One drawing in a span.

    votes   float32 [count + 1, P]: log-probability of each palette color in each region by the drawing alone.
    fixed   the belief itself where it is settled already (a key: certainty), else None. Rows of zeros are open: those
            of regions that nobody spoke of.
    """

    votes: Votes
    fixed: Votes | None = None

    def believe(self, heard: Votes) -> Votes:
        """Its belief after what was heard, as log-probabilities, from its neighbors."""
        if self.fixed is None:
            return normalize(self.votes + heard)
        unsaid = ~self.fixed.any(axis=1)
        if not unsaid.any():
            return self.fixed
        belief = self.fixed.copy()
        belief[unsaid] = normalize((self.votes + heard)[unsaid])
        return belief


class Link:
    """How two neighboring drawings of a span share their regions.

    forward   float32 [later count + 1, earlier count + 1]: share of each region of the later drawing that flow takes to
              those of the earlier.
    backward  the same the other way.
    match_forward, match_backward  how the matcher compared the later with the earlier drawing, and the other way round.

    Nearly all of the overlap is 0, and a span holds many: it is kept packed, and unpacked, to the bit, when asked for.
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


def link_regions(
    target: RegionPoints, source: Regions, flow: Flow, target_size: tuple[int, int]
) -> NDArray[np.float32]:
    """Where flow takes the target's regions: share of each in each region of the source."""
    x, y, trust = flow.at(target.x, target.y, target_size)
    height, width = source.size
    column, row = np.rint(x).astype(np.intp), np.rint(y).astype(np.intp)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    hit = np.zeros(len(column), np.int32)
    hit[inside] = source.labels[row[inside], column[inside]]
    return target.overlap(hit, np.where(inside, trust, 0), source.count)


def propagate(nodes: Sequence[Node], links: Sequence[Link]) -> list[Votes]:
    """Belief over the palette for every region of every drawing of a span.

    nodes  the span, in order; links join each to the next, so there is one less of them.
    Returns probabilities float32 [count + 1, P], rows summing to 1; what is settled stays as it is.
    """
    ahead = _listen(nodes, ((link.forward, link.match_forward) for link in links))
    back = _listen(nodes[::-1], ((link.backward, link.match_backward) for link in links[::-1]))[::-1]
    return [node.believe(before + after) for node, before, after in zip(nodes, ahead, back, strict=True)]


def _listen(nodes: Sequence[Node], sides: Iterable[tuple[NDArray[np.float32], Match | None]]) -> list[Votes]:
    """What each node hears from the nodes before it, as log-probabilities."""
    heard = [np.zeros_like(nodes[0].votes)]
    for node, (overlap, match) in zip(nodes[:-1], sides, strict=True):
        heard.append(_tell(node.believe(heard[-1]), overlap, match))
    return heard


def _tell(belief: Votes, overlap: NDArray[np.float32], match: Match | None) -> Votes:
    """What a drawing with this belief tells a neighbor: the mean of what flow and match make of it."""
    share = overlap @ belief + (1 - overlap.sum(axis=1, keepdims=True)) / belief.shape[1]
    if match is not None:
        share[match.target] = 0.5 * share[match.target] + 0.5 * match.hear(belief)
    return doubt(share)


def doubt(share: Votes) -> Votes:
    """Log-probabilities from shares that sum to 1, none of them impossible."""
    return np.log((1 - _DOUBT) * share + _DOUBT / share.shape[1]).astype(np.float32)


def normalize(log_votes: Votes) -> Votes:
    """Make probabilities of log-probabilities, each row summing to 1."""
    shifted = np.exp(log_votes - log_votes.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)
