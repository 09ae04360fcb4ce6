"""Color a drawing's lines: the coverage of the ink stays, its color changes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Lines drawn in gray or a light color cover their pixels less than fully all over. Below this alpha in most pixels of
# lines, recolored ones are made opaque, so that they have the exact color.
_OPAQUE, _MOST_PERCENTILE, _LEAST_ALPHA = 230, 85, 56


def color_ink(
    ink: NDArray[np.uint8], place: NDArray[np.intp], color: NDArray[np.intp], colors: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Color lines, uint8 HxWx4 straight RGBA.

    place   flat indices of pixels with ink, intp [N]
    color   of each of them, intp [N]: 1 + the row of `colors`; 0: it stays as drawn
    colors  uint8 [L, 4]
    """
    out = ink.copy()
    pixels = out.reshape(-1, 4)
    changed = place[color > 0]
    pixels[changed, :3] = colors[color[color > 0] - 1, :3]
    alpha = ink.reshape(-1, 4)[place, 3]
    line = alpha[alpha >= _LEAST_ALPHA]
    most = float(np.percentile(line, _MOST_PERCENTILE)) if len(line) else 255.0
    if most < _OPAQUE:
        pixels[changed, 3] = np.minimum(255, np.rint(pixels[changed, 3] * (255 / most)))
    return out
