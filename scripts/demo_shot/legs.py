"""Legs, boots and skirt."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from demo_shot.canvas import Run
from demo_shot.coat import draw_trim
from demo_shot.figure import Figure
from demo_shot.geometry import Points, points, ribbon
from demo_shot.palette import Paint


def draw_legs(figure: Figure) -> None:
    """Both legs with their boots; in the air they fold."""
    pose = figure.pose
    air = pose.lift / 60.0
    bend = np.clip(1 - pose.squash, 0, 0.1) * 60
    turn = 0.6 * pose.turn
    for side in (1, -1) if turn < 0 else (-1, 1):
        tuck = air * (34 if side == 1 else 12)
        ankle = np.array([side * (36 + 4 * air) + 7 * turn * (1 if side > 0 else 0.5), -58 - tuck])
        knee = np.array([side * (38 + bend + 8 * air), -100 - tuck * 0.5])
        _leg(figure, np.array([[side * 33.0, -172.0], knee, ankle]), turn, side * (0.12 + 0.25 * air))


def _leg(figure: Figure, spine: Points, turn: float, tilt: float) -> None:
    canvas = figure.canvas
    left, right = ribbon(spine, (27, 25, 22, 19), 24)
    canvas.layer(Paint.TIGHTS, [Run(left, 3.2), Run(np.vstack([left[-1], right[-1]]), 0), Run(right[::-1], 3.2)])
    x, y = spine[-1]
    toe = 15 * turn + 8 * tilt
    drop = 58.0

    def at(*raw: Sequence[float]) -> Points:
        local = points(raw)
        return np.stack([x + local[:, 0] + tilt * (local[:, 1]) * 0.4, y + local[:, 1]], 1)

    boot = canvas.layer(
        Paint.BOOT,
        [
            Run(
                at((-21, -8), (-21, 18), (-25 + min(toe, 0), 34), (-27 + min(toe, 0) * 1.5, 50), (-22 + toe, drop)), 3.4
            ),
            Run(at((-22 + toe, drop), (toe, drop + 3), (22 + toe, drop)), 3.8),
            Run(at((22 + toe, drop), (27 + max(toe, 0) * 1.5, 50), (25 + max(toe, 0), 34), (21, 18), (21, -8)), 3.4),
            Run(at((21, -8), (-21, -8)), 0),
        ],
    )
    canvas.shade(
        Paint.BOOT_SHADOW,
        at((9, -12), (7, 20), (12 + toe, 36), (-6 + toe, 48), (-40, 47), (-40, 70), (70, 70), (60, -12)),
        boot,
    )
    canvas.line(at((-26 + toe, 46), (toe, 50), (26 + toe, 46)), 2.2, (0.5, 0.5), boot)
    canvas.line(at((-12 + 0.6 * toe, 24), (0.6 * toe, 28), (11 + 0.6 * toe, 25)), 2.0)
    draw_trim(figure, at((-25, -9), (0, -4), (25, -9)), 10, 4)


def draw_skirt(figure: Figure) -> None:
    """The pleated skirt under the coat."""
    canvas, pose = figure.canvas, figure.pose
    lag, count, turn = figure.swing(1.0, 0.35), 7, 0.6 * pose.turn
    hem = []
    for i in range(count + 1):
        u = i / count * 2 - 1
        spread = 100 * np.sin(u * 1.35 + 0.12 * turn) / np.sin(1.35)
        hem.append((spread + lag[0], -112 - 12 * u * u * 0.9 + lag[1] * 0.6 + 2 * np.sin(i * 2 + pose.breeze)))
    runs = [Run(points([(-72, -180), (-86, -150), hem[0]]), 3.3)]
    for a, b in pairwise(hem):
        runs.append(Run(points([a, ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2 + 3), (b[0], b[1] - 5)]), 3.0))
    runs += [Run(points([hem[-1], (86, -150), (72, -180)]), 3.3), Run(points([(72, -180), (-72, -180)]), 0)]
    skirt = canvas.layer(Paint.CRIMSON, runs)
    for i in range(1, count):
        x, y = hem[i]
        top = (x * 0.82, -165)
        if i % 2:
            canvas.shade(Paint.CRIMSON_SHADOW, points([top, (x - 14, y + 8), (x, y + 8)]), skirt, smooth=False)
        canvas.line(points([top, (x * 0.93, -140), (x, y - 2)]), 2.2, (0.4, 0.7), skirt)
    canvas.shade(
        Paint.CRIMSON_SHADOW,
        points([(-110, -165), (-110, -148), (0, -135), (110, -148), (110, -165)]),
        skirt,
        smooth=False,
    )
