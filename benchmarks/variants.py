"""The painter with some of its voters silenced, to see what each is worth."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from framecolor import study
from framecolor.datatypes import Flow
from framecolor.hints import flow, propagate
from framecolor.hints.match import Shapes

# Which voters each variant goes without.
VARIANTS = {
    "flow": ("network", "gallery", "match"),
    "flow + match": ("network", "gallery"),
    "gallery": ("network", "flow", "match"),
    "network": ("gallery", "flow", "match"),
    "network + flow + match": ("gallery",),
    "gallery + flow + match": ("network",),
    "all": (),
}


@contextmanager
def without(*voters: str) -> Iterator[None]:
    """Inside of this, "network", "gallery", "flow" or "match" say nothing."""
    silence = {
        "network": lambda: patch.object(propagate, "NETWORK_WEIGHT", 0.0),
        "gallery": lambda: patch.object(propagate, "GALLERY_WEIGHT", 0.0),
        "flow": lambda: patch.object(study, "compute_flow", _trust_no_flow),
        "match": lambda: patch.object(study, "match_regions", _match_nothing),
    }
    with ExitStack() as stack:
        for voter in voters:
            stack.enter_context(silence[voter]())
        yield


def _trust_no_flow(target: flow.LineField, source: flow.LineField) -> tuple[Flow, Flow]:
    there, back = _compute_flow(target, source)
    return Flow(there.offset, np.zeros_like(there.confidence)), Flow(back.offset, np.zeros_like(back.confidence))


def _match_nothing(target: Shapes, source: Shapes, *around: Any) -> NDArray[np.float32]:
    return np.zeros((len(target.traits), len(source.traits)), np.float32)


_compute_flow = flow.compute_flow
