"""The networks' input: seven planes that describe a drawing's lines, alike at any resolution."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

LINE_PLANES = 7
EMPTY_PLANES = (0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0)
"""The planes' values on empty paper: far from all lines, outside of the figure."""

# Distances are in pixels of a drawing with twice the working size, so that planes are alike at 480p and at 4K.
_UNITS_PER_WORKING_PX = 2.0


def line_planes(
    ink: NDArray[np.bool_],
    trace: NDArray[np.bool_],
    outside: NDArray[np.bool_],
    height: int,
    width: int,
) -> NDArray[np.float32]:
    """Compute the seven planes of a drawing at a working size, float32 [7, height, width].

    ink, trace, outside  bool, of one size: pixels of ink, of trace lines, and outside of the figure

    Planes: exp(-d/3) and exp(-d/16) of the distance d to ink, the same to any line, min(d/64, 1) to any line,
    the outside mask, the trace-line mask.
    """
    scale = max(height / ink.shape[0], width / ink.shape[1]) * _UNITS_PER_WORKING_PX

    def shrink(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        return cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32, copy=False)

    def distance(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
        if not mask.any():
            return np.full((height, width), 1e4, np.float32)
        whole = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3)
        return shrink(np.asarray(whole, dtype=np.float32)) * np.float32(scale)

    to_ink = distance(ink)
    to_line = distance(ink | trace) if trace.any() else to_ink
    return np.stack(
        [
            np.exp(-to_ink / 3),
            np.exp(-to_ink / 16),
            np.exp(-to_line / 3),
            np.exp(-to_line / 16),
            np.minimum(to_line / 64, 1),
            shrink(outside.astype(np.float32)),
            shrink(trace.astype(np.float32)),
        ]
    ).astype(np.float32, copy=False)
