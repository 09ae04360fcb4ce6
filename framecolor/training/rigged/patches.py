"""Patches of a triangle mesh: neighbors, connected groups, and groups of one color."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from framecolor.training.rigged.materials import to_lab

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# Neighboring triangles, and patches anywhere, of colors this near in Lab have one color.
_SAME_DELTA = 7.0
# A patch of a smaller share of the whole surface joins the patch around it: a painter's slip. Eyes are larger.
_LEAST_SHARE = 2e-4
_WELD_SHARE = 1e-5


def weld_points(points: Floats) -> Ints:
    """Number points, Vx3, so that those at one place share a number."""
    step = max(float(np.ptp(points, axis=0).max()) * _WELD_SHARE, 1e-12)
    return np.unique((points / step).round().astype(np.int64), axis=0, return_inverse=True)[1].ravel()


def find_neighbors(triangles: Ints) -> tuple[Ints, Ints]:
    """Find pairs of triangles (Tx3, welded corners) that share an edge."""
    edges = np.sort(np.stack([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]], axis=1), axis=2)
    edges = edges.reshape(-1, 2)
    owner = np.repeat(np.arange(len(triangles)), 3)
    order = np.lexsort((edges[:, 1], edges[:, 0]))
    edges, owner = edges[order], owner[order]
    same = (edges[1:] == edges[:-1]).all(axis=1) & (owner[1:] != owner[:-1])
    return owner[:-1][same], owner[1:][same]


def join(count: int, first: Ints, second: Ints) -> Ints:
    """Number `count` things so that those joined by pairs share a number, [count]."""
    pairs = coo_matrix((np.ones(len(first), bool), (first, second)), shape=(count, count))
    return np.asarray(connected_components(pairs, directed=False)[1], np.int64)


def group_colors(rgb: Floats, surface: Ints, first: Ints, second: Ints, area: Floats) -> tuple[Ints, Floats]:
    """Group triangles into connected patches of one color: the patch of each triangle, [T], and the rgb of each patch.

    rgb Tx3 in 0..255; surface [T]: only triangles of one surface join, and of negative ones, whatever their color.
    """
    lab = to_lab(rgb)
    whole = surface[first] < 0
    near = np.linalg.norm(lab[first] - lab[second], axis=1) < _SAME_DELTA
    joined = (surface[first] == surface[second]) & (whole | near)
    patch = join(len(rgb), first[joined], second[joined])
    merged, palette = _merge_colors(rgb, patch, area)
    color = merged[patch]
    joined = (surface[first] == surface[second]) & (whole | (color[first] == color[second]))
    patch = join(len(rgb), first[joined], second[joined])
    patch = _absorb(patch, first, second, area)
    weight = np.zeros((int(patch.max()) + 1, len(palette)))
    np.add.at(weight, (patch, color), area)
    return patch, palette[weight.argmax(axis=1)]


def _merge_colors(rgb: Floats, patch: Ints, area: Floats) -> tuple[Ints, Floats]:
    """Merge nearly equal mean colors of patches, the largest first: the color of each patch, and the rgb of each."""
    total = np.bincount(patch, area)
    mean = np.stack([np.bincount(patch, area * rgb[:, k]) / np.maximum(total, 1e-12) for k in range(3)], axis=1)
    lab = to_lab(mean)
    color = np.zeros(len(total), np.int64)
    kept: list[int] = []
    for i in np.argsort(-total, kind="stable"):
        distance = np.linalg.norm(lab[kept] - lab[i], axis=1) if kept else np.array([np.inf])
        if distance.min() < _SAME_DELTA:
            color[i] = distance.argmin()
        else:
            color[i] = len(kept)
            kept.append(int(i))
    return color, mean[kept]


def _absorb(patch: Ints, first: Ints, second: Ints, area: Floats) -> Ints:
    """Let patches that are too small join the neighbor with which they share most edges; free ones stay."""
    total = np.bincount(patch, area)
    a, b = patch[first], patch[second]
    for small in np.flatnonzero(total < _LEAST_SHARE * total.sum()):
        around = np.concatenate([b[(a == small) & (b != small)], a[(b == small) & (a != small)]])
        if len(around):
            for numbers in (patch, a, b):
                numbers[numbers == small] = np.bincount(around).argmax()
    return np.unique(patch, return_inverse=True)[1]
