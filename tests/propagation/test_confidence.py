"""Confidence rises with agreement, falls with doubt, and is 1 in keys."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from framecolor import ReadError
from framecolor.pipeline.unsure import UNSURE_BELOW
from framecolor.propagation.belief import Votes
from framecolor.propagation.confidence import (
    FEATURES,
    Calibration,
    estimate,
    gather_evidence,
    measure_confidence,
    measure_unseen,
    pack_calibration,
    read_calibration,
)

SHIPPED = Path(__file__).resolve().parents[2] / "framecolor" / "weights" / "confidence.json"
COLORS = 5


def say(color: int | None, loud: float = 0.9) -> Votes:
    """Make votes of a drawing with one region: for this color, or uniform."""
    share = np.full((2, COLORS), 1 / COLORS, np.float32)
    if color is not None:
        share[1] = (1 - loud) / (COLORS - 1)
        share[1, color] = loud
    return np.log(share)


def judge(*votes: Votes, unmatched: float = -4) -> float:
    """Compute the confidence of that region from votes and the score of having no counterpart."""
    belief = np.exp(sum(votes, say(None)))
    belief /= belief.sum(axis=1, keepdims=True)
    return float(measure_confidence(belief, np.array([0, unmatched], np.float32))[1])


def test_confidence_rises_with_every_voter_that_agrees() -> None:
    nobody, alone, two, three = (judge(*[say(2)] * voters) for voters in range(4))
    assert 0 <= nobody < alone < two <= three <= 1
    assert three > 0.9


def test_confidence_falls_where_a_voter_disagrees() -> None:
    assert judge(say(2), say(2), say(1)) < judge(say(2), say(2))
    assert judge(say(1), say(2, 0.6), say(3)) < judge(say(1))


def test_confidence_falls_where_the_keys_hold_no_counterpart() -> None:
    sure = [judge(say(2), unmatched=unmatched) for unmatched in (-8, -2, 0, 4)]
    assert sure == sorted(sure, reverse=True)
    assert sure[0] > sure[-1] + 0.1


def test_each_region_is_judged_by_its_own_evidence() -> None:
    rng = np.random.default_rng(0)
    belief = rng.dirichlet(np.ones(COLORS), 40).astype(np.float32)
    unmatched = rng.normal(0, 5, 40).astype(np.float32)
    evidence = gather_evidence(belief, unmatched)
    assert (evidence.shape, evidence.dtype) == ((40, len(FEATURES)), np.float32)
    sure = measure_confidence(belief, unmatched)
    assert ((sure > 0) & (sure < 1)).all()
    np.testing.assert_array_equal(sure, measure_confidence(belief, unmatched))
    np.testing.assert_allclose(sure[7:9], estimate(evidence[7:9], read_calibration()), rtol=1e-6)


def test_a_belief_without_doubt_has_finite_evidence() -> None:
    certain = np.eye(COLORS, dtype=np.float32)
    assert np.isfinite(gather_evidence(certain, np.zeros(COLORS, np.float32))).all()


def test_the_shipped_calibration_is_of_these_features() -> None:
    table = json.loads(SHIPPED.read_text("utf-8"))
    assert tuple(table["features"]) == FEATURES
    assert {"data", "split", "shots", "most_wrong", "seed"} <= table["fitted_on"].keys()
    assert table["held_out"]["confidence"]["auroc"] > table["held_out"]["belief"]["auroc"]
    assert len(table["matcher"]) == len(table["painter"]) == 64
    # Packing the calibration that was read gives the file again.
    assert pack_calibration(read_calibration()).items() <= table.items()


def test_a_calibration_of_other_features_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "confidence.json"
    count = len(FEATURES)
    packed = pack_calibration(Calibration(np.zeros(count), np.ones(count), np.ones(count), 0.5))
    path.write_text(json.dumps(packed))
    assert read_calibration(path).bias == 0.5
    for change in ({"features": ["luck"]}, {"weight": [1]}, {"format": 0}, {"bias": "high"}):
        path.write_text(json.dumps({**packed, **change}))
        read_calibration.cache_clear()
        with pytest.raises(ReadError, match="calibrate_confidence"):
            read_calibration(path)
    read_calibration.cache_clear()


def test_keys_are_certain_in_the_record_and_nothing_else_is(painted_shot: Path) -> None:
    frames = json.loads((painted_shot / "color" / "framecolor.json").read_text("utf-8"))["frames"]
    for frame in frames:
        assert (frame["confidence"] == 1) == (frame["status"] == "key")
        assert frame["status"] != "key" or frame["unsure"] == []
        assert all(region["confidence"] < UNSURE_BELOW or region["area"] > 120 for region in frame["unsure"])


def test_only_compared_regions_can_be_unseen() -> None:
    unseen = measure_unseen(np.array([0, -8, -2, 2, 0], np.float32))
    assert unseen[[0, 4]].tolist() == [0, 0] and unseen[1] < 0.001 and unseen[2] + unseen[3] == pytest.approx(1)
