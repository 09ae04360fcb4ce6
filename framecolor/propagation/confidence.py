"""Estimate the probability that a region's color is right.

The largest probability of a belief is not enough: if the keys have no region like this one, some color is still the
likeliest. A logistic model combines it with the matcher's score of having no counterpart in the keys; it is fitted on
drawings with known colors (`scripts/calibrate_confidence.py`).

Separate features for the drawing's own votes and for the messages from both sides did not help clearly on held-out
shots.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.errors import ReadError

Evidence = NDArray[np.float32]
"""One row for each region, [count + 1, F], with the columns FEATURES."""

# belief, doubt  log of the chosen color's probability, and of the probability of all others
# unmatched      logit of having no counterpart in the keys, less that of the best counterpart
FEATURES = ("belief", "doubt", "unmatched")
# Added before logarithms: a surer belief gains nothing.
_LEAST = 1e-3
# Regions count as shown by no key from this probability on, a logit of -2. Of regions of 100 px or more in seven clips,
# it holds for 2 % of the rightly painted ones, and for 8 of 10 of the things that were drawn into them for a test.
UNSEEN_ABOVE = 0.12
_FORMAT = 1
_PATH = Path(__file__).parent.parent / "weights" / "confidence.json"


@dataclass(frozen=True, eq=False)
class Calibration:
    """A logistic model over FEATURES: mean, scale and weight float64 [F], and a bias."""

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weight: NDArray[np.float64]
    bias: float


def measure_confidence(belief: NDArray[np.float32], unmatched: NDArray[np.float32]) -> NDArray[np.float32]:
    """Estimate the probability that each region's best color is right, float32 [count + 1], by the shipped calibration.

    belief     probability of each palette color, float32 [count + 1, P]
    unmatched  as in `matching.gallery.Recognized`
    """
    return estimate(gather_evidence(belief, unmatched), read_calibration())


def gather_evidence(belief: NDArray[np.float32], unmatched: NDArray[np.float32]) -> Evidence:
    """Compute the FEATURES of each region's best color; arguments as in `measure_confidence`."""
    sure = belief.max(axis=1)
    return np.stack([np.log(sure + _LEAST), np.log(1 - sure + _LEAST), unmatched], axis=1).astype(np.float32)


def estimate(evidence: Evidence, calibration: Calibration) -> NDArray[np.float32]:
    """Estimate the probability that each region's color is right, float32 [count + 1]."""
    c = calibration
    logits = ((evidence - c.mean) / c.scale) @ c.weight + c.bias
    return (1 / (1 + np.exp(-np.clip(logits, -30, 30)))).astype(np.float32)


def measure_unseen(unseen: NDArray[np.float32]) -> NDArray[np.float32]:
    """Measure how likely no key shows each region, float32 [count + 1]; 0 for regions that were not compared.

    unseen  as in `matching.gallery.Recognized`
    """
    return np.where(unseen == 0, 0, 1 / (1 + np.exp(-np.clip(unseen, -30, 30)))).astype(np.float32)


@lru_cache(maxsize=1)
def read_calibration(path: Path = _PATH) -> Calibration:
    """Read a calibration that `scripts/calibrate_confidence.py` wrote, by default the shipped one.

    Raises ReadError if the file is not a calibration, or is for other features.
    """
    fix = "write it with scripts/calibrate_confidence.py"
    try:
        table = parse_json(path.read_text("utf-8"))
        if table["format"] != _FORMAT or tuple(table["features"]) != FEATURES:
            raise ReadError(path, "is for another version of framecolor", fix)
        mean, scale, weight = (np.array(table[name], np.float64) for name in ("mean", "scale", "weight"))
        if not mean.shape == scale.shape == weight.shape == (len(FEATURES),):
            raise ReadError(path, "does not have one number for each feature", fix)
        bias = float(table["bias"])
        if not np.isfinite([*mean, *scale, *weight, bias]).all():
            raise ReadError(path, "has numbers that are not finite", fix)
        return Calibration(mean, scale, weight, bias)
    except (OSError, *MISSHAPEN) as error:
        raise ReadError(path, f"is not a readable calibration ({error!r})", fix) from error


def pack_calibration(calibration: Calibration) -> dict[str, object]:
    """Pack a calibration as the table of its file, to which its origin may be added."""
    numbers = {name: [round(float(v), 5) for v in getattr(calibration, name)] for name in ("mean", "scale", "weight")}
    return {"format": _FORMAT, "features": list(FEATURES), **numbers, "bias": round(calibration.bias, 5)}
