"""How likely is it that the color chosen for a region is right?

The largest probability of a belief says too little: a color is also believed for want of another, where the keys show
nothing like the region. So it is read together with whether the keys hold a counterpart at all. A logistic model,
fitted on drawings whose truth is known (`scripts/calibrate_confidence.py`), makes one probability of both.

Tried and left out, as shots that the model was not fitted on gained nothing clear by it: what the drawing itself, the
drawings before and those after say of the color, each for itself, and which of them would have chosen another.
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

# belief, doubt  log of the chosen color's probability, and of what is left for all others
# unmatched      by how much having no counterpart beats the best one in the keys, as a logit
FEATURES = ("belief", "doubt", "unmatched")
# Logarithms end here: a belief that is surer than that is none the better for it.
_LEAST = 1e-3
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
    """Probability that the best color of each region is right, float32 [count + 1], by the shipped calibration.

    belief  probability of each palette color, float32 [count + 1, P]; unmatched as in `matching.gallery.Recognized`.
    """
    return estimate(gather_evidence(belief, unmatched), read_calibration())


def gather_evidence(belief: NDArray[np.float32], unmatched: NDArray[np.float32]) -> Evidence:
    """What speaks for and against the best color of each region; see `measure_confidence`."""
    sure = belief.max(axis=1)
    return np.stack([np.log(sure + _LEAST), np.log(1 - sure + _LEAST), unmatched], axis=1).astype(np.float32)


def estimate(evidence: Evidence, calibration: Calibration) -> NDArray[np.float32]:
    """Probability that each region's color is right, float32 [count + 1]."""
    c = calibration
    logits = ((evidence - c.mean) / c.scale) @ c.weight + c.bias
    return (1 / (1 + np.exp(-np.clip(logits, -30, 30)))).astype(np.float32)


@lru_cache(maxsize=1)
def read_calibration(path: Path = _PATH) -> Calibration:
    """The model in a file that `scripts/calibrate_confidence.py` wrote; by default the one that ships with the package.

    Raises ReadError when the file is none, or is of other features.
    """
    fix = "write it with scripts/calibrate_confidence.py"
    try:
        table = parse_json(path.read_text("utf-8"))
        if table["format"] != _FORMAT or tuple(table["features"]) != FEATURES:
            raise ReadError(path, "is of another build", fix)
        mean, scale, weight = (np.array(table[name], np.float64) for name in ("mean", "scale", "weight"))
        if not mean.shape == scale.shape == weight.shape == (len(FEATURES),):
            raise ReadError(path, "does not have one number for each feature", fix)
        bias = float(table["bias"])
        if not np.isfinite([*mean, *scale, *weight, bias]).all():
            raise ReadError(path, "has numbers that are not finite", fix)
        return Calibration(mean, scale, weight, bias)
    except (OSError, *MISSHAPEN) as error:
        raise ReadError(path, f"is no readable calibration ({error!r})", fix) from error


def pack_calibration(calibration: Calibration) -> dict[str, object]:
    """The model as it goes into the file, to which may be added what it comes from."""
    numbers = {name: [round(float(v), 5) for v in getattr(calibration, name)] for name in ("mean", "scale", "weight")}
    return {"format": _FORMAT, "features": list(FEATURES), **numbers, "bias": round(calibration.bias, 5)}
