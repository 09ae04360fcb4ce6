"""Whether confidence can be trusted: does it rank right before wrong, and does it come true?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BINS = 10

Confidence = NDArray[np.floating]


def measure_auroc(confidence: Confidence, right: NDArray[np.bool_]) -> float | None:
    """How often something right [N] is surer than something wrong, ties half; None where there is only one of both."""
    if right.all() or not right.any():
        return None
    sure, unsure = np.sort(confidence[right]), confidence[~right]
    below, up_to = (np.searchsorted(sure, unsure, side) for side in ("left", "right"))
    return float(1 - ((below + up_to) / 2).mean() / len(sure))


def measure_calibration_error(confidence: Confidence, right: NDArray[np.bool_]) -> float | None:
    """Expected calibration error over ten bins of equal width [N]; None of nothing.

    Source: Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", 2017.
    """
    if not len(right):
        return None
    level = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gap = np.bincount(level, weights=confidence - right, minlength=_BINS)
    return float(np.abs(gap).sum() / len(right))
