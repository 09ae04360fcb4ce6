"""Find how a key is turned against its drawing, and scaled and moved with it: a similarity.

All angles are tried on small pictures, by the color borders of the key on the lines of the drawing. From the best one,
an image alignment by correlation (ECC) finds angle, scale and place to a fraction of a pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.keys.alignment.overlap import (
    Mask,
    Rgba,
    find_borders,
    find_move,
    measure_share,
    resize,
    shrink_lines,
)

# Angles that are tried, in degrees, and the picture's longer side for that and for the exact search.
_ANGLES = tuple(float(angle) for angle in np.arange(-5, 5.25, 0.5) if angle)
_COARSE_PX, _FINE_PX = 512, 1024
# If none is clear, angles and scales are tried together, on smaller pictures.
_BOTH_PX, _WITH_ANGLES = 256, tuple(float(angle) for angle in np.arange(-5, 5.5, 1.0))
_WITH_SCALES = tuple(float(scale) for scale in np.geomspace(0.94, 1.06, 10))
# Small turns of a key that nearly fits show if one of these gains such a share of its borders.
_SMALL_ANGLES, _SMALL_GAIN = (-0.8, -0.4, 0.4, 0.8), 0.02
# Lines are blurred by so much for the exact search, which takes so many steps.
_BLUR_PX, _STEPS, _PRECISION = 2.0, 60, 1e-5
# A key that is hardly scaled is not scaled at all.
_SCALE_ERROR = 0.005
# The axes of a similarity are perpendicular and equally long: a result that is farther from that is refused.
_SHEAR = 0.02


class Pose(NamedTuple):
    """How a key lies: a point p of the drawing is at scale * turn(p) + (x, y) in the key, turned around the middle."""

    scale: float
    angle: float
    x: float
    y: float

    def matrix(self, size: tuple[int, int]) -> NDArray[np.float32]:
        """Return the matrix, float32 2x3, from a drawing of `size` (height, width) to the key."""
        radians = np.deg2rad(self.angle)
        sine, cosine = self.scale * np.sin(radians), self.scale * np.cos(radians)
        turn = np.array([[cosine, -sine], [sine, cosine]])
        middle = np.array([size[1], size[0]]) / 2
        return np.column_stack([turn, self.scale * middle + (self.x, self.y) - turn @ middle]).astype(np.float32)


def find_turn(painted: Rgba, lines: Mask) -> Pose | None:
    """Find the similarity between a key, uint8 HxWx4, and lines, 0 or 1; None if no angle gives a clear place."""
    start = _try_poses(painted, lines, _COARSE_PX, _ANGLES) or _try_poses(
        painted, lines, _BOTH_PX, _WITH_ANGLES, _WITH_SCALES
    )
    if start is None:
        return None
    found = _refine(start, painted, lines, cv2.MOTION_AFFINE)
    if found is not None and abs(found.scale - 1) <= _SCALE_ERROR and painted.shape[:2] == lines.shape:
        found = _refine(start, painted, lines, cv2.MOTION_EUCLIDEAN)
    return found


def seems_turned(borders: Mask, lines: Mask, before: float) -> bool:
    """Tell whether the borders of a key, 0 or 1, lie better on lines of the same size if it is turned by a little."""
    return any(
        measure_share(_turn(borders, angle, lines.shape), lines) >= before + _SMALL_GAIN for angle in _SMALL_ANGLES
    )


def _turn(borders: Mask, angle: float, size: tuple[int, ...], scale: float = 1.0) -> Mask:
    """Turn borders back, as seen in a drawing of this size."""
    matrix = Pose(scale, angle, 0, 0).matrix((size[0], size[1]))
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(borders, matrix, (size[1], size[0]), flags=flags), np.uint8)


def _try_poses(
    painted: Rgba, lines: Mask, longest_px: int, angles: Sequence[float], scales: Sequence[float] = (1.0,)
) -> Pose | None:
    """Find the best of some angles and scales, with the move at it, as seen in the whole drawing."""
    factor = min(1.0, longest_px / max(lines.shape))
    whole = painted.shape[0] / lines.shape[0]
    small = lines if factor == 1 else shrink_lines(lines, factor)
    borders = find_borders(painted if factor == whole == 1 else resize(painted, factor / whole))
    best, fit = None, 0.0
    for scale, angle in product(scales, angles):
        move = find_move(_turn(borders, angle, small.shape, scale), small)
        if move is not None and move.fit > fit:
            turn = Pose(scale * whole, angle, 0, 0).matrix((0, 0))[:, :2]
            x, y = (turn @ np.array([move.x, move.y]) / factor).tolist()
            best, fit = Pose(scale * whole, angle, x, y), move.fit
    return best


def _refine(start: Pose, painted: Rgba, lines: Mask, motion: int) -> Pose | None:
    """Find the exact pose near a first one; None if the search does not converge to a similarity."""
    factor = min(1.0, _FINE_PX / max(lines.shape))
    small, key = (lines, painted) if factor == 1 else (shrink_lines(lines, factor), resize(painted, factor))
    seen = [cv2.GaussianBlur(mask.astype(np.float32), (0, 0), _BLUR_PX) for mask in (small, find_borders(key))]
    size = small.shape[0], small.shape[1]
    matrix = start._replace(x=start.x * factor, y=start.y * factor).matrix(size)
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, _STEPS, _PRECISION)
    try:
        _, found = cv2.findTransformECC(seen[0], seen[1], matrix, motion, criteria, None, 1)  # pyright: ignore
    except cv2.error:  # it does not converge
        return None
    turn = np.asarray(found[:, :2], np.float64)
    if np.abs(turn @ turn.T / np.linalg.det(turn) - np.eye(2)).max() > _SHEAR:
        return None
    scale = float(np.sqrt(np.linalg.det(turn)))
    angle = float(np.rad2deg(np.arctan2(turn[1, 0] - turn[0, 1], turn[0, 0] + turn[1, 1])))
    middle = np.array([size[1], size[0]]) / 2
    x, y = ((turn @ middle + found[:, 2] - scale * middle) / factor).tolist()
    return Pose(1.0 if motion == cv2.MOTION_EUCLIDEAN else scale, angle, x, y)
