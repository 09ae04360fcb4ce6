"""Measure whether confidence separates right regions from wrong ones.

Regions are those of `acc_thres` (more than 10 pixels), in all frames but keys, holds included; right is within 8
levels. Gaps in lines are closed for painting, but not for scoring: the confidence of a scored region is that of the
painted region that overlaps it most.
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
from framecolor.pipeline.unsure import UNSURE_BELOW

# Share of the regions, the least sure ones, that a painter looks at.
FLAGGED_SHARE = 0.15


@dataclass(frozen=True, eq=False)
class Judged:
    """Confidence of regions (float64 [N], 0..1), and whether each was painted right (bool [N])."""

    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]

    @classmethod
    def join(cls, parts: Iterable[Judged]) -> Judged:
        """Join the regions of several frames or clips."""
        several = list(parts)
        return cls(np.concatenate([p.confidence for p in several]), np.concatenate([p.right for p in several]))

    def pack(self) -> dict[str, str]:
        """Write the sorted confidences of right and of wrong regions as compact text for a result file."""
        groups = {"right": self.right, "wrong": ~self.right}
        return {name: " ".join(f"{c:.4f}" for c in np.sort(self.confidence[of])) for name, of in groups.items()}

    @classmethod
    def unpack(cls, packed: dict[str, str]) -> Judged:
        """Read the text that `pack` wrote; confidence has 4 digits."""
        right, wrong = (np.array(packed[name].split(), np.float64) for name in ("right", "wrong"))
        return cls(np.concatenate([right, wrong]), np.arange(len(right) + len(wrong)) < len(right))


def judge(painting: Painting) -> Judged:
    """Judge all regions of a painted clip, without those of keys."""
    numbers = [number for number in painting.clip.line if number not in painting.keys]
    return Judged.join(_judge_frame(painting, number) for number in numbers)


def _judge_frame(painting: Painting, number: int) -> Judged:
    item = painting.posteriors[number]
    labels, votes, counted = compare_regions(painting.clip, number, painting.out / painting.shot.output_name(number))
    # Lines are painted with the region beside them; pixels on a line therefore count for that region.
    region = fill_lines(item.features.drawing.regions().labels)
    region_of = vote_regions(labels, region, region, 0).true
    return Judged(item.confidence[region_of][counted].astype(np.float64), votes.right[counted])


def summarize_confidence(judged: Judged) -> dict[str, Any]:
    """Summarize the confidence of a set of regions.

    regions, wrong        number of regions, and of wrong ones
    captured              share of the wrong ones that are among the FLAGGED_SHARE least sure; None if none is wrong
    auroc                 probability that a right region is surer than a wrong one; None without both kinds
    calibration_error     expected calibration error over 10 bins of equal width
    listed, listed_wrong  number of regions, and of wrong ones, below the threshold of the report
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
    """Compute `captured`; of regions that are equally sure, the same share is taken."""
    if right.all():
        return None
    levels, level, sizes = np.unique(confidence, return_inverse=True, return_counts=True)
    wrong = np.bincount(level.ravel(), weights=~right, minlength=len(levels))
    before = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    taken = np.clip((FLAGGED_SHARE * len(right) - before) / sizes, 0, 1)
    return float((wrong * taken).sum() / wrong.sum())


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
