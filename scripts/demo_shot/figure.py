"""Where the parts of the character are in one pose: the frame of the body, the frame of the head, the arms' joints."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo_shot.canvas import Canvas
from demo_shot.geometry import Point, Points, Raw, points, rotate
from demo_shot.motion import Pose

SIZE = (720, 1280)
_ORIGIN = (640.0, 694.0)  # the ground between her feet, in the picture


@dataclass(frozen=True)
class Figure:
    """One pose with its canvas. Body coordinates: origin on the ground, x right, y down, standing height about 620."""

    pose: Pose
    canvas: Canvas

    @property
    def neck(self) -> tuple[float, float]:
        """The center of the head."""
        return 5.0 * self.pose.turn, -414.0 + 5.0 * self.pose.nod

    def head(self, raw: Raw) -> Points:
        """Body coordinates of points given in the head's frame (origin in its center, chin at y 106)."""
        return rotate(points(raw), self.pose.tilt) + self.neck

    def on_head(self, longitude: float, y: float, radius: float = 104.0) -> tuple[float, float]:
        """A point of the head's frame at `longitude` degrees (0: between the eyes) that slides as the head turns."""
        angle = np.radians(np.clip(longitude + 20.0 * self.pose.turn, -89, 89))
        pitched = y + 9.0 * self.pose.nod * float(np.cos(angle))
        return float(radius * np.sin(angle)), pitched

    def swing(self, looseness: float, gain: float = 1.0) -> Points:
        """The lag (x, y) of a part between stiff (0) and loose (3)."""
        order = np.arange(4)
        x = np.interp(looseness, order, self.pose.swing)
        y = np.interp(looseness, order, self.pose.rise)
        return np.array([x * gain, -y * gain * 0.8])


def placement(pose: Pose):
    """The map from body coordinates to picture pixels: lean, squash and stretch, height over the ground."""

    def place(curve: Points) -> Points:
        y = curve[:, 1]
        height = np.clip(-y / 420.0, 0, 1.3)
        x = curve[:, 0] + pose.sway * height**1.4
        return np.stack([_ORIGIN[0] + x / pose.squash**0.6, _ORIGIN[1] - pose.lift + y * pose.squash], 1)

    return place


def joint(shoulder: Point, hand: Point, upper: float, lower: float, bend: float) -> Points:
    """Shoulder, elbow, wrist: the two-bone solution bent to the side of `bend`, the hand drawn in when too far."""
    start, goal = np.asarray(shoulder, np.float64), np.asarray(hand, np.float64)
    reach = goal - start
    distance = float(np.clip(np.hypot(*reach), 0.6 * (upper + lower), (upper + lower) * 0.985))
    direction = reach / max(float(np.hypot(*reach)), 1e-6)
    along = (upper**2 - lower**2 + distance**2) / (2 * distance)
    aside = np.sqrt(max(upper**2 - along**2, 0.0)) * bend
    elbow = start + direction * along + np.array([-direction[1], direction[0]]) * aside
    return np.stack([start, elbow, start + direction * distance])
