"""A perspective camera that looks at a character, and its framing on paper."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from framecolor.training.rigged.raster import Floats


@dataclass(frozen=True, eq=False)
class Camera:
    """Looks at `target` from `distance`; angles in radians. `focal_px` and `origin_px` (x, y) place it on paper."""

    target: Floats
    distance: float
    yaw: float
    pitch: float
    roll: float = 0.0
    focal_px: float = 1.0
    origin_px: tuple[float, float] = (0.0, 0.0)

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Project points Vx3 to pixels Vx2 (x right, y down), and one over their depth [V]."""
        seen = (points - self.target) @ self.axes.T
        near = 1 / np.maximum(self.distance - seen[:, 2], 0.05 * self.distance)
        flat = seen[:, :2] * (near * self.focal_px)[:, None] * (1, -1)
        return flat + self.origin_px, near

    @property
    def axes(self) -> Floats:
        """Right, up and backward of the camera, the rows of a rotation."""
        (cy, sy), (cp, sp), (cr, sr) = ((np.cos(a), np.sin(a)) for a in (self.yaw, self.pitch, self.roll))
        turn = np.array([[cy, 0, -sy], [0, 1, 0], [sy, 0, cy]])
        nod = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
        tilt = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
        return tilt @ nod @ turn


def fit_cameras(
    cameras: list[Camera], points: list[Floats], long_side: int, margin_px: int, shown: float = 1.0
) -> tuple[list[Camera], tuple[int, int]]:
    """Place cameras so that all `points` (Vx3, of each camera) fit on one paper; cameras, and its (height, width).

    shown: share of each drawing's height that is on the paper at least, from the top; what is below is cut off.
    """
    flat = [camera.project(own)[0] for camera, own in zip(cameras, points, strict=True)]
    tops, bottoms = np.array([(f[:, 1].min(), f[:, 1].max()) for f in flat]).T
    top, bottom = tops.min(), (tops + shown * (bottoms - tops)).max()
    within = np.concatenate([f[f[:, 1] <= bottom, 0] for f in flat])
    left, right = within.min(), within.max()
    scale = (long_side - 2 * margin_px) / max(bottom - top, right - left, 1e-9)
    under = margin_px if shown >= 1 else 0
    size = (round((bottom - top) * scale) + margin_px + under, round((right - left) * scale) + 2 * margin_px)
    origin = (margin_px - left * scale, margin_px - top * scale)
    return [replace(camera, focal_px=scale, origin_px=origin) for camera in cameras], size
