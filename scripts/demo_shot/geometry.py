"""Curves for drawing: splines through points, ribbons around a spine, rotation, and the tremor of a hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Point = Sequence[float] | NDArray[np.float64]
Raw = Iterable[Point] | Points
STEP_PX = 1.5


def points(raw: Raw) -> Points:
    """Nx2 float64 from any sequence of (x, y)."""
    return np.asarray(list(raw) if not isinstance(raw, np.ndarray) else raw, np.float64).reshape(-1, 2)


def spline(raw: Raw, closed: bool = False) -> Points:
    """Centripetal Catmull-Rom curve through the points, sampled about every 1.5 px; two points give a line."""
    knots = points(raw)
    keep = np.r_[True, np.hypot(*np.diff(knots, axis=0).T) > 1e-6]
    knots = knots[keep]
    if len(knots) < 2:
        return knots
    if closed:
        padded = np.vstack([knots[-1:], knots, knots[:2]])
    else:
        padded = np.vstack([2 * knots[0] - knots[1], knots, 2 * knots[-1] - knots[-2]])
    pieces = []
    for p0, p1, p2, p3 in zip(padded[:-3], padded[1:-2], padded[2:-1], padded[3:], strict=True):
        t1 = max(float(np.hypot(*(p1 - p0))), 1e-6) ** 0.5
        t2 = t1 + max(float(np.hypot(*(p2 - p1))), 1e-6) ** 0.5
        t3 = t2 + max(float(np.hypot(*(p3 - p2))), 1e-6) ** 0.5
        count = max(2, int(np.hypot(*(p2 - p1)) / STEP_PX) + 1)
        t = np.linspace(t1, t2, count, endpoint=False)[:, None]
        a1 = (t1 - t) / t1 * p0 + t / t1 * p1
        a2 = (t2 - t) / (t2 - t1) * p1 + (t - t1) / (t2 - t1) * p2
        a3 = (t3 - t) / (t3 - t2) * p2 + (t - t2) / (t3 - t2) * p3
        b1 = (t2 - t) / t2 * a1 + t / t2 * a2
        b2 = (t3 - t) / (t3 - t1) * a2 + (t - t1) / (t3 - t1) * a3
        pieces.append((t2 - t) / (t2 - t1) * b1 + (t - t1) / (t2 - t1) * b2)
    return np.vstack([*pieces, knots[:1] if closed else knots[-1:]])


def resample(curve: Points, count: int) -> Points:
    """`count` points at equal arc length along a polyline."""
    s = np.r_[0, np.cumsum(np.hypot(*np.diff(curve, axis=0).T))]
    at = np.linspace(0, s[-1], count)
    return np.stack([np.interp(at, s, curve[:, 0]), np.interp(at, s, curve[:, 1])], 1)


def normals(curve: Points) -> Points:
    """Unit normals of a polyline: its direction turned by 90 degrees clockwise on screen."""
    tangent = np.gradient(curve, axis=0)
    tangent /= np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-9)[:, None]
    return np.stack([-tangent[:, 1], tangent[:, 0]], 1)


def ribbon(spine: Raw, widths: Sequence[float], count: int = 40) -> tuple[Points, Points]:
    """Both edges of a band around a spine whose half-widths are spread evenly along it."""
    center = resample(spline(spine), count)
    half = np.interp(np.linspace(0, 1, count), np.linspace(0, 1, len(widths)), widths)
    across = normals(center) * half[:, None]
    return _unlooped(center + across, center, half), _unlooped(center - across, center, half)


def _unlooped(edge: Points, center: Points, half: NDArray[np.float64]) -> Points:
    """An offset curve without the loop that it makes inside a sharp bend: as many points, evenly spread."""
    gap = np.hypot(*(edge[:, None] - center[None]).transpose(2, 0, 1)).min(1)
    keep = gap > 0.9 * half - 0.5
    keep[[0, -1]] = True
    return edge if keep.all() else resample(edge[keep], len(edge))


def ellipse(x: float, y: float, rx: float, ry: float, angle: float = 0.0, count: int = 16) -> Points:
    """Points on an ellipse, clockwise on screen from its right end; `angle` in radians."""
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return rotate(np.stack([rx * np.cos(t), ry * np.sin(t)], 1), angle) + xy(x, y)


def rotate(raw: Raw, angle: float, about: Point = (0.0, 0.0)) -> Points:
    """Points turned by `angle` radians (clockwise on screen) about a pivot."""
    c, s = np.cos(angle), np.sin(angle)
    pivot = np.asarray(about, np.float64)
    return (points(raw) - pivot) @ np.array([[c, s], [-s, c]]) + pivot


def looped(curve: Points) -> Points:
    """The curve with its first point again at the end."""
    return np.vstack([curve, curve[:1]])


def zigzag(start: Points, stop: Points, teeth: int, depth: float, towards: Points) -> Points:
    """A saw-tooth line from start to stop whose teeth point along `towards`."""
    unit = towards / max(float(np.hypot(*towards)), 1e-6)
    t = np.linspace(0, 1, teeth * 2 + 1)
    line = start[None] * (1 - t[:, None]) + stop[None] * t[:, None]
    line[1::2] += unit * depth
    return line


def tufted(edge: Points, at: Sequence[float], depth: float) -> list[Points]:
    """An edge cut into pieces that overshoot: tufts of fur. Consecutive pieces share their ends."""
    cuts = [0, *(int(a * (len(edge) - 1)) for a in at), len(edge) - 1]
    across = normals(edge)
    pieces = []
    start = edge[0]
    for a, b in pairwise(cuts):
        piece = edge[a : b + 1].copy()
        piece[0] = start
        if b != cuts[-1]:
            forward = (edge[b] - edge[b - 1]) / max(float(np.hypot(*(edge[b] - edge[b - 1]))), 1e-6)
            out = across[b] * depth
            tip = edge[b] + out + forward * depth * 1.2
            ramp = np.linspace(0, 1, len(piece))[:, None] ** 3
            piece = piece + ramp * (tip - piece[-1])
            start = edge[b]
            pieces.append(np.vstack([piece, start[None]]))
        else:
            pieces.append(piece)
    return pieces


def xy(x: float, y: float) -> Points:
    """An offset."""
    return np.array([x, y], np.float64)


class Tremor:
    """A smooth displacement of the plane, new for each drawing: what makes two drawings of one pose differ."""

    def __init__(self, seed: int, size: tuple[int, int]) -> None:
        rng = np.random.default_rng(seed)
        height, width = size
        field = np.zeros((height, width, 2), np.float32)
        for cell, amplitude in ((26, 0.45), (70, 0.8), (190, 1.3)):
            grid = rng.normal(0, amplitude, (height // cell + 3, width // cell + 3, 2)).astype(np.float32)
            field += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        self._field = field

    def __call__(self, curve: Points) -> Points:
        """The curve as the hand drew it."""
        height, width = self._field.shape[:2]
        x = np.clip(curve[:, 0], 0, width - 1).astype(int)
        y = np.clip(curve[:, 1], 0, height - 1).astype(int)
        shift = cv2.blur(self._field[y, x].astype(np.float64), (1, 5)) if len(curve) > 5 else self._field[y, x]
        return curve + shift
