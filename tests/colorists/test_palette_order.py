"""The order of palettes, from which variations are painted."""

from __future__ import annotations

import numpy as np
import torch

from framecolor.colorists.palette_order import order_palettes


def make_palette(*colors: tuple[float, float, float], shares: tuple[float, ...]) -> torch.Tensor:
    palette = torch.zeros(4, 4)
    for i, (color, share) in enumerate(zip(colors, shares, strict=True)):
        palette[i, :3], palette[i, 3] = torch.tensor(color), np.sqrt(share)
    return palette


RED, DARK, BLUE, PALE = (1.0, -1.0, -1.0), (0.6, -1.0, -1.0), (-1.0, -1.0, 1.0), (0.9, 0.9, 0.9)
THIRDS = (0.34, 0.33, 0.33)


def test_the_next_palette_is_the_farthest_from_all_before_it() -> None:
    reds = [make_palette(RED, DARK, PALE, shares=THIRDS), make_palette(RED, PALE, DARK, shares=THIRDS)]
    blue = make_palette(BLUE, PALE, BLUE, shares=THIRDS)
    ordered = order_palettes(torch.stack([*reds, blue]))
    assert ordered.shape == (3, 4, 4)
    assert torch.equal(ordered[1], blue)


def test_palettes_mostly_of_one_color_are_left_out_unless_all_are() -> None:
    single, mixed = make_palette(RED, BLUE, shares=(0.9, 0.1)), make_palette(RED, BLUE, PALE, shares=THIRDS)
    assert torch.equal(order_palettes(torch.stack([single, mixed])), mixed[None])
    assert torch.equal(order_palettes(single[None]), single[None])
