"""Reading drawings: all formats of line art give the same ink and trace lines."""

from __future__ import annotations

import numpy as np
import pytest

from framecolor.core.compositing import WHITE, lay_over
from framecolor.lineart.lines import read_drawing


def stroke() -> np.ndarray:
    """Draw an antialiased stroke as coverage 0..255."""
    coverage = np.zeros((24, 32), np.uint8)
    coverage[8:16, 4:28] = np.array([30, 120, 200, 255, 255, 200, 120, 30], np.uint8)[:, None]
    return coverage


def as_input(kind: str) -> np.ndarray:
    coverage = stroke()
    rgba = np.zeros((*coverage.shape, 4), np.uint8)
    if kind == "black on white":
        rgba[..., :3] = 255 - coverage[..., None]
        rgba[..., 3] = 255
    elif kind == "black on transparent":
        rgba[..., 3] = coverage
    elif kind == "alpha only":
        rgba[..., :3] = 255
        rgba[..., 3] = coverage
    elif kind == "on cut-out paper":
        rgba[4:20, 2:30] = (255, 255, 255, 255)
        rgba[coverage > 0, :3] = 255 - coverage[coverage > 0, None]
    return rgba


@pytest.mark.parametrize("kind", ["black on white", "black on transparent", "alpha only", "on cut-out paper"])
def test_every_kind_of_line_becomes_the_same_ink(kind: str) -> None:
    frame = read_drawing(7, as_input(kind))
    assert frame.number == 7
    np.testing.assert_array_equal(frame.ink[..., 3], stroke())
    assert not frame.ink[stroke() > 0, :3].any()
    assert not frame.trace.any()


def test_binary_lines_stay_binary() -> None:
    rgba = np.full((10, 10, 4), 255, np.uint8)
    rgba[5, :, :3] = 0
    assert set(np.unique(read_drawing(1, rgba).ink[..., 3])) == {0, 255}


def test_colored_ink_on_transparent_is_kept_to_the_bit() -> None:
    rgba = np.zeros((10, 10, 4), np.uint8)
    rgba[3, :] = (90, 50, 30, 255)
    rgba[4, :] = (90, 50, 30, 77)
    np.testing.assert_array_equal(read_drawing(1, rgba).ink, rgba)


def test_ink_taken_from_white_gives_the_drawing_back_over_white() -> None:
    rng = np.random.default_rng(0)
    rgba = np.full((16, 16, 4), 255, np.uint8)
    rgba[4:12, :, :3] = rng.integers(40, 90, (8, 16, 3))
    frame = read_drawing(1, rgba)
    over = lay_over(frame.ink, np.broadcast_to(WHITE, rgba.shape).copy())
    assert np.abs(over[~frame.trace].astype(int) - rgba[~frame.trace]).max() <= 1


@pytest.mark.parametrize("color", [(255, 0, 0), (0, 0, 255), (0, 255, 0), (255, 81, 81), (173, 173, 255)])
def test_pure_hues_are_trace_lines_also_where_they_are_antialiased(color: tuple[int, int, int]) -> None:
    rgba = np.full((10, 10, 4), 255, np.uint8)
    rgba[5, :, :3] = color
    frame = read_drawing(1, rgba)
    assert frame.trace[5].all()
    assert not frame.ink.any()


@pytest.mark.parametrize("color", [(0, 0, 0), (120, 20, 20), (70, 60, 90), (139, 90, 43)])
def test_dark_and_muted_lines_are_ink(color: tuple[int, int, int]) -> None:
    rgba = np.full((10, 10, 4), 255, np.uint8)
    rgba[5, :, :3] = color
    frame = read_drawing(1, rgba)
    assert not frame.trace.any()
    assert frame.solid[5].all()
    assert frame.lines.sum() == 10
