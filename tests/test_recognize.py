"""Recognizing regions by their features, and matching them by shape, place and neighbors."""

from __future__ import annotations

import cv2
import numpy as np

from framecolor.datatypes import Regions
from framecolor.hints.match import colors_around, describe_shapes, match_regions
from framecolor.hints.recognize import Gallery, to_unit_length


def test_the_nearest_key_region_counts_not_how_many_there_are() -> None:
    rng = np.random.default_rng(0)
    features = to_unit_length(rng.normal(size=(40, 8)).astype(np.float32))
    colors = np.array([0] * 39 + [1])
    votes = Gallery(features, colors, 3).vote(features[-1:])
    assert votes.argmax() == 1
    np.testing.assert_allclose(np.exp(votes).sum(axis=1), 1, rtol=1e-5)


def test_a_color_that_no_key_region_has_is_not_ruled_out() -> None:
    features = to_unit_length(np.eye(4, dtype=np.float32))
    votes = Gallery(features, np.array([0, 0, 1, 1]), 3).vote(features)
    assert np.isfinite(votes).all()
    assert (np.exp(votes[:, 2]) > 0.001).all()


def test_features_of_length_zero_stay_zero() -> None:
    assert not to_unit_length(np.zeros((2, 4), np.float32)).any()


def drawing(shift: int) -> Regions:
    """Three shapes side by side on paper: a disk, a bar and a small square, all moved by `shift`."""
    labels = np.ones((120, 320), np.int32)
    for value, corner, size in ((2, (40, 40), (40, 40)), (3, (120, 20), (16, 80)), (4, (180, 60), (14, 14))):
        x, y = corner[0] + shift, corner[1]
        cv2.rectangle(labels, (x - 2, y - 2), (x + size[0] + 2, y + size[1] + 2), 0, -1)
        cv2.rectangle(labels, (x, y), (x + size[0], y + size[1]), value, -1)
    return Regions(labels, 4)


def test_regions_are_matched_across_a_jump_that_flow_cannot_follow() -> None:
    one, two = describe_shapes(drawing(0)), describe_shapes(drawing(90))
    nothing_known = np.full((5, 3), 1 / 3, np.float32)
    match = match_regions(one, two, nothing_known, nothing_known)
    assert match[2:].argmax(axis=1).tolist() == [2, 3, 4]
    assert (match.sum(axis=1) <= 1).all()


def test_colors_around_tell_twins_apart() -> None:
    one = describe_shapes(drawing(0))
    around = np.zeros((5, 2), np.float32)
    around[2, 0] = around[3, 1] = 1
    swapped = around[:, ::-1].copy()
    same = match_regions(one, one, around, around)
    crossed = match_regions(one, one, around, swapped)
    assert same[2, 2] > 0.5
    assert crossed[2, 2] < same[2, 2]


def test_neighbors_share_an_outline() -> None:
    shapes = describe_shapes(drawing(0))
    belief = np.eye(5, dtype=np.float32)
    around = colors_around(shapes, belief)
    # Everything but the paper only borders the paper, and the paper borders all three.
    np.testing.assert_allclose(around[2:, 1], 1)
    assert (around[1, 2:] > 0).all()
    np.testing.assert_allclose(around[1:].sum(axis=1), 1, rtol=1e-5)
