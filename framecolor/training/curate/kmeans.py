"""The colors of a picture by k-means in CIELAB, seeded as k-means++ is, but without chance.

The next center is the color with the most weight times distance, so that the same picture always gives the same colors.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Lab = NDArray[np.float32]

# A color that fewer pixels than this share have is scatter, or too small to be learned from.
_LEAST_SHARE = 0.0002
# Beyond this distance a color is simply another one: without a limit rare, garish pixels become centers.
_FAR = 40.0


def find_colors(rgb: NDArray[np.uint8], most_colors: int, same: float) -> Lab:
    """Centers of the colors of uint8 Nx3 pixels, CIELAB float32 Kx3, no two nearer than `same`: weighted k-means, the
    same on every call."""
    bins = (rgb.astype(np.int32) >> 2) @ np.array([4096, 64, 1], np.int32)
    weight = np.bincount(bins, minlength=2**18).astype(np.float64)
    used = np.flatnonzero(weight)
    mean = np.stack([np.bincount(bins, rgb[:, c], 2**18)[used] / weight[used] for c in range(3)], axis=1)
    color, weight = to_lab((mean[None] / 255).astype(np.float32))[0], weight[used]
    centers = _seed_centers(color, weight, most_colors, same)
    for _ in range(12):
        owner = find_nearest(color, centers)
        moved = centers.copy()
        total = np.bincount(owner, weight, len(centers)).astype(np.float64)
        for c in range(3):
            sums = np.bincount(owner, weight * color[:, c], len(centers))
            moved[:, c] = np.where(total > 0, sums / np.maximum(total, 1e-9), centers[:, c])
        moved = _merge(moved, total, same)
        if len(moved) == len(centers) and np.abs(moved - centers).max() < 0.01:
            break
        centers = moved
    return centers


def _seed_centers(color: Lab, weight: NDArray[np.float64], most_colors: int, same: float) -> Lab:
    """k-means++ without chance. Colors with too little weight around them are passed over."""
    least = max(4.0, _LEAST_SHARE * weight.sum())
    far = np.full(len(color), _FAR)
    chosen: list[int] = []
    while len(chosen) < most_colors:
        at = int(np.argmax(weight * far**2))
        if far[at] < same:
            break
        distance = np.linalg.norm(color - color[at], axis=1)
        if not chosen or weight[(distance < same) & (far >= same)].sum() >= least:
            chosen.append(at)
            far = np.minimum(far, distance)
        else:
            far[at] = 0
    return color[chosen]


def _merge(centers: Lab, weight: NDArray[np.float64], same: float) -> Lab:
    """Centers that came within reach of one another become the heavier one of them; empty ones go."""
    kept: list[int] = []
    for i in np.argsort(-weight, kind="stable"):
        if weight[i] > 0 and all(np.linalg.norm(centers[i] - centers[k]) >= same for k in kept):
            kept.append(int(i))
    return centers[kept]


def to_lab(rgb: NDArray[np.uint8] | NDArray[np.float32]) -> Lab:
    unit = rgb.astype(np.float32) / np.float32(255) if rgb.dtype == np.uint8 else rgb
    return np.asarray(cv2.cvtColor(unit, cv2.COLOR_RGB2LAB), dtype=np.float32)


def find_nearest(color: Lab, centers: Lab) -> NDArray[np.int64]:
    """The center nearest to each color, [...] for [..., 3]."""
    flat = color.reshape(-1, 3)
    distance = (centers**2).sum(axis=1) - 2 * flat @ centers.T
    return distance.argmin(axis=1).reshape(color.shape[:-1])
