"""From a pose to a finished drawing, and from a drawing to its paint."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demo_shot import coat, ears, face, hair, legs, scarf, tail
from demo_shot.canvas import Canvas, Drawing
from demo_shot.figure import SIZE, Figure, placement
from demo_shot.motion import Pose
from demo_shot.palette import RGB, TRACE


def draw(pose: Pose, seed: int) -> Drawing:
    """Draw one pose from back to front. The same pose and seed give the same pixels."""
    canvas = Canvas(SIZE, placement(pose), seed)
    figure = Figure(pose, canvas)
    tail.draw_tail(figure)
    hair.draw_back_hair(figure)
    scarf.draw_scarf_tail(figure)
    legs.draw_legs(figure)
    legs.draw_skirt(figure)
    coat.draw_coat(figure)
    coat.draw_arm(figure, 1)
    scarf.draw_scarf(figure)
    ears.draw_far_ear(figure)
    face.draw_face(figure)
    hair.draw_side_locks(figure)
    hair.draw_hair(figure)
    face.draw_brows(figure)
    ears.draw_near_ears(figure)
    ears.draw_pin(figure)
    coat.draw_arm(figure, -1)
    return canvas.finish({int(k): v for k, v in TRACE.items()})


def paint(drawing: Drawing) -> NDArray[np.uint8]:
    """The painted frame, uint8 HxWx4 straight RGBA: antialiased ink over flat paint, transparent outside."""
    ink = drawing.ink[..., None] / 255.0
    base = (drawing.label > 0)[..., None].astype(np.float64)
    alpha = ink + base * (1 - ink)
    rgb = RGB[drawing.label] * base * (1 - ink) / np.maximum(alpha, 1e-6)
    return np.dstack([np.round(rgb), np.round(alpha * 255)]).astype(np.uint8)
