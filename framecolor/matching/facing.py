"""Facing: whether a drawing shows its figures the other way around than a key does, as after a turn."""

from __future__ import annotations

import numpy as np

from framecolor.matching.tokens import Rows, Tokens

# A drawing is turned if it matches a key in a mirror better than the nearest key by so much, as a logit. Two drawings
# that were mirrored gain 0.7; in seven clips no drawing gains more than 0.3.
_GAINED = 0.45


def is_turned(target: Tokens, score: Rows, mirrored: Rows) -> bool:
    """Tell from scores [A, B] with the nearest key, and [A, C] with a key in a mirror, whether a drawing is turned."""
    if not score.size or not mirrored.size:
        return False
    weight = np.sqrt(target.area)
    gain = mirrored.max(axis=1) - score.max(axis=1)
    return float((weight * gain).sum() / weight.sum()) > _GAINED
