"""A prior over colors from a reference picture: its main colors are likelier in unsure regions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.core.histogram import bin_colors, color_histogram, figure_weight

# Standard deviation, in levels, of the kernel between picture and palette colors: about the size of a bin.
_NEAR_LEVELS = 24.0
_LEAST_SHARE = 0.01


def measure_picture(rgba: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Compute the `color_histogram` of a picture, uint8 HxWx4, without its transparent or white paper."""
    solid = rgba[..., 3].astype(np.float32)
    figure = figure_weight(np.where(rgba[..., 3:] > 0, rgba[..., :3], np.uint8(255)))
    return color_histogram(rgba[..., :3], solid * figure)


def measure_prior(histogram: NDArray[np.float32], colors: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Compute log odds of each color [P, 4] from the share of a picture near it, float32 [P].

    They are 0 on average over solid colors, and 0 for paper.
    """
    apart = np.square(bin_colors()[:, None].astype(np.float32) - colors[None, :, :3].astype(np.float32)).sum(axis=2)
    share = histogram @ np.exp(-apart / (2 * _NEAR_LEVELS**2))
    solid = colors[:, 3] > 0
    odds = np.log(share + _LEAST_SHARE)
    odds -= odds[solid].mean() if solid.any() else 0
    return np.where(solid, odds, 0).astype(np.float32)
