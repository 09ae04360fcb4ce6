"""Metrics of confidence: whether it ranks right above wrong, and whether it is calibrated."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BINS = 10

Confidence = NDArray[np.floating]


def measure_auroc(confidence: Confidence, right: NDArray[np.bool_]) -> float | None:
    """Measure how often a right item [N] has more confidence than a wrong one, ties half; None without both kinds."""
    if right.all() or not right.any():
        return None
    sure, unsure = np.sort(confidence[right]), confidence[~right]
    below, up_to = (np.searchsorted(sure, unsure, side) for side in ("left", "right"))
    return float(1 - ((below + up_to) / 2).mean() / len(sure))


def measure_calibration_error(confidence: Confidence, right: NDArray[np.bool_]) -> float | None:
    """Measure the expected calibration error of N items, over ten bins of equal width; None if N is 0.

    Source: Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", 2017.
    """
    if not len(right):
        return None
    level = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gap = np.bincount(level, weights=confidence - right, minlength=_BINS)
    return float(np.abs(gap).sum() / len(right))
