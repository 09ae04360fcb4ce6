"""Whether the painter knows where it is wrong: confidence of every region against right and wrong.

Regions are those of the metrics with more than 10 pixels, as in `acc_thres`, of frames that are no keys, each frame of
a hold too; right is within 8 levels. The confidence of such a region is that of the painted region which holds most of
it (gaps in lines are closed for painting, not for scoring).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from chained import Painting, compare_regions
from numpy.typing import NDArray

from framecolor.evaluation.metrics.calibration import measure_auroc, measure_calibration_error
from framecolor.evaluation.metrics.regions import vote_regions
from framecolor.lineart.regions import fill_lines
from framecolor.propagation.unsure import UNSURE_BELOW

# A painter looks at this share of the regions, those that the report is least sure of.
FLAGGED_SHARE = 0.15


@dataclass(frozen=True, eq=False)
class Judged:
    """Regions, each with its confidence (float64 [N], 0..1) and whether it was painted right (bool [N])."""

    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]

    @classmethod
    def join(cls, parts: Iterable[Judged]) -> Judged:
        """All regions of several frames or clips."""
        several = list(parts)
        return cls(np.concatenate([p.confidence for p in several]), np.concatenate([p.right for p in several]))

    def pack(self) -> dict[str, str]:
        """Confidence of the right and of the wrong regions, rising, as text that stays short in a result file."""
        groups = {"right": self.right, "wrong": ~self.right}
        return {name: " ".join(f"{c:.4f}" for c in np.sort(self.confidence[of])) for name, of in groups.items()}

    @classmethod
    def unpack(cls, packed: dict[str, str]) -> Judged:
        """What `pack` made; confidence to 4 digits."""
        right, wrong = (np.array(packed[name].split(), np.float64) for name in ("right", "wrong"))
        return cls(np.concatenate([right, wrong]), np.arange(len(right) + len(wrong)) < len(right))


def judge(painting: Painting) -> Judged:
    """All regions of the frames of a painted clip that are no keys."""
    numbers = [number for number in painting.clip.line if number not in painting.keys]
    return Judged.join(_judge_frame(painting, number) for number in numbers)


def _judge_frame(painting: Painting, number: int) -> Judged:
    item = painting.posteriors[number]
    labels, votes, counted = compare_regions(painting.clip, number, painting.out / painting.shot.output_name(number))
    # Lines are painted with the region beside them, so what lies on them belongs to it here too.
    region = fill_lines(item.features.drawing.regions().labels)
    region_of = vote_regions(labels, region, region, 0).true
    return Judged(item.confidence[region_of][counted].astype(np.float64), votes.right[counted])


def summarize_confidence(judged: Judged) -> dict[str, Any]:
    """What can be said of a set of regions.

    regions, wrong        how many there are, and how many of them are wrong
    captured              share of the wrong ones that are among the FLAGGED_SHARE least sure
    auroc                 how often a right region is surer than a wrong one; None without both
    calibration_error     expected calibration error over 10 bins of equal width
    listed, listed_wrong  how many lie below the report's threshold (which shows 40 a frame at most), and the wrong ones
    """
    confidence, right = judged.confidence, judged.right
    listed = confidence < UNSURE_BELOW
    return {
        "regions": len(right),
        "wrong": int((~right).sum()),
        "captured": _round(_capture(confidence, right)),
        "auroc": _round(measure_auroc(confidence, right)),
        "calibration_error": _round(measure_calibration_error(confidence, right)),
        "listed": int(listed.sum()),
        "listed_wrong": int((listed & ~right).sum()),
    }


def _capture(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float | None:
    """Regions that are equally sure are taken in equal parts."""
    if right.all():
        return None
    levels, level, sizes = np.unique(confidence, return_inverse=True, return_counts=True)
    wrong = np.bincount(level.ravel(), weights=~right, minlength=len(levels))
    before = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    taken = np.clip((FLAGGED_SHARE * len(right) - before) / sizes, 0, 1)
    return float((wrong * taken).sum() / wrong.sum())


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
