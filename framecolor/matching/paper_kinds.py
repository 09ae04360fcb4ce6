"""What the keys' regions in the color of paper are, and which of them a drawing's regions are most like."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from framecolor.matching.tokens import Rows

Kinds = NDArray[np.int8]
"""The kind of each region, [count + 1] or [T]: one of those below, or PAINT."""

PAINT = -1
# paper  shown as paper      white    paint that is as white as opaque paper
# left   left unpainted, by the faults of its key    unclear  white along the border: paper, or a figure that is cut
PAPER, WHITE, LEFT, UNCLEAR = range(4)
KIND_COUNT = 4
_NEVER = -1e4


def compare_nothing(count: int) -> Rows:
    """Return the scores of `count` regions that are not compared, float32 [count + 1, KIND_COUNT]."""
    return np.full((count + 1, KIND_COUNT), _NEVER, np.float32)


def score_kinds(scores: Sequence[Rows], kinds: Sequence[Kinds | None]) -> Rows:
    """Compute the best score of each region against the keys' regions of each kind, float32 [A, KIND_COUNT].

    scores  of each key, the matcher's logits of pairs [A, B]; kinds: of its regions [B], None if they are not known
    """
    best = np.full((len(scores[0]), KIND_COUNT), _NEVER, np.float32)
    for score, known in zip(scores, kinds, strict=True):
        for kind in () if known is None else np.unique(known[known != PAINT]).tolist():
            best[:, kind] = np.maximum(best[:, kind], score[:, known == kind].max(axis=1))
    return best
