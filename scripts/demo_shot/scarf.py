"""The scarf: around the neck, in front, and in the wind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from demo_shot.canvas import Run
from demo_shot.figure import Figure
from demo_shot.geometry import Points, points, ribbon, zigzag
from demo_shot.palette import Paint


def draw_scarf_tail(figure: Figure) -> None:
    """The long end of the scarf, in the wind behind her."""
    pose = figure.pose
    wave = [np.sin(pose.breeze - 0.9 * k) for k in range(5)]
    spine = [
        (-30, -300),
        (-92, -296 + 5 * wave[1]),
        (-150, -284 + 11 * wave[2]),
        (-212, -268 + 16 * wave[3]),
        (-268, -262 + 20 * wave[4]),
    ]
    moved = [np.array(p) + figure.swing(0.75 * k, 0.28 * k) for k, p in enumerate(spine)]
    _scarf_end(figure, np.array(moved), (17, 20, 23, 25, 26), (0.52, 0.62, 0.72, 0.82))


def draw_scarf(figure: Figure) -> None:
    """The scarf around her neck, the shade under her chin, and the short end in front."""
    canvas, turn = figure.canvas, figure.pose.turn
    canvas.layer(Paint.SKIN_SHADOW, [Run(points([(-24, -340), (-26, -290), (26, -290), (24, -340)]), 2.5)])
    knot = 34 + 6 * turn
    end = [
        np.array(p) + figure.swing(0.6 * k, 0.16 * k)
        for k, p in enumerate([(knot, -276), (knot + 8, -240), (knot + 10, -204), (knot + 12, -172)])
    ]
    _scarf_end(figure, np.array(end), (15, 18, 20, 22), (0.6, 0.76))
    wrap = canvas.layer(
        Paint.SCARF,
        [
            Run(points([(-58, -322), (-72, -304), (-64, -282), (-30, -266), (8, -260)]), 3.5),
            Run(points([(8, -260), (44, -266), (68, -284), (72, -306), (58, -324)]), 3.5),
            Run(points([(58, -324), (0, -340), (-58, -322)]), 2.8),
        ],
    )
    canvas.shade(
        Paint.SCARF_SHADOW,
        points([(-90, -340), (-56, -312), (-20, -300), (20, -297), (50, -302), (60, -270), (90, -250), (100, -340)]),
        wrap,
    )
    canvas.line(points([(-66, -296), (-30, -282), (10, -279), (38, -286)]), 2.4, (0.8, 0.2))
    canvas.line(points([(-44, -310), (-8, -298), (34, -302), (62, -312)]), 2.2, (0.2, 0.5))
    _knot(figure, knot)


def _knot(figure: Figure, x: float) -> None:
    canvas = figure.canvas
    knot = canvas.layer(
        Paint.SCARF,
        [
            Run(
                points(
                    [
                        (x - 18, -288),
                        (x - 4, -296),
                        (x + 14, -292),
                        (x + 20, -276),
                        (x + 14, -260),
                        (x - 4, -256),
                        (x - 18, -264),
                        (x - 21, -276),
                        (x - 18, -288),
                    ]
                ),
                3.2,
                (1, 1),
            )
        ],
    )
    canvas.shade(
        Paint.SCARF_SHADOW,
        points(
            [(x + 8, -300), (x + 6, -276), (x - 8, -264), (x - 24, -262), (x, -240), (x + 40, -250), (x + 30, -300)]
        ),
        knot,
    )
    canvas.line(points([(x - 10, -290), (x - 2, -280), (x - 4, -268)]), 2.0, (0.8, 0.1), knot)


def _scarf_end(figure: Figure, spine: Points, widths: Sequence[float], stripes: Sequence[float]) -> None:
    canvas = figure.canvas
    left, right = ribbon(spine, widths, 50)
    fringe = zigzag(left[-1], right[-1], 5, 15, left[-1] - left[-4])
    band = canvas.layer(
        Paint.SCARF,
        [Run(left, 3.3, smooth=False), Run(fringe, 2.8, (1, 1), smooth=False), Run(right[::-1], 3.3, smooth=False)],
    )
    for start, stop in zip(stripes[::2], stripes[1::2], strict=True):
        a, b = int(start * 49), int(stop * 49)
        area = np.vstack(
            [
                left[a] * 1.2 - right[a] * 0.2,
                right[a] * 1.2 - left[a] * 0.2,
                right[b] * 1.2 - left[b] * 0.2,
                left[b] * 1.2 - right[b] * 0.2,
            ]
        )
        canvas.shade(Paint.CREAM, area, band, smooth=False)
        for i in (a, b):
            canvas.line(
                np.vstack([left[i], (left[i] + right[i]) / 2 + (left[i] - left[i - 1]) * 0.8, right[i]]),
                2.1,
                (1, 1),
                band,
            )
    lower = (
        left if left[:, 1].mean() + left[:, 0].mean() * 0.3 > right[:, 1].mean() + right[:, 0].mean() * 0.3 else right
    )
    center = (left + right) / 2
    stop = int(stripes[0] * 49)
    dark = np.vstack(
        [
            (center * 0.5 + lower * 0.5)[: stop - 4],
            lower[stop - 4 : stop],
            (lower * 1.5 - center * 0.5)[: stop + 1][::-1],
        ]
    )
    canvas.shade(Paint.SCARF_SHADOW, dark, band, smooth=False)
