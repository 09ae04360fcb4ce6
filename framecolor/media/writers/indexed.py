"""Write PNG with a palette: one byte a pixel, with exact colors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.core.run_length import Runs
from framecolor.media.writers.png import INDEXED, RGBA, encode_png

_MOST_COLORS = 256


def encode_indexed(rgba: NDArray[np.uint8]) -> bytes:
    """Encode uint8 HxWx4 straight RGBA as a PNG with a palette of up to 256 RGBA colors, sorted by value.

    Never changes a color: a frame of more colors (soft lines over many paints) becomes a plain 32-bit PNG.
    """
    runs = Runs.pack(np.ascontiguousarray(rgba).view(np.uint32)[..., 0])
    colors, index = np.unique(runs.values, return_inverse=True)
    if len(colors) > _MOST_COLORS:
        return encode_png(rgba, RGBA)
    pixels = np.repeat(index.ravel().astype(np.uint8), runs.lengths).reshape(runs.shape)
    table = np.ascontiguousarray(colors.astype(np.uint32)).view(np.uint8).reshape(-1, 4)
    chunks = [(b"PLTE", table[:, :3].tobytes())]
    if (table[:, 3] < 255).any():
        chunks.append((b"tRNS", table[:, 3].tobytes()))
    return encode_png(pixels, INDEXED, chunks)
