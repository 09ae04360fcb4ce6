"""The face: skin, eyes, brows, mouth."""

from __future__ import annotations

import numpy as np

from demo_shot.canvas import Layer, Run
from demo_shot.figure import Figure
from demo_shot.geometry import Points, ellipse, looped, points, spline, xy
from demo_shot.hair import fringe_shadow
from demo_shot.palette import Paint

_FACE_FRONT = ((102, -44), (103, -4), (99, 36), (68, 78), (0, 107), (-68, 78), (-99, 36), (-103, -4), (-102, -44))
_FACE_RIGHT = ((86, -44), (80, -4), (84, 34), (70, 72), (26, 106), (-40, 86), (-84, 44), (-100, -2), (-102, -44))


def draw_face(figure: Figure) -> None:
    """Skin, shade, blush, eyes, nose and mouth."""
    canvas, pose = figure.canvas, figure.pose
    outline = _face_outline(pose.turn)
    face = canvas.layer(
        Paint.SKIN,
        [
            Run(figure.head(outline[:3]), 3.4, (0.6, 0.9)),
            Run(figure.head(outline[2:7]), 3.5, (0.9, 0.9)),
            Run(figure.head(outline[6:]), 3.4, (0.9, 0.6)),
            Run(figure.head([outline[-1], (-60, -112), (60, -112), outline[0]]), 0),
        ],
    )
    canvas.shade(Paint.SKIN_SHADOW, fringe_shadow(figure), face, smooth=False)
    right_cheek = np.array(
        [
            outline[1] * 0.9,
            outline[2] * 0.86,
            outline[3] * 0.88,
            outline[4] * 0.95 + xy(6, 0),
            outline[4] + xy(10, 30),
            (140, 90),
            (140, -40),
        ]
    )
    canvas.shade(Paint.SKIN_SHADOW, figure.head(right_cheek), face)
    for side in (-1, 1):
        x, y = figure.on_head(side * 35, 56, 100)
        wide = 15 * (1 - 0.3 * max(side * pose.turn, 0))
        canvas.shade(Paint.BLUSH, figure.head(ellipse(x, y, wide, 7.5)), face)
        for k in (-1, 0, 1):
            canvas.line(
                figure.head([(x + k * wide * 0.5 + 2, y - 4), (x + k * wide * 0.5 - 2, y + 4)]), 1.7, (0.8, 0.5), face
            )
    for side in (-1, 1):
        _eye(figure, face, side)
    x, y = figure.on_head(0, 50, 116)
    canvas.line(figure.head([(x - 1, y - 3), (x + 3 * np.sign(pose.turn + 0.01), y + 1)]), 2.4, (0.6, 0.6))
    _mouth(figure, face)


def _face_outline(turn: float) -> Points:
    front, right = np.array(_FACE_FRONT, np.float64), np.array(_FACE_RIGHT, np.float64)
    target = right if turn >= 0 else right[::-1] * (-1, 1)
    amount = min(abs(turn), 1.15)
    return front * (1 - amount) + target * amount


def _eye(figure: Figure, face: Layer, side: int) -> None:
    canvas, pose = figure.canvas, figure.pose
    x, y = figure.on_head(side * 27, 24, 100)
    turned = side * pose.turn
    wide = 25 * (1 - 0.3 * max(turned, 0) + 0.04 * max(-turned, 0))
    closed = 1.0 if pose.laugh else pose.blink
    if closed > 0.85:
        arch = -15 if pose.laugh else 9
        lid = [
            (x - wide, y + 8),
            (x - wide * 0.5, y + 8 + arch * 0.7),
            (x, y + 8 + arch),
            (x + wide * 0.5, y + 8 + arch * 0.7),
            (x + wide, y + 8),
        ]
        canvas.line(figure.head(lid), 5.0, (0.45, 0.45), face)
        outer = (x + side * wide, y + 8)
        canvas.line(
            figure.head([outer, (outer[0] + side * 6, outer[1] - 1 + (5 if arch < 0 else -4))]), 3.0, (0.9, 0.2), face
        )
    else:
        _open_eye(figure, face, side, (x, y), wide, closed)


def _open_eye(figure: Figure, face: Layer, side: int, at: tuple[float, float], wide: float, closed: float) -> None:
    canvas, pose = figure.canvas, figure.pose
    x, y = at
    top, bottom = y - 27 + 38 * closed, y + 25
    outer, inner = x + side * wide, x - side * wide
    corner = y - 4 + 19 * closed
    upper = points(
        [
            (inner, y - 6 + 22 * closed),
            (x - side * wide * 0.62, top + 7),
            (x, top),
            (x + side * wide * 0.62, top + 5),
            (outer, corner),
        ]
    )
    lower = points(
        [
            (outer, corner),
            (x + side * wide * 0.82, y + 15),
            (x + side * wide * 0.2, bottom),
            (x - side * wide * 0.6, bottom - 5),
            (inner, y - 6 + 22 * closed),
        ]
    )
    white = canvas.layer(Paint.CREAM, [Run(figure.head(upper), 0), Run(figure.head(lower), 0)], face)
    cx, cy = x + 3.5 * pose.turn, y + 4 * closed
    rx, ry = wide * 0.82, 28.0
    iris = canvas.layer(Paint.IRIS, [Run(looped(figure.head(ellipse(cx, cy, rx, ry))), 2.4, (1, 1))], white)
    shadow = [(cx - 40, cy - 40), (cx - 40, cy + 1), (cx, cy + 5), (cx + 40, cy + 1), (cx + 40, cy - 40)]
    canvas.shade(Paint.IRIS_DARK, figure.head(shadow), iris)
    canvas.blot(figure.head(ellipse(cx, cy + 2, rx * 0.4, ry * 0.4)), inside=iris)
    canvas.layer(Paint.CREAM, [Run(looped(figure.head(ellipse(cx - 7, cy - 11, 7, 8.5))), 0)], iris)
    lash = spline(figure.head(upper))
    weight = np.interp(np.linspace(0, 1, len(lash)), (0, 0.3, 0.75, 1), (1.5, 5.0, 7.0, 6.5))[:, None]
    middle = figure.head([(x, y + 12)])
    outward = (lash - middle) / np.hypot(*(lash - middle).T)[:, None]
    flick = figure.head([(outer + side * 13, corner - 9), (outer + side * 2, corner + 7)])
    canvas.blot(np.vstack([lash, flick[1:], flick[:1], (lash + outward * weight)[::-1]]), smooth=False)
    canvas.line(figure.head(lower[1:4] + xy(0, 1)), 2.3, (0.2, 0.2), face)
    crease = [(x - side * wide * 0.6, top - 10), (x, top - 15), (x + side * wide * 0.8, top - 8)]
    canvas.line(figure.head(crease), 1.8, (0.2, 0.2), face)


def draw_brows(figure: Figure) -> None:
    """Eyebrows, which show through the fringe as cartoons have them."""
    pose = figure.pose
    for side in (-1, 1):
        x, y = figure.on_head(side * 28, -25, 100)
        wide = 14 * (1 - 0.3 * max(side * pose.turn, 0))
        lift = -5 * pose.smile + (3 if pose.laugh else 0)
        brow = [(x - side * wide, y - 1 + lift), (x + side * wide * 0.1, y - 6 + lift), (x + side * wide, y + 1 + lift)]
        figure.canvas.line(figure.head(brow), 3.0, (0.25, 0.2))


def _mouth(figure: Figure, face: Layer) -> None:
    canvas, pose = figure.canvas, figure.pose
    x, y = figure.on_head(0, 74, 112)
    wide = 15 * (1 - 0.12 * abs(pose.turn))
    if pose.smile < 0.45:
        canvas.line(
            figure.head(
                [
                    (x - wide * 0.7, y - 1),
                    (x - wide * 0.3, y + 3),
                    (x, y),
                    (x + wide * 0.3, y + 3),
                    (x + wide * 0.7, y - 1),
                ]
            ),
            2.5,
            (0.5, 0.5),
        )
        return
    deep = 5 + 15 * pose.smile
    top = [(x - wide, y - 6), (x - wide * 0.4, y - 3), (x + wide * 0.4, y - 3), (x + wide, y - 6)]
    bottom = [
        (x + wide, y - 6),
        (x + wide * 0.86, y + deep * 0.45),
        (x + wide * 0.3, y + deep),
        (x - wide * 0.3, y + deep),
        (x - wide * 0.86, y + deep * 0.45),
        (x - wide, y - 6),
    ]
    runs = [Run(figure.head(top), 2.8, (0.8, 0.8)), Run(figure.head(bottom), 2.7, (0.9, 0.9))]
    mouth = canvas.layer(Paint.CRIMSON_SHADOW, runs, face)
    canvas.shade(Paint.CRIMSON, figure.head(ellipse(x, y + deep + 3, wide * 0.7, deep * 0.6)), mouth)
