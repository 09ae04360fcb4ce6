"""Regions vote for flat colors; what strokes give is kept."""

from __future__ import annotations

import numpy as np
import pytest

from framecolor.colorists.flats import vote_flats
from framecolor.core.types import Palette, Regions
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions

SKIN, SHADE, COAT = (240, 208, 184, 255), (232, 196, 172, 255), (40, 70, 160, 255)


@pytest.fixture
def regions() -> Regions:
    """Four boxes side by side, on paper."""
    drawing = np.zeros((40, 150, 4), np.uint8)
    for left in (5, 40, 75, 110):
        drawing[5:35, left : left + 31] = (0, 0, 0, 255)
        drawing[7:33, left + 2 : left + 29] = 0
    return find_regions(read_drawing(1, drawing))


def soft(regions: Regions, colors: list[tuple[int, int, int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Paint the boxes from left to right: soft color, and the number of each box."""
    rows = np.array([regions.labels[20, left + 15] for left in (5, 40, 75, 110)])
    table = np.full((regions.count + 1, 3), 255, np.uint8)
    table[rows] = np.array(colors, np.uint8)[:, :3]
    return table[regions.labels].astype(np.float32) / np.float32(255), rows


def palette(*colors: tuple[int, int, int, int]) -> Palette:
    return Palette(np.array(colors, np.uint8))


def test_colors_that_look_the_same_are_joined(regions: Regions) -> None:
    rgb, rows = soft(regions, [SKIN, SHADE, COAT, COAT])
    voted = vote_flats(rgb, regions)[rows]
    assert (voted[0] == voted[1]).all()
    assert tuple(voted[2]) == COAT


def test_colors_of_strokes_are_not_joined(regions: Regions) -> None:
    rgb, rows = soft(regions, [SKIN, SHADE, SHADE, COAT])
    voted = vote_flats(rgb, regions, given=palette(SKIN, SHADE).colors)[rows]
    assert [tuple(color) for color in voted] == [SKIN, SHADE, SHADE, COAT]


def test_a_palette_gives_all_colors(regions: Regions) -> None:
    rgb, rows = soft(regions, [SKIN, SHADE, COAT, COAT])
    voted = vote_flats(rgb, regions, palette(SKIN))[rows]
    assert {tuple(color) for color in voted} == {SKIN}


def test_a_color_of_strokes_that_the_palette_lacks_is_used(regions: Regions) -> None:
    rgb, rows = soft(regions, [SKIN, COAT, COAT, SKIN])
    voted = vote_flats(rgb, regions, palette(SKIN), palette(COAT).colors)[rows]
    assert [tuple(color) for color in voted] == [SKIN, COAT, COAT, SKIN]


def test_a_color_of_strokes_within_noise_of_the_palette_is_the_palettes(regions: Regions) -> None:
    noisy = (SKIN[0] - 1, SKIN[1] + 1, SKIN[2], 255)
    rgb, rows = soft(regions, [noisy, COAT, COAT, noisy])
    voted = vote_flats(rgb, regions, palette(SKIN, COAT), palette(noisy).colors)[rows]
    assert [tuple(color) for color in voted] == [SKIN, COAT, COAT, SKIN]
