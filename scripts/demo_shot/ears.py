"""The ears and the flower beside them."""

from __future__ import annotations

import numpy as np

from demo_shot.canvas import Run
from demo_shot.figure import Figure
from demo_shot.geometry import Points, ellipse, looped, points, xy
from demo_shot.palette import Paint


def draw_far_ear(figure: Figure) -> None:
    """The ear that the skull partly hides when the head is turned."""
    for side in (-1, 1):
        if side * figure.pose.turn > 0.3:
            _ear(figure, side)


def draw_near_ears(figure: Figure) -> None:
    """The ears in front of the hair."""
    for side in (1, -1):
        if side * figure.pose.turn <= 0.3:
            _ear(figure, side)


def _ear(figure: Figure, side: int) -> None:
    canvas, pose = figure.canvas, figure.pose
    base, _ = figure.on_head(side * 38, 0, 104)
    turned = side * pose.turn
    narrow = 1 - 0.26 * max(turned, 0) + 0.04 * max(-turned, 0)
    droop = figure.swing(0.6, 0.14)
    tip = np.array([base + side * 26 + 8 * pose.turn, -196.0]) + droop + xy(0, 6 * pose.nod)
    inner_foot = np.array([base - side * 40 * narrow, -118.0 + 4 * pose.nod])
    outer_foot = np.array([base + side * (34 - 12 * max(turned, 0)) * narrow, -76.0 + 4 * pose.nod])
    low = np.array([base + side * 2, -84.0])
    ear = canvas.layer(
        Paint.HAIR,
        [
            Run(
                figure.head(np.stack([inner_foot, (inner_foot + tip) / 2 + xy(-side * 3, -12), tip])), 3.5, (0.2, 0.75)
            ),
            Run(figure.head(np.stack([tip, (outer_foot + tip) / 2 + xy(side * 15, -6), outer_foot])), 3.5, (0.75, 0.2)),
            Run(figure.head(np.stack([outer_foot, low, inner_foot])), 0),
        ],
    )
    middle = (inner_foot + outer_foot) / 2 + xy(0, 6)

    def mix(point: Points, toward: float) -> Points:
        return point * toward + middle * (1 - toward)

    a, b, c = mix(inner_foot, 0.5), mix(tip, 0.74) + xy(side * 1, 0), mix(outer_foot, 0.62)
    inner = canvas.layer(
        Paint.CREAM,
        [
            Run(figure.head(np.stack([a + xy(0, 4), (a + b) / 2 + xy(-side * 1, -7), b])), 2.6, (0.3, 0.7)),
            Run(figure.head(np.stack([b, (b + c) / 2 + xy(side * 8, -3), c + xy(0, 6)])), 2.6, (0.7, 0.3)),
            Run(figure.head(np.stack([c + xy(0, 6), mix(outer_foot, 0.2) + xy(side * 2, -12)])), 2.3, (0.5, 0.7)),
            Run(
                figure.head(np.stack([mix(outer_foot, 0.2) + xy(side * 2, -12), mix(outer_foot, 0.18) + xy(0, 4)])),
                2.3,
                (0.7, 0.7),
            ),
            Run(
                figure.head(np.stack([mix(outer_foot, 0.18) + xy(0, 4), mix(inner_foot, 0.2) + xy(0, -16)])),
                2.3,
                (0.7, 0.7),
            ),
            Run(figure.head(np.stack([mix(inner_foot, 0.2) + xy(0, -16), a + xy(0, 4)])), 2.3, (0.7, 0.4)),
        ],
        ear,
    )
    foot = c if side > 0 else a
    dark = np.stack(
        [
            b + xy(0, -30),
            b + xy(1, 10),
            (b + foot) / 2 + xy(-7, 6),
            foot + xy(-9, 14),
            foot + xy(30, 30),
            b + xy(40, -30),
        ]
    )
    canvas.shade(Paint.CREAM_SHADOW, figure.head(dark), inner)


def draw_pin(figure: Figure) -> None:
    """The flower on her fringe; it slides over the skull as the head turns."""
    canvas, pose = figure.canvas, figure.pose
    x, y = figure.on_head(-52, -34, 116)
    narrow = max(0.45, float(np.cos(np.radians(52 - 20 * pose.turn))) ** 0.5)
    petals = []
    for k in range(5):
        angle = -np.pi / 2 + k * 2 * np.pi / 5 + 0.2
        for spread, reach in ((-0.4, 19.0), (0.0, 23.0), (0.4, 19.0)):
            petals.append((x + narrow * reach * np.cos(angle + spread), y + reach * np.sin(angle + spread)))
        petals.append((x + narrow * 12 * np.cos(angle + np.pi / 5), y + 12 * np.sin(angle + np.pi / 5)))
    canvas.layer(Paint.CREAM, [Run(figure.head(looped(points(petals))), 2.5, (1, 1))])
    canvas.layer(Paint.GOLD, [Run(looped(figure.head(ellipse(x, y, 7.5 * narrow, 7.5))), 2.2, (1, 1))])
