"""The simulated painter: curves, work by hand, and work at the desk on a small clip."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from drawings import make_shot

from framecolor.media import read_image
from framecolor.report.effort import FILL


def test_the_area_under_a_curve_is_by_hand() -> None:
    from curve import Point, area_under, reach

    curve = [Point(1, 5, 0.5), Point(3, 9, 1.0)]
    assert area_under(curve, 4) == pytest.approx((0 + 2 * 0.5 + 1 * 1.0) / 4)
    assert area_under(curve, 2) == pytest.approx(0.25), "what comes after the budget does not count"
    assert reach(curve, 0.9) == curve[1] and reach(curve, 0.5) == curve[0] and reach(curve[:1], 0.9) is None


def test_colors_at_few_pixels_are_those_of_all() -> None:
    from region_truth import RegionTruth

    from framecolor.evaluation.metrics.regions import pack_rgb, vote_regions

    random = np.random.default_rng(3)
    labels = np.repeat(np.repeat(random.integers(0, 9, (6, 6)), 20, 0), 20, 1).astype(np.int32)
    truth = np.take(random.integers(0, 255, (9, 4), np.uint8), labels, axis=0)
    truth[::7] = 255  # a minority of each region
    truth[..., 3] = 255
    found = RegionTruth.read(labels, truth)
    votes = vote_regions(labels, pack_rgb(truth), pack_rgb(truth), 8)
    other = np.concatenate([255 - truth[..., :3], truth[..., 3:]], axis=2)
    present = votes.area > 0
    assert (found.true[present] == votes.true[present]).all() and (found.area == votes.area).all()
    assert found.compare(truth).all() and not found.compare(other)[present].any()
    x, y = found.find_inmost(4)
    assert labels[y, x] == 4


def test_a_region_is_filled_by_what_lies_at_its_place() -> None:
    from by_hand import fill_from, paint_by_hand
    from region_truth import RegionTruth

    labels = np.zeros((20, 40), np.int32)
    labels[:, :20], labels[:, 21:] = 1, 2
    moved = np.roll(labels, 3, axis=1)
    colors = np.array([[0, 0, 0, 255], [200, 0, 0, 255], [0, 0, 200, 255]], np.uint8)
    first, second = (RegionTruth.read(drawn, colors[drawn]) for drawn in (labels, moved))
    assert fill_from(first, second).tolist() == [200 << 16, 200]
    curve = paint_by_hand([first, second])
    assert [point.right for point in curve] == [1, 1] and [point.clicks for point in curve] == [2, 2]
    assert curve[0].minutes == pytest.approx(2 * FILL / 60) and curve[1].minutes > curve[0].minutes


def test_work_at_the_desk_makes_a_clip_right(tmp_path: Path, quick_engine: None) -> None:
    from clips import Clip
    from desk import Desk
    from effort import STEPS, describe, work_on

    folder = make_shot(tmp_path / "walker", frames=4, keys=(0, 1, 2, 3), name="{:04d}.png")
    (folder / "keys").rename(folder / "color")
    clip = Clip.open(folder)
    assert list(clip.thin_out(2).line) == list(clip.line)[::2] and clip.thin_out(4) == clip
    for way in STEPS:
        curve = work_on(clip, tmp_path / way, way, 60)
        assert curve[-1].right >= 0.99 and curve[0].clicks > 3
        assert all(one.minutes <= other.minutes for one, other in pairwise(curve))
        assert describe(curve, 60)["area_under"] > 0.9
    desk = Desk(clip, tmp_path / "desk")
    desk.paint_first_key(1001)
    number = 1003
    before = desk.clock.seconds
    desk.paint_key(number)
    assert desk.clock.seconds > before, "to look through a drawing takes time, even if all is right"
    desk.repaint()
    assert (
        desk.entries[number].status == "key" and (desk.pictures[number] == read_image(clip.color[number])).mean() > 0.9
    )
