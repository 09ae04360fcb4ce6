"""Confidence against right and wrong: the figures by hand, and the regions of a painted clip."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from drawings import make_shot

from framecolor import Settings
from framecolor.media import read_image, write_image


def summarize(confidence, right):
    from confidence import Judged, summarize_confidence

    return summarize_confidence(Judged(np.array(confidence, float), np.array(right, bool)))


def test_the_least_sure_regions_are_wrong_or_not():
    # 20 regions, the 3 least sure are 15 %: two of the three wrong ones are among them.
    confidence = np.linspace(0.02, 0.97, 20)
    right = np.ones(20, bool)
    right[[0, 2, 10]] = False
    found = summarize(confidence, right)
    assert (found["regions"], found["wrong"], found["captured"]) == (20, 3, pytest.approx(2 / 3, abs=1e-4))
    pairs = [confidence[r] > confidence[w] for r in np.flatnonzero(right) for w in np.flatnonzero(~right)]
    assert found["auroc"] == pytest.approx(np.mean(pairs), abs=1e-4)
    assert (found["listed"], found["listed_wrong"]) == (16, 3)  # below 0.8: up to 0.77


def test_equally_sure_regions_are_taken_in_equal_parts():
    found = summarize([0.5] * 10, [True] * 5 + [False] * 5)
    assert found["captured"] == pytest.approx(0.15)
    assert found["auroc"] == 0.5
    assert found["calibration_error"] == 0


def test_calibration_error_is_the_gap_between_confidence_and_accuracy():
    # One bin has confidence 0.9 and half of it is right, the other has 0.2 and all of it is wrong.
    assert summarize([0.9, 0.9, 0.25, 0.25], [True, False, False, False])["calibration_error"] == pytest.approx(
        0.5 * 0.4 + 0.5 * 0.25
    )


def test_nothing_wrong_leaves_nothing_to_capture():
    found = summarize([0.9, 0.95], [True, True])
    assert (found["captured"], found["auroc"]) == (None, None)
    assert found["wrong"] == 0


def test_packed_regions_come_back():
    from confidence import Judged

    judged = Judged(np.array([0.25, 1.0, 0.125]), np.array([False, True, True]))
    again = Judged.unpack(judged.pack())
    assert sorted(zip(again.confidence, again.right, strict=True)) == [(0.125, True), (0.25, False), (1.0, True)]
    assert len(Judged.join([judged, again]).right) == 6


def test_regions_of_a_painted_clip_are_those_that_the_metrics_count(tmp_path: Path, quick_engine: None) -> None:
    from chained import paint_clip, score_frames
    from clips import Clip
    from confidence import count_unlisted, judge

    folder = make_shot(tmp_path / "walker", frames=4, keys=(0, 1, 2, 3), name="{:04d}.png")
    (folder / "keys").rename(folder / "color")
    painting = paint_clip(
        Clip.open(folder), tmp_path / "shot", tmp_path / "out", [1001], Settings(fit="off", overwrite=True)
    )
    # One drawing's paint is spoiled after the fact: what was believed of it is not asked for its colors.
    spoiled = read_image(painting.out / "1003.png")
    spoiled[..., :3] = 255 - spoiled[..., :3]
    write_image(painting.out / "1003.png", spoiled)
    judged = judge(painting)
    scores = score_frames(painting.clip, painting.out, [1001], 8).frames
    assert len(judged.right) == sum(score.regions for score in scores.values())
    assert judged.right.sum() == sum(round((s.acc or 0) * s.regions) for s in scores.values())
    assert 0 < judged.right.sum() < len(judged.right)
    assert ((judged.confidence > 0) & (judged.confidence <= 1)).all()
    found = count_unlisted(painting)
    assert 0 < found.unlisted_wrong_px <= found.wrong_px < spoiled[..., 3].astype(bool).sum() * 3
    table = json.loads((painting.out / "framecolor.json").read_text())
    assert found.listed == sum(len(frame["unsure"]) for frame in table["frames"] if frame["status"] == "painted")
    # What is on the list is not left out.
    for frame in table["frames"]:
        frame["unsure"] = []
    del table["seal"]  # written by hand
    (painting.out / "framecolor.json").write_text(json.dumps(table))
    none = count_unlisted(painting)
    assert none.listed == 0 and none.unlisted_wrong_px == none.wrong_px == found.wrong_px
