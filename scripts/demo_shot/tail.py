"""The fox tail."""

from __future__ import annotations

import numpy as np

from demo_shot.canvas import Run
from demo_shot.figure import Figure
from demo_shot.geometry import resample, ribbon, spline, tufted, zigzag
from demo_shot.palette import Paint

_TAIL = ((0, -176), (70, -120), (150, -112), (226, -166), (250, -252), (216, -326))


def draw_tail(figure: Figure) -> None:
    """The fox tail, swung from side to side behind her, with its cream tip and shaded underside."""
    canvas, pose = figure.canvas, figure.pose
    side = float(np.clip(pose.tail - 0.003 * pose.swing[3], -1.1, 1.1))
    side = float(np.copysign(max(abs(side), 0.35), side))
    spine = np.array(_TAIL, np.float64)
    spine[:, 0] *= side
    loose = np.linspace(0, 1, len(spine))[:, None] ** 1.3
    spine = spine + loose * figure.swing(2.5, 0.7) + loose * (0, 14 * np.sin(pose.breeze * 0.8))
    left, right = ribbon(spine, (10, 26, 43, 54, 56, 44, 4), 60)
    if side < 0:
        left, right = right, left
    outer = tufted(left, (0.5, 0.66, 0.82), 9)
    inner = tufted(right[::-1], (0.2, 0.42), 7)
    tail = canvas.layer(Paint.HAIR, [Run(piece, 3.5, (0.7, 0.5), smooth=False) for piece in (*outer, *inner)])
    center = resample(spline(spine), 60)
    under = np.vstack([center[6:44] * 0.45 + right[6:44] * 0.55, right[44:3:-1] * 2 - center[44:3:-1]])
    canvas.shade(Paint.HAIR_SHADOW, under, tail, smooth=False)
    edge = zigzag(left[41] * 1.3 - right[41] * 0.3, right[38] * 1.3 - left[38] * 0.3, 5, 20, center[59] - center[40])
    cap = np.vstack(
        [
            edge,
            right[44:] * 1.6 - center[44:] * 0.6,
            center[59:] * 1.4 - center[50:51] * 0.4,
            left[:43:-1] * 1.6 - center[:43:-1] * 0.6,
        ]
    )
    canvas.shade(Paint.CREAM, cap, tail, smooth=False)
    tip = np.vstack(
        [center[50:59] * 0.3 + right[50:59] * 0.7, right[58:44:-1] * 1.5 - center[58:44:-1] * 0.5, right[45:46]]
    )
    canvas.shade(Paint.CREAM_SHADOW, tip, tail, smooth=False)
    for at in (0.3, 0.55):
        i = int(at * 60)
        canvas.line(np.vstack([center[i] * 0.5 + left[i] * 0.5, center[i + 5] * 0.7 + left[i + 5] * 0.3]), 2.0)
