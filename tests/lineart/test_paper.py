"""Drawings off their paper: negatives and scans become dark lines on pure white."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawings import draw

from framecolor.core.compositing import lay_over_color
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.paper import find_paper
from framecolor.lineart.regions import find_regions

Pixels = np.ndarray


def opaque(rgb: Pixels) -> Pixels:
    return np.dstack([rgb.astype(np.uint8), np.full(rgb.shape[:2], 255, np.uint8)])


def on_white(step: int = 1) -> Pixels:
    return opaque(lay_over_color(draw(step)[0]))


def negative(drawing: Pixels) -> Pixels:
    return opaque(255 - drawing[..., :3])


def scanned(drawing: Pixels, *, tone: tuple[int, int, int] = (238, 228, 205), noise: float = 2.5) -> Pixels:
    height, width = drawing.shape[:2]
    y, x = np.mgrid[:height, :width]
    vignette = 1 - 0.15 * ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2)
    grain = np.random.default_rng(0).normal(0, noise, (height, width, 1))
    lit = drawing[..., :3] / 255 * np.array(tone) * vignette[..., None] + grain
    data = cv2.imencode(".jpg", np.clip(lit, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return opaque(cv2.imdecode(data, cv2.IMREAD_COLOR))


@pytest.mark.parametrize(
    ("drawings", "paper"),
    [
        ([draw(1)[0], draw(2)[0]], "white"),
        ([on_white(1)], "white"),
        ([negative(on_white(1))], "black"),
        ([scanned(on_white(1))], "scan"),
        ([scanned(on_white(1), tone=(255, 255, 255))], "scan"),
        ([opaque(on_white(1)[..., :3] * 0.9)], "scan"),
        ([negative(scanned(on_white(1)))], "black-scan"),
        ([np.full((40, 40, 4), 255, np.uint8)], "white"),
        ([np.zeros((40, 40, 4), np.uint8)], "white"),
        ([opaque(np.zeros((40, 40, 3))), negative(on_white(1))], "black"),
    ],
)
def test_the_paper_of_a_shot_is_that_of_most_of_its_drawings(drawings: list[Pixels], paper: str) -> None:
    assert find_paper(drawings) == paper


def test_a_large_area_of_ink_is_no_black_paper() -> None:
    drawing = on_white(1)
    drawing[:, : int(0.7 * drawing.shape[1]), :3] = 0
    assert find_paper([drawing]) == "white"


def test_a_negative_reads_as_the_drawing_itself() -> None:
    expected, found = read_drawing(1, on_white()), read_drawing(1, negative(on_white()), "black")
    np.testing.assert_array_equal(found.trace, expected.trace)
    assert np.abs(found.ink.astype(int) - expected.ink).max() <= 1


def test_trace_lines_on_black_may_have_their_own_hue() -> None:
    drawing = opaque(np.zeros((20, 20, 3)))
    drawing[5, :, :3], drawing[6, :, :3], drawing[12, :, :3] = (255, 0, 0), (90, 0, 0), 255
    frame = read_drawing(1, drawing, "black")
    assert frame.trace[5:7].all() and frame.trace.sum() == 40
    assert (frame.ink[12] == (0, 0, 0, 255)).all()


def test_lines_are_lifted_off_a_scan() -> None:
    clean, found = read_drawing(1, on_white()), read_drawing(1, scanned(on_white()), "scan")
    away = cv2.dilate(clean.ink[..., 3], np.ones((9, 9), np.uint8)) == 0
    assert not found.ink[away].any(), "the paper is gone"
    assert not found.ink[..., :3].any(), "grey lines have no color"
    assert (found.ink[clean.solid & (clean.ink[..., 3] > 200), 3] > 100).mean() > 0.99
    assert find_regions(found).count == find_regions(clean).count


@pytest.mark.parametrize("hue", [(220, 30, 30), (40, 60, 220)])
def test_trace_lines_stay_trace_lines_in_a_scan(hue: tuple[int, int, int]) -> None:
    drawing = on_white()
    cv2.line(drawing, (5, 5), (5, 60), (*hue, 255), 2)
    frame = read_drawing(1, scanned(drawing), "scan")
    assert frame.trace[10:55, 5].mean() > 0.95


def test_a_black_area_stays_in_a_scan() -> None:
    drawing = on_white()
    drawing[2:40, 2:60, :3] = 0
    ink = read_drawing(1, scanned(drawing), "scan").ink[..., 3]
    assert ink[6:36, 6:56].min() > 200
