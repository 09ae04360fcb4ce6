"""Variants of painting with parts disabled or replaced, to measure what each one is worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Literal
from unittest.mock import patch

from handmade import fill_lost, match_by_hand

from framecolor.engines.base import Runner
from framecolor.lineart.region_shapes import describe_shapes
from framecolor.matching.flow import compute_flow
from framecolor.matching.gallery import Gallery
from framecolor.matching.question import Question
from framecolor.matching.tokens import Rows, color_logits
from framecolor.pipeline import stream
from framecolor.propagation import voters
from framecolor.propagation.belief import Link, link_regions
from framecolor.propagation.features import FrameFeatures, link_frames

Links = Literal["flow", "hand-made", "learned"]


@dataclass(frozen=True)
class Variant:
    """One way to paint.

    gallery  whether the gallery of the keys' regions votes
    painter  whether the painter refines the matcher's scores for it
    links    how the regions of neighboring drawings are linked
    """

    gallery: bool = True
    painter: bool = True
    links: Links = "learned"


# The last one is what ships.
VARIANTS = {
    "flow": Variant(gallery=False, links="flow"),
    "flow + hand-made match": Variant(gallery=False, links="hand-made"),
    "flow + matcher": Variant(painter=False),
    "flow + matcher + painter": Variant(),
}


@contextmanager
def painting_as(variant: Variant) -> Iterator[None]:
    """Paint shots in this variant for the time of this context."""
    with ExitStack() as stack:
        if not variant.gallery:
            stack.enter_context(patch.object(voters, "GALLERY_WEIGHT", 0.0))
            stack.enter_context(patch.object(voters, "NETWORK_WEIGHT", 0.0))
        if not variant.painter:
            stack.enter_context(patch.object(Gallery, "vote", _vote_by_matcher))
        stack.enter_context(patch.object(stream, "link_frames", _LINKS[variant.links]))
        yield


_vote = Gallery.vote


def _vote_by_matcher(gallery: Gallery, *inputs: object) -> object:
    """Vote without the painter: `inputs` are those of `Gallery.vote`."""
    number, target, count, compare, _, known = inputs
    return _vote(gallery, number, target, count, compare, decide_by_score, known)  # pyright: ignore[reportArgumentType]


def decide_by_score(question: Question) -> tuple[Rows, Rows]:
    """Decide by the matcher's scores as they are."""
    members = question.members.reshape(-1, question.members.shape[2])
    told = members.any(axis=1)
    score = question.score.reshape(len(question.score), -1)[:, told]
    return color_logits(score, members[told]), question.unmatched


def _link_by_flow(earlier: FrameFeatures, later: FrameFeatures, runner: Runner) -> Link:
    to_earlier, to_later = compute_flow(later.field, earlier.field)
    return Link(
        link_regions(later.points, earlier.drawing.regions(), to_earlier, later.field.size),
        link_regions(earlier.points, later.drawing.regions(), to_later, earlier.field.size),
    )


def _link_by_hand(earlier: FrameFeatures, later: FrameFeatures, runner: Runner) -> Link:
    flow = _link_by_flow(earlier, later, runner)
    old, new = describe_shapes(earlier.drawing.regions()), describe_shapes(later.drawing.regions())
    return Link(fill_lost(flow.forward, match_by_hand(new, old)), fill_lost(flow.backward, match_by_hand(old, new)))


_LINKS = {"flow": _link_by_flow, "hand-made": _link_by_hand, "learned": link_frames}
