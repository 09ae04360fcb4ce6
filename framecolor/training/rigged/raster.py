"""Draw triangles with a depth buffer, by spans of pixels and whole arrays at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Buffer:
    """What is seen at each pixel center.

    triangle  int32 HxW, -1 for nothing
    near      float32 HxW, one over the depth, 0 for nothing
    slope     float32 [T, 2]: how `near` changes per pixel to the right and down on each triangle
    """

    triangle: NDArray[np.int32]
    near: NDArray[np.float32]
    slope: NDArray[np.float32]


def draw_triangles(
    points: Floats, near: Floats, triangles: NDArray[np.int64], one_sided: NDArray[np.bool_], size: tuple[int, int]
) -> Buffer:
    """Draw triangles into a buffer of `size` (height, width).

    points     Vx2, pixel coordinates (x right, y down)
    near       V, one over the depth, positive: linear on the screen, so that perspective needs no more
    one_sided  bool T: left out if seen from behind (clockwise in glTF, which is counterclockwise with y down)
    """
    height, width = size
    a, b, c = (points[triangles[:, k]] for k in range(3))
    area = _cross(b - a, c - a)
    slope = _find_slopes(a, b, c, area, near[triangles])
    ys = np.stack([a[:, 1], b[:, 1], c[:, 1]])
    first = np.maximum(np.ceil(ys.min(axis=0) - 0.5), 0).astype(np.int64)
    last = np.minimum(np.ceil(ys.max(axis=0) - 0.5) - 1, height - 1).astype(np.int64)
    shown = (np.abs(area) > 1e-9) & ~(one_sided & (area > 0))
    rows = np.where(shown, np.maximum(last - first + 1, 0), 0)
    owner, step = _expand(rows)
    y = first[owner] + step
    left, right = _find_spans(a, b, c, area, owner, y + 0.5)
    start = np.maximum(np.ceil(left - 0.5), 0).astype(np.int64)
    length = np.maximum(np.minimum(np.ceil(right - 0.5), width).astype(np.int64) - start, 0)
    span, step = _expand(length)
    x = start[span] + step
    corner = triangles[owner, 0]
    at_left = (
        near[corner]
        + slope[owner, 0] * (start + 0.5 - points[corner, 0])
        + slope[owner, 1] * (y + 0.5 - points[corner, 1])
    )
    value = np.maximum(at_left[span] + slope[owner, 0][span] * step, 1e-12).astype(np.float32)
    # Positive floats sort as their bits do: one maximum finds the nearest fragment and its triangle.
    key = value.view(np.uint32).astype(np.uint64) << np.uint64(32) | (owner[span] + 1).astype(np.uint64)
    best = np.zeros(height * width, np.uint64)
    np.maximum.at(best, y[span] * width + x, key)
    return Buffer(
        triangle=((best & np.uint64(0xFFFFFFFF)).astype(np.int64) - 1).astype(np.int32).reshape(size),
        near=(best >> np.uint64(32)).astype(np.uint32).view(np.float32).reshape(size),
        slope=slope.astype(np.float32),
    )


def find_weights(
    points: Floats, triangles: NDArray[np.int64], y: NDArray[np.int64], x: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Find the share of each corner at pixel centers, Nx3, linear on the screen; `triangles` is Nx3."""
    a, b, c = (points[triangles[:, k]] for k in range(3))
    at = np.stack([x + 0.5, y + 0.5], axis=1)
    area = _cross(b - a, c - a)
    of_a, of_b = _cross(b - at, c - at) / area, _cross(c - at, a - at) / area
    return np.stack([of_a, of_b, 1 - of_a - of_b], axis=1)


def _cross(u: Floats, v: Floats) -> Floats:
    return u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]


def _expand(counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Repeat each index `counts` times: the index, and the number of the repetition."""
    index = np.repeat(np.arange(len(counts)), counts)
    return index, np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)


def _find_slopes(a: Floats, b: Floats, c: Floats, area: Floats, near: Floats) -> Floats:
    safe = np.where(np.abs(area) > 1e-9, area, 1.0)
    u, v = near[:, 1] - near[:, 0], near[:, 2] - near[:, 0]
    right = (u * (c - a)[:, 1] - v * (b - a)[:, 1]) / safe
    down = (v * (b - a)[:, 0] - u * (c - a)[:, 0]) / safe
    return np.stack([right, down], axis=1)


def _find_spans(
    a: Floats, b: Floats, c: Floats, area: Floats, owner: NDArray[np.int64], y: Floats
) -> tuple[Floats, Floats]:
    """Find where each row enters and leaves its triangle; both ends count as pixel centers do, on the left only."""
    left, right = np.full(len(owner), -1e9), np.full(len(owner), 1e9)
    for start, end in ((a, b), (b, c), (c, a)):
        edge = (end - start) * np.sign(area)[:, None]
        rise = edge[owner, 1]
        slant = np.divide(edge[:, 0], edge[:, 1], out=np.zeros(len(edge)), where=edge[:, 1] != 0)
        x = start[owner, 0] + (y - start[owner, 1]) * slant[owner]
        # Going around with the inside on the right (y down), a falling edge bounds on the right.
        np.maximum(left, np.where(rise < 0, x, -1e9), out=left)
        np.minimum(right, np.where(rise > 0, x, 1e9), out=right)
    return left, right
