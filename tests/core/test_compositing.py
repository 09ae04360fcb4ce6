"""Compositing over one color, for every alpha and level."""

from __future__ import annotations

import numpy as np
import pytest

from framecolor.core.compositing import lay_over_color


@pytest.mark.parametrize("color", [(255, 255, 255), (0, 17, 200)])
def test_a_picture_over_a_color_is_rounded_to_nearest(color: tuple[int, int, int]) -> None:
    alpha, level = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    rgba = np.dstack([level, level, level, alpha])
    share = rgba[..., 3:] / 255
    exact = rgba[..., :3] * share + np.array(color) * (1 - share)
    assert np.array_equal(lay_over_color(rgba, color), np.rint(exact))


def test_an_opaque_picture_keeps_its_colors() -> None:
    rgba = np.full((2, 3, 4), (9, 8, 7, 255), np.uint8)
    rgb = lay_over_color(rgba)
    assert np.array_equal(rgb, rgba[..., :3]) and not np.shares_memory(rgb, rgba)
