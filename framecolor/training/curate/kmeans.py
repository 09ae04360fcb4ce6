"""Find the colors of a picture by k-means in CIELAB, with a deterministic k-means++ start.

The next center is the color with the most weight times distance, so that a picture always gives the same colors.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.histogram import mean_by_label

Lab = NDArray[np.float32]

# A color of fewer pixels than this share is scatter, or too small to learn from.
_LEAST_SHARE = 0.0002
# Distances are cut off here: without a limit, rare garish pixels would become centers.
_FAR = 40.0
_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 12, 0.01)


def find_colors(rgb: NDArray[np.uint8], most_colors: int, same: float) -> Lab:
    """Find color centers of uint8 Nx3 pixels, CIELAB float32 Kx3, no two nearer than `same`; deterministic."""
    bins = (rgb.astype(np.int32) >> 2) @ np.array([4096, 64, 1], np.int32)
    _, bins, weight = np.unique(bins, return_inverse=True, return_counts=True)
    mean = (mean_by_label(rgb, bins)[None] / 255).astype(np.float32)
    seeds = _seed_centers(to_lab(mean)[0], weight.astype(np.float64), most_colors, same)
    lab = to_lab(rgb[None])[0]
    owner, centers = find_nearest(lab, seeds).astype(np.int32), lab.mean(axis=0)[None]
    if len(seeds) > 1:
        _, owner, centers = cv2.kmeans(lab, len(seeds), owner, _STOP, 1, cv2.KMEANS_USE_INITIAL_LABELS)
    return _merge(np.asarray(centers, np.float32), np.bincount(owner.ravel(), minlength=len(centers)), same)


def _seed_centers(color: Lab, weight: NDArray[np.float64], most_colors: int, same: float) -> Lab:
    """Choose the first centers as k-means++, without random numbers; colors with little weight around are skipped."""
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


def _merge(centers: Lab, weight: NDArray[np.integer], same: float) -> Lab:
    """Merge centers that are nearer than `same` into the heavier of them, and drop empty ones."""
    kept: list[int] = []
    for i in np.argsort(-weight, kind="stable"):
        if weight[i] > 0 and all(np.linalg.norm(centers[i] - centers[k]) >= same for k in kept):
            kept.append(int(i))
    return centers[kept]


def to_lab(rgb: NDArray[np.uint8] | NDArray[np.float32]) -> Lab:
    unit = rgb.astype(np.float32) / np.float32(255) if rgb.dtype == np.uint8 else rgb
    return np.asarray(cv2.cvtColor(unit, cv2.COLOR_RGB2LAB), dtype=np.float32)


def find_nearest(color: Lab, centers: Lab) -> NDArray[np.int64]:
    """Find the index of the center nearest to each color: [...] for [..., 3]."""
    flat = color.reshape(-1, 3)
    distance = (centers**2).sum(axis=1) - 2 * flat @ centers.T
    return distance.argmin(axis=1).reshape(color.shape[:-1])
