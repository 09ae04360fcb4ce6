"""How much of each color a picture has, as 512 numbers: the hint of "Automatic colorization for line arts"."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SIDE = 8
BINS = _SIDE**3


def color_histogram(rgb: NDArray[np.uint8], weight: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Shares of 8x8x8 color bins, float32 [512], red counting slowest; they sum to 1, or are all 0 without a pixel.

    rgb  uint8 [..., 3]; weight: of each pixel, [...]; all alike by default.
    """
    part = rgb.reshape(-1, 3).astype(np.intp) * _SIDE // 256
    index = (part[:, 0] * _SIDE + part[:, 1]) * _SIDE + part[:, 2]
    counts = np.bincount(index, None if weight is None else weight.ravel(), minlength=BINS)
    return (counts / max(counts.sum(), 1e-12)).astype(np.float32)


def bin_colors() -> NDArray[np.uint8]:
    """The middle of each bin, uint8 [512, 3], in the order of `color_histogram`."""
    middle = ((np.arange(_SIDE) + 0.5) * 256 / _SIDE).astype(np.uint8)
    return np.stack(np.meshgrid(middle, middle, middle, indexing="ij"), axis=-1).reshape(-1, 3)
