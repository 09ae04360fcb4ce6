"""Compute beliefs for a stream of linked drawings, span by span."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from framecolor.core.clock import stage
from framecolor.keys.keyframes import Keyframes
from framecolor.matching.gallery import UNKNOWN
from framecolor.propagation.belief import Link, Node, Votes, propagate
from framecolor.propagation.confidence import measure_confidence
from framecolor.propagation.features import FrameFeatures
from framecolor.propagation.tones import settle_tones

# Longer stretches without a key are cut: drawings further ahead hardly matter, and memory stays bounded.
LONGEST_BLOCK = 24
# Factor on the confidence of proposed colors, so that all of them are below UNSURE_BELOW and get checked.
PROPOSED_TRUST = np.float32(0.5)


@dataclass(frozen=True, eq=False)
class Linked:
    """A drawing in the stream.

    link    to the drawing before it; None at the beginning of a span, and for a hold (`is_hold`)
    begins  whether a span begins with it
    """

    features: FrameFeatures
    link: Link | None
    begins: bool = False


@dataclass(frozen=True, eq=False)
class FramePosterior:
    """The final belief of a drawing, from which it is painted.

    belief      probability of each palette color in each region, float32 [count + 1, P]
    confidence  probability that the best color is right, float32 [count + 1] (`propagation.confidence`)
    hold_of     number of the earlier frame that this one holds; None if it is no hold
    flicker     share of the painted area whose color differs from where flow takes it in the drawing before
    origins     region of drawing `before` that each region continues, intp [count + 1], 0 if none; None if there is no
                drawing before it in its span
    """

    number: int
    features: FrameFeatures
    belief: Votes
    confidence: NDArray[np.float32]
    hold_of: int | None = None
    flicker: float = 0.0
    before: int | None = None
    origins: NDArray[np.intp] | None = None

    def mean_confidence(self) -> float:
        """Average confidence over the figure's regions by area; the paper would dominate it."""
        weight = self.features.area * ~self.features.outside
        weight[0] = 0
        total = weight.sum()
        return float((self.confidence * weight).sum() / total) if total else 1.0


@dataclass(eq=False)
class _Block:
    """Drawings of a span up to the next key.

    after   what follows each node: the numbers of its holds, and empty drawings
    fixed   belief of the first node, if an earlier block computed it
    is_out  whether the first node has been yielded before
    """

    nodes: list[Linked] = field(default_factory=list)
    after: list[list[int | FramePosterior]] = field(default_factory=list)
    fixed: Votes | None = None
    is_out: bool = False


def believe(items: Iterable[Linked], keyframes: Keyframes) -> Iterator[FramePosterior]:
    """Yield the beliefs of a stream of drawings in span order, each once, when the end of its span has been read.

    A span's first key is yielded at once: it does not depend on the drawings after it.
    """
    block = _Block()
    for item in items:
        if is_empty(item.features):
            sure = np.ones(item.features.count + 1, np.float32)
            empty = FramePosterior(item.features.number, item.features, _believe_empty(item.features, keyframes), sure)
            if block.nodes:
                block.after[-1].append(empty)
            else:
                yield empty
            continue
        if block.nodes and item.begins:
            yield from _settle(block, keyframes)
            block = _Block()
        last = block.nodes[-1].features if block.nodes else None
        number = item.features.number
        if last is not None and is_hold(item.features, last, keyframes):
            block.after[-1].append(number)
            continue
        block.nodes.append(item)
        block.after.append([])
        if len(block.nodes) == 1 and number in keyframes.whole:
            yield _believe_key(item, keyframes)
            block.is_out = True
        if len(block.nodes) > 1 and (number in keyframes.whole or len(block.nodes) > LONGEST_BLOCK):
            beliefs = list(_settle(block, keyframes))
            yield from beliefs
            block = _Block([item], [[]], beliefs[-1].belief, is_out=True)
    yield from _settle(block, keyframes)


def is_empty(features: FrameFeatures) -> bool:
    """Tell whether a drawing shows no figure: it has no line, or no region."""
    return features.drawing.blank or features.count == 0


def is_hold(features: FrameFeatures, before: FrameFeatures, keyframes: Keyframes) -> bool:
    """Tell whether a drawing repeats the one before it, and no key, stroke or correction gives it other colors."""
    return features.digest == before.digest and keyframes.says_the_same(features.number, before.number, features.digest)


def judge_belief(features: FrameFeatures, belief: Votes, keyframes: Keyframes) -> NDArray[np.float32]:
    """Estimate the confidence of each region, float32 [count + 1]; 1 if the painter gave its color."""
    sure = measure_confidence(belief, features.unmatched)
    known = keyframes.find_known(features.number, features.digest)
    if known is not None:
        sure[known != UNKNOWN] = 1
    if keyframes.proposed:
        labeled = keyframes.find_said(features.number, features.digest, features.count)
        sure = np.where(labeled, sure, PROPOSED_TRUST * sure)
    return sure


def _believe_key(item: Linked, keyframes: Keyframes) -> FramePosterior:
    """Compute the belief of a key, which is known before the drawings after it are read."""
    features = item.features
    node = Node(features.votes, keyframes.belief(features.number, features.digest))
    belief = node.believe(np.zeros_like(features.votes))
    return FramePosterior(features.number, features, belief, judge_belief(features, belief, keyframes))


def _believe_empty(features: FrameFeatures, keyframes: Keyframes) -> Votes:
    """Make the belief of a drawing without a figure: transparent paper, or else the keys' most used color."""
    paper = np.zeros((features.count + 1, len(keyframes.palette)), np.float32)
    paper[:, np.argmin(keyframes.palette.colors[:, 3])] = 1
    known = keyframes.belief(features.number)
    return paper if known is None else np.where(known.any(axis=1, keepdims=True), known, paper)


def _settle(block: _Block, keyframes: Keyframes) -> Iterator[FramePosterior]:
    """Yield the block's drawings and what follows each, without its first drawing if that was yielded before."""
    if not block.nodes:
        return
    nodes = [Node(n.features.votes, keyframes.belief(n.features.number, n.features.digest)) for n in block.nodes]
    if block.fixed is not None:
        nodes[0] = Node(nodes[0].votes, block.fixed)
    links = [n.link for n in block.nodes[1:] if n.link is not None]
    with stage("match"):  # of all drawings of the block at once
        beliefs = [
            _settle_tones(node.features, belief, keyframes)
            for node, belief in zip(block.nodes, propagate(nodes, links), strict=True)
        ]
    for i, (item, belief) in enumerate(zip(block.nodes, beliefs, strict=True)):
        with stage("match", item.features.number):
            sure = judge_belief(item.features, belief, keyframes)
            origins = item.link.origins if i and item.link is not None else None
        flicker = _measure_flicker(item, belief, beliefs[i - 1]) if i else 0.0
        before = block.nodes[i - 1].features.number if i else None
        if i or not block.is_out:
            number = item.features.number
            yield FramePosterior(number, item.features, belief, sure, None, flicker, before, origins)
        for one in block.after[i]:
            if isinstance(one, FramePosterior):
                yield one
            else:
                yield FramePosterior(one, item.features, belief, sure, hold_of=item.features.number)


def _settle_tones(features: FrameFeatures, belief: Votes, keyframes: Keyframes) -> Votes:
    """Limit regions to the tones of their part, if a palette names any (`propagation.tones`)."""
    if keyframes.tuples is None or keyframes.is_settled(features.digest):
        return belief
    known = keyframes.find_known(features.number, features.digest)
    fixed = np.zeros(features.count + 1, bool) if known is None else known != UNKNOWN
    return settle_tones(belief, fixed, features.drawing.frame(), features.drawing.regions(), keyframes.tuples)


def _measure_flicker(item: Linked, belief: Votes, before: Votes) -> float:
    assert item.link is not None
    area: NDArray[np.float32] = item.features.per_region[:, None] * item.link.forward
    differs = belief.argmax(axis=1)[:, None] != before.argmax(axis=1)[None]
    total = float(area.sum())
    return float(area[differs].sum()) / total if total else 0.0
