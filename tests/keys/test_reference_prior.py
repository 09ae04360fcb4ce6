"""The prior of a reference picture, which counts in unsure regions only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawings import COAT, SCARF, SKIN, draw, make_shot
from painting import paint, read_bytes

from framecolor.keys.references.prior import measure_picture, measure_prior
from framecolor.media import write_image
from framecolor.propagation.voters import add_prior

COLORS = np.array([SKIN, COAT, SCARF, (255, 255, 255, 0)], np.uint8)


def picture(*colors: tuple[int, ...]) -> np.ndarray:
    return np.repeat(np.array(colors, np.uint8)[:, None], 5, axis=1)


def test_what_is_transparent_is_no_color() -> None:
    histogram = measure_picture(picture(COAT, (9, 9, 9, 0)))
    assert histogram.max() == 1 and np.count_nonzero(histogram) == 1


def test_it_leans_towards_the_colors_of_the_picture() -> None:
    towards = measure_prior(measure_picture(picture(COAT, COAT, SKIN)), COLORS)
    assert towards.argsort()[::-1][:2].tolist() == [1, 0] and towards[2] < 0 and towards[3] == 0
    assert np.abs(towards).max() < 5


def test_it_decides_a_tie_and_overrules_no_votes() -> None:
    towards = measure_prior(measure_picture(picture(SCARF)), COLORS)
    votes = np.log(np.array([[0.25] * 4, [0.49, 0.49, 0.01, 0.01], [0.9, 0.04, 0.03, 0.03]], np.float32))
    leaning = add_prior(votes, towards)
    assert leaning.argmax(axis=1).tolist() == [2, 0, 0]
    np.testing.assert_array_equal(add_prior(votes, None), votes)
    coat = add_prior(votes, measure_prior(measure_picture(picture(COAT)), COLORS))
    assert coat.argmax(axis=1).tolist() == [1, 1, 0]


@pytest.mark.usefixtures("quick_engine")
def test_it_does_not_change_what_is_sure_and_a_changed_one_is_noticed(tmp_path: Path) -> None:
    root = make_shot(tmp_path / "cut", 4, (0,))
    plain = read_bytes(paint(root).out)
    write_image(root / "look.png", draw(0)[1])
    outcome = paint(root, tmp_path / "out", reference="look.png")
    assert read_bytes(outcome.out) == plain
    assert paint(root, tmp_path / "out", reference="look.png").written == ()
    seen: list[str] = []
    write_image(root / "look.png", picture(SCARF))
    paint(root, tmp_path / "out", reference="look.png", progress=lambda stage, *_: seen.append(stage))
    assert "paint" in seen


def test_white_paper_of_a_reference_is_no_color_of_it() -> None:
    page = np.full((40, 40, 4), 255, np.uint8)
    page[10:30, 10:30] = COAT
    opaque, cut_out = measure_picture(page), measure_picture(page[10:30, 10:30])
    np.testing.assert_allclose(opaque, cut_out)
