"""Colors onto regions, lines onto paint, paper, and what to check."""

from __future__ import annotations

import numpy as np
import pytest

from framecolor import PaletteError
from framecolor.core.compositing import clear_paper, fill_paper, lay_over
from framecolor.core.types import Frame, Palette, Regions
from framecolor.lineart.region_colors import (
    PAPER,
    RegionColors,
    build_palette,
    group_colors,
    nearest_entries,
    region_colors,
    restrict_palette,
)
from framecolor.render.flat import paint_flat

RED, BLUE, WHITE = (200, 30, 40, 255), (10, 20, 220, 255), (255, 255, 255, 255)


def strip(*labels: int) -> Regions:
    """Make regions of a picture with one column for each label, three pixels high."""
    array = np.tile(np.array(labels, np.int32), (3, 1))
    return Regions(array, int(array.max()))


def table(*colors: tuple[int, ...]) -> np.ndarray:
    return np.array(colors, np.uint8)


def test_regions_get_exactly_their_color_and_lines_the_nearest() -> None:
    paint = paint_flat(strip(1, 1, 0, 0, 2), table((9, 9, 9, 9), RED, BLUE))
    assert [tuple(pixel) for pixel in paint[1].tolist()] == [RED, RED, RED, BLUE, BLUE]
    assert (paint_flat(strip(0, 0), table((9, 9, 9, 9))) == 0).all(), "no region: nothing is painted"


def test_lines_over_paint_to_the_bit() -> None:
    ink, paint = np.zeros((1, 6, 4), np.uint8), np.zeros((1, 6, 4), np.uint8)
    paint[0, :] = RED
    paint[0, 4:] = PAPER
    ink[0, 1] = (7, 8, 9, 255)
    ink[0, 2, 3] = ink[0, 4, 3] = 128
    ink[0, 5] = (3, 2, 1, 0)  # no alpha: whatever color it holds does not show
    result = lay_over(ink, paint)
    np.testing.assert_array_equal(result[0, [0, 3]], paint[0, [0, 3]])
    np.testing.assert_array_equal(result[0, 1], ink[0, 1])
    np.testing.assert_array_equal(result[0, 4], ink[0, 4], "over paper the ink keeps its color and alpha")
    np.testing.assert_array_equal(result[0, 5], paint[0, 5])
    assert tuple(result[0, 2].tolist()) == (100, 15, 20, 255)
    np.testing.assert_array_equal(paint[0, 0], RED, "the paint itself is left alone")


@pytest.mark.parametrize("seed", range(3))
def test_compositing_is_as_exact_as_8_bits_allow(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ink, paint = rng.integers(0, 256, (2, 40, 40, 4), np.uint8)
    top, under = ink[..., 3:] / 255, paint[..., 3:] / 255
    alpha = top + under * (1 - top)
    color = (ink[..., :3] * top + paint[..., :3] * under * (1 - top)) / np.maximum(alpha, 1e-9)
    result = lay_over(ink, paint).astype(float)
    assert np.abs(result[..., 3:] - 255 * alpha).max() <= 0.5001
    assert np.abs(result[..., :3] - color)[alpha[..., 0] > 0].max() <= 0.5001


def test_transparent_paper() -> None:
    """White at the border is paper if nothing is transparent; white inside, or next to paper, stays."""
    regions = strip(1, 0, 2, 0, 3)
    inner = np.zeros((5, 5), np.int32)
    inner[:] = 1
    inner[1:4, 1:4] = 2
    colors = table((0, 0, 0, 0), WHITE, WHITE)
    assert clear_paper(colors, Regions(inner, 2))[:, 3].tolist() == [0, 0, 255]
    assert clear_paper(table((0, 0, 0, 0), WHITE, RED, BLUE), regions)[1:, 3].tolist() == [0, 255, 255]
    known = table((0, 0, 0, 0), PAPER, RED, WHITE)
    np.testing.assert_array_equal(clear_paper(known, regions), known)
    assert colors[1, 3] == 255, "the colors given are left alone"


def test_white_paper() -> None:
    paint = table(RED, PAPER, (1, 2, 3, 0)).reshape(1, 3, 4)
    assert fill_paper(paint)[0].tolist() == [list(RED), list(WHITE), list(WHITE)]


def read_key(painted: np.ndarray, labels: np.ndarray, ink: np.ndarray | None = None) -> RegionColors:
    height, width = labels.shape
    ink = np.zeros((height, width, 4), np.uint8) if ink is None else ink
    frame = Frame(1, ink, np.zeros((height, width), bool))
    return region_colors(painted.astype(np.uint8), frame, Regions(labels.astype(np.int32), int(labels.max())))


def test_a_region_has_its_majority_color() -> None:
    labels = np.ones((10, 10), int)
    labels[:, 5] = 0
    labels[:, 6:] = 2
    painted = np.zeros((10, 10, 4), int)
    painted[:, :5], painted[:, 6:] = RED, (255, 255, 255, 3)
    painted[0, :4], painted[1, 0] = BLUE, (201, 30, 40, 255)
    key = read_key(painted, labels)
    assert [tuple(color) for color in key.color[1:].tolist()] == [RED, PAPER]
    assert key.votes[1:].tolist() == [45, 40]
    assert key.seen[1:].tolist() == [50, 40]
    palette = build_palette([key])
    assert [tuple(color) for color in palette.colors.tolist()] == [RED, PAPER]
    assert nearest_entries(key.color, palette)[1:].tolist() == [0, 1]


def test_faint_ink_does_not_color_a_region() -> None:
    """Pixels under antialiased ink do not count unless a region has no others."""
    labels = np.ones((6, 6), int)
    labels[:, 3:] = 2
    ink = np.zeros((6, 6, 4), np.uint8)
    ink[:, 1:, 3] = 20
    painted = np.zeros((6, 6, 4), int)
    painted[:] = (90, 10, 20, 255)
    painted[:, 0] = RED
    key = read_key(painted, labels, ink)
    assert [tuple(color) for color in key.color[1:].tolist()] == [RED, (90, 10, 20, 255)]


def test_a_key_without_regions_is_refused() -> None:
    empty = read_key(np.zeros((4, 4, 4)), np.zeros((4, 4), int))
    with pytest.raises(PaletteError, match="keys"):
        build_palette([empty])
    assert empty.color.shape == (1, 4)


def test_compression_noise_is_no_color() -> None:
    labels = np.ones((80, 80), int)
    labels[:3, :3] = 2
    painted = np.zeros((80, 80, 4), int)
    painted[:] = RED
    painted[:3, :3] = (202, 28, 44, 255)
    assert len(build_palette([read_key(painted, labels)])) == 1
    painted[:3, :3] = (220, 28, 44, 255)
    assert len(build_palette([read_key(painted, labels)])) == 2


def test_restricted_palettes() -> None:
    painted = Palette(table(PAPER, RED, BLUE, (210, 30, 40, 255)))
    allowed = Palette(table((0, 0, 255, 255), (10, 10, 10, 0), (255, 0, 0, 255), (0, 255, 0, 255)))
    colors = [tuple(color) for color in restrict_palette(painted, allowed).colors.tolist()]
    assert colors == [PAPER, (255, 0, 0, 255), (0, 0, 255, 255)], "in the keys' order, none twice, none unused"
    also_paper = Palette(table(PAPER, RED))
    assert len(restrict_palette(painted, also_paper)) == 2
    assert restrict_palette(Palette(table(PAPER)), allowed).colors.tolist() == [list(PAPER)]
    with pytest.raises(PaletteError, match="transparent colors only"):
        restrict_palette(painted, Palette(table(PAPER)))


def test_near_colors_share_a_class() -> None:
    assert group_colors(Palette(table(RED, BLUE, (203, 33, 40, 255), PAPER, WHITE))).tolist() == [0, 1, 0, 2, 3]
