"""What moves, frame by frame: the poses of the 32 frames and the parts that lag behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FIRST_FRAME = 1001
FRAME_COUNT = 32
# Which moment each frame shows: holds at both ends, and "on twos" (one drawing for two frames) while she waves.
EXPOSURE = (0, 0, *range(2, 12), 12, 12, 14, 14, 16, 16, *range(18, 31), 30)
# Painted keys: first pose, waving on the other side (a hold), landing. Of the sets tried, these were painted from best.
KEYS = (1001, 1013, 1029)

Track = Sequence[tuple[float, float]]

# fmt: off
_TURN: Track = (
    (0, -1), (2, -1), (3.5, -1.08), (7, -0.1), (10, 1.0), (12, 1.08), (18, 0.95), (22, 0.5), (27, 0.2), (31, 0.1),
)
_NOD: Track = (
    (0, 0), (3, 0.2), (6.5, 0.9), (10, -0.2), (12, 0), (18, 0.2), (20, 0.8), (24, -0.7), (28, 0.9), (30, 0), (31, 0),
)
_TILT: Track = ((0, -0.07), (3, -0.09), (10, 0.09), (14, 0.05), (16, 0.1), (20, 0.0), (25, -0.04), (31, 0.06))
_SWAY: Track = ((0, -6), (3, -10), (10, 12), (13, 8), (15, 13), (17, 8), (20, 0), (31, 0))
_LIFT: Track = ((0, 0), (20, 0), (21, 2), (22, 22), (23.5, 50), (25, 60), (26.5, 48), (28, 8), (28.6, 0), (31, 0))
_SQUASH: Track = (
    (0, 1), (2, 1), (6, 0.985), (10, 1.01), (18, 1), (19.3, 0.93), (20.4, 0.9), (21.6, 1.04), (23, 1.05),
    (25, 1.0), (27, 1.02), (28.3, 0.955), (29.3, 0.9), (30.2, 0.985), (31, 1.0),
)
_BLINK: Track = ((0, 0), (4, 0), (5.5, 1), (7, 1), (8.5, 0), (31, 0))
_TAIL: Track = ((0, 1), (4, 1), (8, 0.3), (12, -0.95), (18, -1), (23, 0), (28, 0.85), (31, 0.95))
_SMILE: Track = ((0, 0.25), (9, 0.3), (12, 1), (18, 0.9), (20, 0.3), (22, 1), (31, 1))
_HAND_X: Track = (
    (0, -92), (3, -100), (5, -40), (7, 52), (8.5, 30), (10, -92), (12, -124), (14, -70), (16, -128), (18, -96),
    (20, -78), (22.5, -126), (25, -142), (28, -122), (29.5, -70), (30.5, -38), (31, -38),
)
_HAND_Y: Track = (
    (0, -172), (3, -168), (5, -196), (7, -236), (8.5, -290), (10, -352), (12, -372), (14, -392), (16, -372), (18, -280),
    (20, -190), (22.5, -330), (25, -362), (28, -280), (29.5, -240), (30.5, -238), (31, -238),
)
_OTHER_X: Track = (
    (0, 90), (7, 84), (10, 96), (18, 96), (20, 84), (22.5, 128), (25, 142), (28, 124), (30, 92), (31, 92),
)
_OTHER_Y: Track = ((0, -170), (18, -170), (20, -184), (22.5, -300), (25, -342), (28, -260), (30, -176), (31, -174))
# fmt: on


@dataclass(frozen=True)
class Pose:
    """One moment of the animation. Lengths in pixels of the standing figure, angles in radians.

    turn    -1 three-quarter view to the left ... 1 to the right;  nod: 1 looks down;  tilt: roll of the head.
    sway    sideways lean of the upper body;  lift: height over the ground;  squash: 1 at rest, below 1 pressed flat.
    blink   1 closed;  laugh: eyes closed in joy;  smile 0..1.
    hand, other   where both hands are, from a point on the ground between the feet.
    swing   sideways lag of loose parts, from stiff (entry 0) to loose (entry 3);  rise: their lag upwards.
    tail    where the tail points: -1 left, 1 right;  breeze: phase of the scarf's wave.
    """

    turn: float
    nod: float
    tilt: float
    sway: float
    lift: float
    squash: float
    blink: float
    laugh: bool
    smile: float
    hand: tuple[float, float]
    other: tuple[float, float]
    swing: tuple[float, ...]
    rise: tuple[float, ...]
    tail: float
    breeze: float


def poses() -> list[Pose]:
    """The pose of each of the moments 0..31 (frame f shows moment EXPOSURE[f])."""
    moments = np.arange(FRAME_COUNT, dtype=np.float64)
    swings, rises = _lags()
    at = {name: _ease(track, moments) for name, track in _TRACKS.items()}
    return [
        Pose(
            turn=at["turn"][i],
            nod=at["nod"][i],
            tilt=at["tilt"][i],
            sway=at["sway"][i],
            lift=max(0.0, at["lift"][i]),
            squash=at["squash"][i],
            blink=float(np.clip(at["blink"][i], 0, 1)),
            laugh=21 < i < 28,
            smile=at["smile"][i],
            hand=(at["hand_x"][i], at["hand_y"][i]),
            other=(at["other_x"][i], at["other_y"][i]),
            swing=tuple(swings[:, i]),
            rise=tuple(rises[:, i]),
            tail=at["tail"][i],
            breeze=i * 0.55,
        )
        for i in range(FRAME_COUNT)
    ]


# fmt: off
_TRACKS: dict[str, Track] = {
    "turn": _TURN, "nod": _NOD, "tilt": _TILT, "sway": _SWAY, "lift": _LIFT, "squash": _SQUASH, "blink": _BLINK,
    "smile": _SMILE, "tail": _TAIL, "hand_x": _HAND_X, "hand_y": _HAND_Y, "other_x": _OTHER_X, "other_y": _OTHER_Y,
}
# fmt: on


def _ease(track: Track, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Monotone cubic interpolation (Fritsch and Carlson 1980): no overshoot that the track does not ask for."""
    x, y = np.array(track, np.float64).T
    slope = np.diff(y) / np.diff(x)
    tangent = np.r_[0.0, (slope[:-1] + slope[1:]) / 2, 0.0]
    tangent[1:-1][slope[:-1] * slope[1:] <= 0] = 0
    limit = 3 * np.minimum(np.r_[np.abs(slope[:1]), np.abs(slope)], np.r_[np.abs(slope), np.abs(slope[-1:])])
    tangent = np.clip(tangent, -limit, limit)
    i = np.clip(np.searchsorted(x, at, "right") - 1, 0, len(x) - 2)
    h = x[i + 1] - x[i]
    t = np.clip((at - x[i]) / h, 0, 1)
    return (
        (1 + 2 * t) * (1 - t) ** 2 * y[i]
        + t * (1 - t) ** 2 * h * tangent[i]
        + t**2 * (3 - 2 * t) * y[i + 1]
        + t**2 * (t - 1) * h * tangent[i + 1]
    )


def _lags() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far four springs, stiff to loose, trail the head: float64 4x32 sideways and upwards, in pixels."""
    steps = 16
    time = np.arange(-24 * steps, FRAME_COUNT * steps) / steps
    clock = np.maximum(time, 0)
    drive_x = 52 * _ease(_TURN, clock) + 1.6 * _ease(_SWAY, clock) + 90 * _ease(_TILT, clock)
    drive_y = _ease(_LIFT, clock) + 260 * (_ease(_SQUASH, clock) - 1)
    lags = []
    for drive in (drive_x, drive_y):
        rows = []
        for frequency, damping in ((0.75, 0.62), (0.55, 0.5), (0.42, 0.42), (0.34, 0.38)):
            place, speed, trail = drive[0], 0.0, np.zeros(len(time))
            for i, goal in enumerate(drive):
                speed += (frequency**2 * (goal - place) - 2 * damping * frequency * speed) / steps
                place += speed / steps
                trail[i] = place - goal
            rows.append(trail[24 * steps :: steps][:FRAME_COUNT])
        lags.append(np.array(rows))
    return lags[0], lags[1]
