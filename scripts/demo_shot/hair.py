"""Hair: the long locks behind, the fringe, the locks at the sides."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from demo_shot.canvas import Layer, Run
from demo_shot.figure import Figure
from demo_shot.geometry import Points, ribbon, spline, xy
from demo_shot.palette import Paint


def draw_back_hair(figure: Figure) -> None:
    """The long hair behind her body, ending in locks that lag."""
    canvas = figure.canvas
    shift = -10 * figure.pose.turn
    top = figure.head([(-104 + shift, -60), (-122 + shift, 10), (-126 + shift, 76)])
    end = figure.head([(126 + shift, 76), (122 + shift, 10), (104 + shift, -60)])
    tips = [(-170, -196), (-128, -142), (-62, -166), (-8, -150), (50, -164), (124, -140), (168, -192)]
    dips = [(-136, -228), (-88, -216), (-34, -216), (24, -216), (84, -216), (134, -230)]
    tips_at = [np.array(p) + figure.swing(2.0 + 0.16 * k, 0.95) + xy(shift, 0) for k, p in enumerate(tips)]
    dips_at = [np.array(p) + figure.swing(1.6, 0.7) + xy(shift, 0) for p in dips]
    left_mid = (top[-1] + tips_at[0]) / 2 + xy(-10, 6) + figure.swing(0.8, 0.35) * 0.6
    right_mid = (end[0] + tips_at[-1]) / 2 + xy(10, 6) + figure.swing(0.8, 0.35) * 0.6
    runs = [Run(np.vstack([top, left_mid, tips_at[0]]), 3.6, (0.6, 0.5))]
    for k, dip in enumerate(dips_at):
        runs.append(Run(np.stack([tips_at[k], tips_at[k] * 0.45 + dip * 0.55 + xy(7, 4), dip]), 3.2, (0.5, 0.8)))
        runs.append(Run(np.stack([dip, tips_at[k + 1] * 0.5 + dip * 0.5 + xy(-5, 5), tips_at[k + 1]]), 3.2, (0.8, 0.5)))
    runs.append(Run(np.vstack([tips_at[-1], right_mid, end]), 3.6, (0.5, 0.6)))
    hair = canvas.layer(Paint.HAIR, runs)
    shade = np.vstack(
        [
            figure.head([(-70, 40), (-86, 90)]),
            dips_at[0] + xy(6, -26),
            dips_at[1] + xy(-8, -6),
            dips_at[1] + xy(10, 30),
            dips_at[2] + xy(-8, 2),
            dips_at[2] + xy(12, 24),
            dips_at[3] + xy(0, 4),
            dips_at[3] + xy(16, 30),
            dips_at[4] + xy(2, 0),
            dips_at[5] + xy(10, 60),
            tips_at[-1] + xy(30, 20),
            right_mid + xy(30, 0),
            figure.head([(140, 60), (96, 20)]),
        ]
    )
    canvas.shade(Paint.HAIR_SHADOW, shade, hair, smooth=False)
    for k in (0, 1, 3, 5):
        canvas.line(
            np.stack([dips_at[k], dips_at[k] + xy(-2, -24), dips_at[k] + xy(2, -48) - figure.swing(1, 0.2)]),
            2.3,
            (0.9, 0.1),
            hair,
        )


def draw_hair(figure: Figure) -> None:
    """The hair on the skull with its fringe, highlight and shade."""
    canvas, pose = figure.canvas, figure.pose
    s = -8 * pose.turn
    fringe = _fringe(figure)
    start, stop = fringe[0][0], fringe[-1][-1]
    skull = [
        (-116 + s, 18),
        (-122 + s, -36),
        (-108 + s, -92),
        (-66 + s, -130),
        (-6 + s * 0.5, -146),
        (60 + s, -132),
        (106 + s, -92),
        (122 + s, -36),
        (116 + s, 18),
    ]
    runs = [
        Run(figure.head([stop, (stop + skull[0]) / 2 + xy(0, 7), skull[0]]), 2.8, (0.7, 0.1)),
        Run(figure.head(skull), 3.7, (0.5, 0.5)),
        Run(figure.head([skull[-1], (start + skull[-1]) / 2 + xy(0, 7), start]), 2.8, (0.1, 0.7)),
    ]
    for k, piece in enumerate(fringe):
        ends = (0.55, 0.75) if k % 2 == 0 else (0.75, 0.55)
        runs.append(Run(figure.head(piece), 3.0, ends))
    hair = canvas.layer(Paint.HAIR, runs)
    dark = [(140, -110), (92 + s, -98), (84 + s, -50), (96 + s, -20), (74 + s, -8), (70 + s, 40), (140, 60)]
    canvas.shade(Paint.HAIR_SHADOW, figure.head(dark), hair)
    _shine(figure, hair)
    for longitude, length in ((-46, 34), (-8, 42), (28, 36), (-70, 40), (58, 38)):
        if abs(longitude + 20 * pose.turn) > 62:
            continue
        a = figure.on_head(longitude, -40 - length * 0.1, 112)
        b = figure.on_head(longitude * 0.82, -48 - length, 108)
        tip = figure.on_head(longitude, -40, 110)
        canvas.line(figure.head([tip, ((a[0] + b[0]) / 2 + 2, (tip[1] + b[1]) / 2), b]), 2.4, (0.9, 0.1), hair)
    for x, height, lean in ((6, 40, 30), (-4, 26, -26)):
        sway = figure.swing(1.5, 0.3)
        root = figure.on_head(x, -138, 20)
        tip = np.array([root[0] + lean, root[1] - height]) + sway
        canvas.layer(
            Paint.HAIR,
            [
                Run(
                    figure.head([(root[0] - 7, root[1]), (root[0] + lean * 0.1 - 3, root[1] - height * 0.8), tip]),
                    3.0,
                    (0.6, 0.5),
                ),
                Run(
                    figure.head(
                        [tip, (root[0] + lean * 0.35 + 4, root[1] - height * 0.55), (root[0] + 8, root[1] + 1)]
                    ),
                    3.0,
                    (0.5, 0.5),
                ),
            ],
        )


def _shine(figure: Figure, hair: Layer) -> None:
    """The bright band on the crown: a saw-tooth ring that follows half of the turn."""
    lower, upper = [], []
    for k, longitude in enumerate(range(-58, 34, 8)):
        drift = longitude - 6 * figure.pose.turn
        angle = np.radians(drift)
        x = 108 * np.sin(angle)
        base = -58 - 34 * np.cos(angle) + 20
        lower.append((x, base + (9 if k % 2 else -5)))
        upper.append((x, base - 14 - (6 if k % 2 == 0 else 0)))
    upper[0], upper[-1] = lower[0], lower[-1]
    figure.canvas.shade(Paint.HAIR_LIGHT, figure.head([*lower, *upper[::-1][1:-1]]), hair, smooth=False)


def draw_side_locks(figure: Figure) -> None:
    """The locks that hang in front of the ears and over the shoulders."""
    canvas, pose = figure.canvas, figure.pose
    order = (1, -1) if pose.turn > 0 else (-1, 1)
    for side in order:
        far = max(side * pose.turn, 0)
        x, y = figure.on_head(side * 70, -40, 103)
        top = figure.head([(x, y)])[0]
        droop = 186 - 30 * far
        spine = [
            top,
            top + xy(side * (9 - 12 * far), droop * 0.3),
            top + xy(side * (6 - 6 * far), droop * 0.62) + figure.swing(0.6, 0.4),
            top + xy(side * -4, droop) + figure.swing(1.5, 0.75),
        ]
        left, right = ribbon(np.array(spine), (8, 14, 19, 19, 15, 10, 1), 44)
        lock = canvas.layer(
            Paint.HAIR,
            [
                Run(left[8:], 3.4, (0.2, 0.6), smooth=False),
                Run(right[:7:-1], 3.4, (0.6, 0.2), smooth=False),
                Run(np.vstack([right[8], left[8]]), 0),
            ],
        )
        center = (left + right) / 2
        dark = left if left[:, 0].mean() > right[:, 0].mean() else right
        area = np.vstack([(center * 0.6 + dark * 0.4)[22:], (dark * 1.6 - center * 0.6)[10:][::-1]])
        canvas.shade(Paint.HAIR_SHADOW, area, lock, smooth=False)
        canvas.line(center[14:34] * 0.8 + (left if dark is right else right)[14:34] * 0.2, 2.2, (0.15, 0.3), lock)


def _fringe(figure: Figure) -> list[Points]:
    """The lower edge of the fringe from the right temple to the left one, as pieces between its tips (head's frame)."""
    lag = figure.swing(0.3, 0.12)
    spots = [
        (84, 30, 1),
        (58, -34, 0),
        (50, 6, 1),
        (32, -40, 0),
        (24, -2, 1),
        (6, -44, 0),
        (-6, 8, 1),
        (-20, -42, 0),
        (-32, 0, 1),
        (-44, -38, 0),
        (-58, 8, 1),
        (-64, -30, 0),
        (-86, 34, 1),
    ]
    placed = []
    for longitude, y, is_tip in spots:
        x, v = figure.on_head(longitude, y, 110)
        placed.append(np.array([x, v]) + (lag if is_tip else 0))
    pieces = []
    for k, (a, b) in enumerate(pairwise(placed)):
        rising = spots[k][2] == 1
        bow = np.array([3.0, 4.0]) if rising else np.array([5.0, 1.0])
        pieces.append(np.stack([a, (a + b) / 2 + bow, b]))
    return pieces


def fringe_shadow(figure: Figure) -> Points:
    edge = np.vstack([piece if i == 0 else piece[1:] for i, piece in enumerate(_fringe(figure))])
    dense = np.vstack([spline(edge[i : i + 3])[:-1] for i in range(0, len(edge) - 1, 2)])
    return figure.head(np.vstack([dense + xy(4, 11), [(-130, -130), (130, -130)]]))
