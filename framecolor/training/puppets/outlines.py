"""Draw outlines to build shapes from: tubes, circles, rounded polygons; float64 Nx2, closed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from framecolor.training.puppets.shapes import Contour

Point = NDArray[np.float64]


def tube(spine: Sequence[Point], start: float, end: float) -> Contour:
    """Draw the outline of a tapered tube along a spine, with round ends; radius from `start` to `end`."""
    nodes = np.array(spine)
    if len(nodes) == 3:
        t = np.linspace(0, 1, 13)[:, None]
        control = 2 * nodes[1] - (nodes[0] + nodes[2]) / 2
        control = nodes[1] * 0.4 + control * 0.6
        nodes = nodes[0] * (1 - t) ** 2 + control * 2 * t * (1 - t) + nodes[2] * t**2
    else:
        nodes = nodes[0] + (nodes[-1] - nodes[0]) * np.linspace(0, 1, 9)[:, None]
    along = np.gradient(nodes, axis=0)
    along /= np.maximum(np.hypot(*along.T), 1e-9)[:, None]
    side = np.stack([along[:, 1], -along[:, 0]], axis=1)
    radius = np.linspace(start, end, len(nodes))[:, None]
    turn = np.linspace(-np.pi / 2, np.pi / 2, 8)[1:-1, None]
    last = nodes[-1] + end * (np.cos(turn) * along[-1] - np.sin(turn) * side[-1])
    first = nodes[0] + start * (-np.cos(turn) * along[0] + np.sin(turn) * side[0])
    return np.concatenate([nodes + side * radius, last, (nodes - side * radius)[::-1], first])


def smooth(corners: Contour, rounds: int = 2) -> Contour:
    """Cut the corners of a closed outline (Chaikin 1974): twice as many points per round."""
    for _ in range(rounds):
        following = np.roll(corners, -1, axis=0)
        corners = np.stack([corners * 0.75 + following * 0.25, corners * 0.25 + following * 0.75], axis=1).reshape(
            -1, 2
        )
    return corners


def xy(x: float, y: float) -> Point:
    """Make a point or an offset."""
    return np.array([x, y])


def circle(middle: Point, radius: float) -> Contour:
    """Draw a circle of 16 points."""
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    return middle + radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def ellipse(middle: Point, radius: NDArray[np.float64], turn: float) -> Contour:
    """Draw an ellipse of 24 points, its axes turned by `turn` radians."""
    t = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    x, y = radius[0] * np.cos(t), radius[1] * np.sin(t)
    return middle + np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1)
