"""The coat, its sleeves, the mittens, and the fur that trims them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from demo_shot.canvas import Run
from demo_shot.figure import Figure, joint
from demo_shot.geometry import Points, ellipse, looped, normals, points, resample, ribbon, spline
from demo_shot.palette import Paint


def draw_coat(figure: Figure) -> None:
    """The coat: body, shade, closing, buttons, pockets and the fur at its hem."""
    canvas, pose = figure.canvas, figure.pose
    turn, lag = 0.6 * pose.turn, figure.swing(0.5, 0.22)
    hem_left, hem_right = (-96 + lag[0], -152 + lag[1]), (96 + lag[0], -152 + lag[1])
    coat = canvas.layer(
        Paint.COAT,
        [
            Run(points([(-30, -300), (-56, -286), (-66, -262)]), 3.4),
            Run(points([(-66, -262), (-63, -228), (-70, -196), hem_left]), 3.4),
            Run(points([hem_left, (0 + lag[0], -136 + lag[1]), hem_right]), 0),
            Run(points([hem_right, (70, -196), (63, -228), (66, -262)]), 3.4),
            Run(points([(66, -262), (56, -286), (30, -300)]), 3.4),
        ],
    )
    middle = 26 * turn
    canvas.shade(
        Paint.COAT_SHADOW,
        points(
            [
                (44 + 8 * turn, -310),
                (40 + 8 * turn, -250),
                (34 + 10 * turn, -205),
                (52 + lag[0], -130),
                (130, -120),
                (120, -310),
            ]
        ),
        coat,
    )
    canvas.shade(
        Paint.COAT_SHADOW, points([(-80, -290), (-58, -262), (0, -246), (58, -258), (90, -290), (0, -330)]), coat
    )
    canvas.line(points([(middle * 0.7, -280), (middle, -215), (middle + lag[0], -138)]), 2.5, (0.6, 0.8), coat)
    for side in (-1, 1):
        squeeze = 1 - 0.25 * side * turn
        pocket = middle + side * 52 * squeeze
        canvas.line(
            points([(pocket - 13, -184 + lag[1]), (pocket, -181 + lag[1]), (pocket + 13, -186 + lag[1])]),
            2.6,
            (0.5, 0.5),
            coat,
        )
        canvas.line(points([(side * 58, -222), (side * 50, -214), (side * 44, -212)]), 2.0)
    for row, y in enumerate((-226, -194, -164)):
        x = middle * (0.93 + 0.03 * row) + 14 + lag[0] * 0.3 * row
        canvas.layer(Paint.GOLD, [Run(looped(ellipse(x, y + 0.3 * lag[1] * row, 6.5, 6.5)), 2.2, (1, 1))], coat)
    draw_trim(
        figure,
        points(
            [hem_left, (-50 + lag[0], -142 + lag[1]), (lag[0], -138 + lag[1]), (50 + lag[0], -142 + lag[1]), hem_right]
        ),
        11,
        9,
    )


def draw_arm(figure: Figure, side: int) -> None:
    """One arm with its sleeve, cuff and mitten; side -1 is the waving one, on the picture's left."""
    canvas, pose = figure.canvas, figure.pose
    shoulder = (side * 56.0 + 4 * pose.turn, -260.0)
    hand = np.array(pose.hand if side < 0 else pose.other)
    aim = (hand - shoulder) / np.hypot(*(hand - shoulder))
    # The elbow points down and out; between the two it turns towards the viewer.
    bend = -side * float(np.clip(-side * aim[0] * 1.6 + aim[1] * 1.2, -1, 1))
    raised = hand[1] < -255
    bones = joint(shoulder, hand, 72, 68, bend)
    reach = bones[2] - bones[1]
    direction = reach / max(float(np.hypot(*reach)), 1e-6)
    left, right = ribbon(bones, (20, 22, 21, 22, 25), 40)
    root = bones[0] - (bones[1] - bones[0]) / np.hypot(*(bones[1] - bones[0])) * 9
    sleeve = canvas.layer(
        Paint.COAT,
        [
            Run(left[3:], 3.5, (0.25, 0.8), smooth=False),
            Run(np.vstack([left[-1], bones[2] + direction * 5, right[-1]]), 2.6),
            Run(right[:2:-1], 3.5, (0.8, 0.25), smooth=False),
            Run(
                np.vstack(
                    [right[3], root + (right[3] - left[3]) * 0.3, root, root - (right[3] - left[3]) * 0.3, left[3]]
                ),
                2.8 if raised else 0,
            ),
        ],
    )
    center = (left + right) / 2
    lower = (
        right
        if (right[:, 1].mean() + 0.6 * right[:, 0].mean()) > (left[:, 1].mean() + 0.6 * left[:, 0].mean())
        else left
    )
    band = np.vstack([center * 0.55 + lower * 0.45, (lower * 1.6 - center * 0.6)[::-1]])
    canvas.shade(Paint.COAT_SHADOW, band, sleeve, smooth=False)
    canvas.line(np.vstack([lower[20], center[19] * 0.5 + lower[19] * 0.5, center[17]]), 2.1, (0.9, 0.1), sleeve)
    canvas.line(
        np.vstack([lower[24], center[25] * 0.4 + lower[25] * 0.6, center[27] * 0.8 + lower[27] * 0.2]),
        2.0,
        (0.9, 0.1),
        sleeve,
    )
    _mitten(figure, bones[2] + direction * 6, direction, -side)
    across = np.array([-direction[1], direction[0]])
    base = bones[2] + direction * 2
    draw_trim(figure, np.stack([base - across * 27, base + direction * 5, base + across * 27]), 10, 4)


def _mitten(figure: Figure, wrist: Points, direction: Points, thumb: int) -> None:
    across = np.array([-direction[1], direction[0]]) * thumb

    def at(*raw: Sequence[float]) -> Points:
        return np.array([wrist + direction * u + across * v for u, v in raw])

    canvas = figure.canvas
    canvas.layer(
        Paint.CRIMSON,
        [
            Run(at((4, 12), (16, 24), (30, 32), (38, 29), (36, 21), (24, 13)), 3.0),
            Run(at((24, 13), (4, -2), (4, 12)), 0),
        ],
    )
    palm = canvas.layer(
        Paint.CRIMSON,
        [
            Run(at((26, 17), (40, 15), (51, 6), (52, -6), (44, -16), (24, -21), (2, -17)), 3.2, (0.4, 0.8)),
            Run(at((2, -17), (2, 12)), 0),
            Run(at((2, 12), (14, 16), (20, 19)), 0),
            Run(at((20, 19), (26, 17)), 0),
        ],
    )
    dark = (-30, -30) if across[1] < 0 or across[0] < -0.5 else (30, 30)
    edge = -7 if dark[0] < 0 else 7
    canvas.shade(
        Paint.CRIMSON_SHADOW,
        at((-4, edge), (20, edge * 1.6), (38, edge * 1.1), (54, edge * 0.4), (60, dark[0]), (-4, dark[1])),
        palm,
    )
    canvas.line(at((22, 14), (15, 9), (12, 3)), 2.2, (0.8, 0.1), palm)


def draw_trim(figure: Figure, spine: Points, half: float, bumps: int) -> None:
    """A soft cream trim along a curve."""
    canvas = figure.canvas
    curve = spline(spine)
    center = resample(curve, bumps * 12)
    t = np.linspace(0, 1, len(center))
    puff = half * (0.86 + 0.2 * np.abs(np.sin(t * np.pi * bumps)))
    puff *= np.minimum(1, 0.45 + 6 * np.minimum(t, 1 - t))
    across = normals(center)
    left, right = (
        center + across * puff[:, None],
        center
        - across
        * (half * (0.8 + 0.12 * np.abs(np.cos(t * np.pi * bumps))) * np.minimum(1, 0.45 + 6 * np.minimum(t, 1 - t)))[
            :, None
        ],
    )
    trim = canvas.layer(
        Paint.CREAM,
        [
            Run(left, 2.8, (1, 1), smooth=False),
            Run(np.vstack([left[-1], center[-1] + (center[-1] - center[-2]) * 3, right[-1]]), 2.8, (1, 1)),
            Run(right[::-1], 2.8, (1, 1), smooth=False),
            Run(np.vstack([right[0], center[0] * 4 - center[1] * 3, left[0]]), 2.8, (1, 1)),
        ],
    )
    under = left if left[:, 1].mean() > right[:, 1].mean() else right
    reach = int(len(center) * 0.34)
    area = np.vstack([(center * 0.55 + under * 0.45)[reach:], (under * 2 - center)[reach:][::-1]])
    canvas.shade(Paint.CREAM_SHADOW, area, trim, smooth=False)
