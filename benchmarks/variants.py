"""Variants of painting with some voters disabled or replaced, to measure what each one is worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from unittest.mock import patch

import numpy as np
import torch
from handmade import fill_lost, match_by_hand

from framecolor.engines.base import Runner
from framecolor.keys import finetune_cache
from framecolor.lineart.region_shapes import describe_shapes
from framecolor.matching.flow import compute_flow
from framecolor.networks.generator import Generator
from framecolor.pipeline import stream
from framecolor.propagation import voters
from framecolor.propagation.belief import Link, link_regions
from framecolor.propagation.features import FrameFeatures, link_frames

Links = Literal["none", "flow", "hand-made", "learned"]


@dataclass(frozen=True)
class Variant:
    """One way to paint.

    fit               the setting; None: that of the run
    scratch           whether the fit starts from random weights
    network, gallery  whether the fitted network and the gallery of the keys' regions vote
    links             how the regions of neighboring drawings are linked
    """

    fit: int | str | None = None
    scratch: bool = False
    network: bool = True
    gallery: bool = True
    links: Links = "learned"


# The first three have no fitted network, the next three nothing else. The third is what ships.
VARIANTS = {
    "flow": Variant(fit=0, network=False, gallery=False, links="flow"),
    "flow + hand-made match": Variant(fit=0, network=False, gallery=False, links="hand-made"),
    "flow + learned match": Variant(fit=0),
    "network: scratch, 300 steps": Variant(fit=300, scratch=True, gallery=False, links="none"),
    "network: base, 50": Variant(fit=50, gallery=False, links="none"),
    "network: base, 300": Variant(fit=300, gallery=False, links="none"),
    "all": Variant(fit="auto"),
}


@contextmanager
def painting_as(variant: Variant) -> Iterator[None]:
    """Paint shots in this variant for the time of this context; `fit` is not applied, as it is a setting."""
    with ExitStack() as stack:
        if not variant.network:
            stack.enter_context(patch.object(voters, "NETWORK_WEIGHT", 0.0))
        if not variant.gallery:
            stack.enter_context(patch.object(voters, "GALLERY_WEIGHT", 0.0))
        if variant.scratch:
            stack.enter_context(patch.object(finetune_cache, "load_generator", _make_generator))
        stack.enter_context(patch.object(stream, "link_frames", _LINKS[variant.links]))
        yield


def _make_generator(path: Path) -> Generator:
    torch.manual_seed(0)
    return Generator()


def _link_nothing(earlier: FrameFeatures, later: FrameFeatures, runner: Runner) -> Link:
    shape = (later.count + 1, earlier.count + 1)
    return Link(np.zeros(shape, np.float32), np.zeros(shape[::-1], np.float32))


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


_LINKS = {"none": _link_nothing, "flow": _link_by_flow, "hand-made": _link_by_hand, "learned": link_frames}
