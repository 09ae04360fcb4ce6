"""A shot drawn in code for timing: a walking character of about a hundred regions, with trace-line shadows.

It stands in for studio art that cannot be shipped. The same arguments give the same files.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.media import encode_image, write_bytes_atomic

Point = tuple[float, float]
Rgba = NDArray[np.uint8]

# Height of the stage that parts are designed for; other sizes are scaled.
_STAGE_HEIGHT = 1080
_INK_WIDTH = 3
_SHIFT = 4  # fractional bits of OpenCV's fixed-point coordinates
_TRACE = (0, 0, 255, 255)
_INK = (0, 0, 0, 255)
_STEP = 2 * math.pi / 24  # one walk cycle is 24 drawings

# Light and shadow of each material.
_COLORS: dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "skin": ((250, 214, 186), (224, 168, 144)),
    "hair": ((92, 60, 120), (62, 38, 88)),
    "coat": ((52, 96, 160), (34, 66, 120)),
    "skirt": ((190, 60, 70), (144, 38, 52)),
    "sleeve": ((232, 232, 224), (190, 190, 200)),
    "glove": ((120, 84, 52), (88, 58, 36)),
    "sock": ((64, 64, 76), (44, 44, 56)),
    "boot": ((150, 100, 50), (112, 72, 36)),
    "scarf": ((244, 180, 60), (206, 138, 36)),
    "hat": ((40, 120, 96), (26, 88, 70)),
    "metal": ((210, 200, 120), (160, 148, 80)),
    "white": ((255, 252, 244), (214, 220, 232)),
    "iris": ((60, 150, 90), (30, 100, 60)),
    "pupil": ((30, 26, 40), (30, 26, 40)),
    "mouth": ((180, 70, 80), (140, 46, 60)),
    "blush": ((246, 170, 160), (246, 170, 160)),
}


@dataclass(frozen=True)
class _Part:
    """A closed shape in stage pixels; a shaded one has a shadow bounded by a trace line."""

    outline: NDArray[np.float64]
    material: str
    shaded: bool = False


def write_shot(folder: Path, frames: int, keys: int = 3, size: tuple[int, int] = (1080, 1920), hold: int = 1) -> Path:
    """Write a shot folder with line/ and keys/, and return it. Keys are the first, the last, and others evenly between.

    size  (height, width) in pixels
    hold  frames that show each drawing: 2 is on twos
    """
    keyed = {round(i * (frames - 1) / max(1, keys - 1)) for i in range(keys)}
    for first in range(0, frames, hold):
        line, painted = (encode_image(picture) for picture in draw(first // hold, size))
        for frame in range(first, min(first + hold, frames)):
            name = f"walk.{frame + 1:04d}.png"
            write_bytes_atomic(folder / "line" / name, line)
            if frame in keyed:
                write_bytes_atomic(folder / "keys" / name, painted)
    return folder


def draw(step: int, size: tuple[int, int] = (1080, 1920)) -> tuple[Rgba, Rgba]:
    """Draw one step of the walk: line art (ink and trace lines on transparent) and painted frame, both uint8 HxWx4."""
    height, width = size
    line, paint = np.zeros((height, width, 4), np.uint8), np.zeros((height, width, 4), np.uint8)
    scale = height / _STAGE_HEIGHT
    for part in _figure(step, width / scale):
        _draw_part(part, scale, line, paint)
    ink = line[..., 3:].astype(np.uint16) * ~_is_trace(line)[..., None]
    painted = (paint.astype(np.uint16) * (255 - ink) + np.array(_INK, np.uint16) * ink + 127) // 255
    return line, painted.astype(np.uint8)


def _is_trace(line: Rgba) -> NDArray[np.bool_]:
    return line[..., 2] > 0


def _draw_part(part: _Part, scale: float, line: Rgba, paint: Rgba) -> None:
    """Draw one part over the earlier ones, in place."""
    height, width = line.shape[:2]
    points = part.outline * scale
    low = np.maximum(np.floor(points.min(axis=0)).astype(int) - 8, 0)
    high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + 8, (width, height))
    if (high <= low).any():
        return
    window = (slice(low[1], high[1]), slice(low[0], high[0]))
    local = points - low
    inside = _fill(local, (int(high[1] - low[1]), int(high[0] - low[0])))
    light, shadow = _COLORS[part.material]
    lines, colors = line[window], paint[window]
    lines[inside] = 0
    colors[inside] = (*light, 255)
    if part.shaded:
        lit = _fill(local - 0.22 * np.ptp(local, axis=0), inside.shape)
        dark = inside & ~lit
        colors[dark] = (*shadow, 255)
        inner = cv2.erode(dark.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0
        lines[dark & inner & (cv2.dilate(lit.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)] = _TRACE
    stroke = np.zeros(inside.shape, np.uint8)
    thickness = max(1, round(_INK_WIDTH * scale))
    cv2.polylines(stroke, [_fixed(local)], True, 255, thickness, cv2.LINE_AA, _SHIFT)
    over = (stroke > 0) & ((lines[..., 3] < stroke) | _is_trace(lines))
    lines[over] = 0
    lines[over, 3] = stroke[over]


def _fill(points: NDArray[np.float64], size: tuple[int, ...]) -> NDArray[np.bool_]:
    mask = np.zeros(size, np.uint8)
    cv2.fillPoly(mask, [_fixed(points)], 1, cv2.LINE_8, _SHIFT)
    return mask > 0


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.round(points * (1 << _SHIFT)).astype(np.int32)


def _oval(center: Point, across: float, down: float, turn: float = 0.0) -> NDArray[np.float64]:
    t = np.linspace(0, 2 * math.pi, 48, endpoint=False)
    x, y = across * np.cos(t), down * np.sin(t)
    c, s = math.cos(turn), math.sin(turn)
    return np.stack([center[0] + c * x - s * y, center[1] + s * x + c * y], axis=1)


def _limb(start: Point, end: Point, wide: float, narrow: float) -> NDArray[np.float64]:
    """Outline a capsule with two radii."""
    turn = math.atan2(end[1] - start[1], end[0] - start[0])
    t = np.linspace(math.pi / 2, 3 * math.pi / 2, 16) + turn
    near = np.stack([start[0] + wide * np.cos(t), start[1] + wide * np.sin(t)], axis=1)
    far = np.stack([end[0] - narrow * np.cos(t), end[1] - narrow * np.sin(t)], axis=1)
    return np.concatenate([near, far])


def _lock(root: Point, tip: Point, width: float, bend: float) -> NDArray[np.float64]:
    """Outline a leaf from root to tip: a lock of hair, or a feather."""
    t = np.linspace(0, 1, 20)[:, None]
    a, b = np.array(root), np.array(tip)
    side = np.array([-(b - a)[1], (b - a)[0]]) / max(1.0, float(np.hypot(*(b - a))))
    spine = a + t * (b - a) + bend * np.sin(math.pi * t) * side
    half = width * np.sqrt(t * (1 - t) + 0.02) * (1 - 0.6 * t)
    return np.concatenate([spine + half * side, (spine - half * side)[::-1]])


def _reach(start: Point, angle: float, length: float) -> Point:
    """Return the point at this length below `start`, rotated about it by the angle in radians."""
    return start[0] + length * math.sin(angle), start[1] + length * math.cos(angle)


def _figure(step: int, width: float) -> list[_Part]:
    """List all parts of one drawing, back to front."""
    phase = step * _STEP
    swing = 0.55 * math.sin(phase)
    x = width / 2 + 0.2 * width * math.sin(phase / 5)
    y = 420 + 10 * math.cos(2 * phase)
    shoulder, hip, head = (x, y), (x, y + 230), (x + 6 * math.sin(phase), y - 170)
    return [
        *_back_hair(head, phase),
        *_arm((shoulder[0] + 64, shoulder[1] + 12), -swing),
        *_leg((hip[0] + 30, hip[1]), -swing),
        *_leg((hip[0] - 30, hip[1]), swing),
        *_body(shoulder, hip, phase),
        *_face(head, phase),
        *_front_hair(head, phase),
        *_hat(head, phase),
        *_arm((shoulder[0] - 64, shoulder[1] + 12), swing),
    ]


def _back_hair(head: Point, phase: float) -> Sequence[_Part]:
    roots = [(head[0] - 90 + 36 * i, head[1] - 20) for i in range(6)]
    sway = [0.35 * math.sin(phase - 0.4 * i) + 0.12 * (i - 2.5) for i in range(6)]
    return [
        _Part(_lock(r, _reach(r, s, 300), 62, 18 * math.sin(phase)), "hair", True)
        for r, s in zip(roots, sway, strict=True)
    ]


def _arm(shoulder: Point, swing: float) -> Sequence[_Part]:
    elbow = _reach(shoulder, swing, 130)
    wrist = _reach(elbow, swing + 0.35, 110)
    palm = _reach(wrist, swing + 0.35, 34)
    fingers = [_limb(palm, _reach(palm, swing + 0.1 + 0.3 * i, 44), 9, 7) for i in range(4)]
    return [
        _Part(_limb(shoulder, elbow, 38, 30), "coat", True),
        *(_Part(finger, "glove") for finger in fingers),
        _Part(_oval(palm, 24, 26, swing), "glove", True),
        _Part(_limb(elbow, wrist, 29, 22), "sleeve", True),
        _Part(_oval(wrist, 28, 13, -swing), "metal"),
    ]


def _leg(hip: Point, swing: float) -> Sequence[_Part]:
    knee = _reach(hip, swing, 150)
    ankle = _reach(knee, swing - 0.25 - 0.2 * abs(swing), 140)
    toe = (ankle[0] - 58, ankle[1] + 24)
    return [
        _Part(_limb(hip, knee, 46, 34), "skin", True),
        _Part(_limb(knee, ankle, 33, 24), "sock", True),
        _Part(_limb(ankle, toe, 32, 22), "boot", True),
        _Part(_limb((ankle[0] + 16, ankle[1] + 34), (toe[0] - 8, toe[1] + 14), 9, 9), "glove"),
        _Part(_oval(_reach(knee, swing, 96), 34, 11, -swing), "metal"),
    ]


def _body(shoulder: Point, hip: Point, phase: float) -> Sequence[_Part]:
    x, y = shoulder
    waist = [(hip[0] - 66 + 33 * i, hip[1]) for i in range(5)]
    panels = [
        _Part(_lock((waist[i][0], hip[1] - 60), _reach(waist[i], 0.2 * (i - 2), 150), 74, 0), "skirt", True)
        for i in (0, 4, 1, 3, 2)
    ]
    buttons = [_Part(_oval((x + 4 * i - 6, y + 40 + 34 * i), 9, 9), "metal", i % 2 == 0) for i in range(5)]
    knot = (x + 30, y - 20)
    ends = [_reach(knot, 0.5 * math.sin(phase + i), 170) for i in (0, 1)]
    tails = [_Part(_limb(knot, end, 20, 26), "scarf", True) for end in ends]
    return [
        *panels,
        _Part(_limb(shoulder, hip, 78, 62), "coat", True),
        *(_Part(_oval((x + side * 42, y + 150), 22, 26), "coat", True) for side in (-1, 1)),
        *buttons,
        _Part(_limb((x - 62, hip[1] - 30), (x + 62, hip[1] - 30), 14, 14), "glove", True),
        _Part(_oval((x, hip[1] - 30), 20, 18), "metal", True),
        _Part(_limb((x, y - 80), (x, y - 20), 28, 30), "skin", True),
        *tails,
        _Part(_oval((x, y - 22), 74, 30), "scarf", True),
    ]


def _face(head: Point, phase: float) -> Sequence[_Part]:
    x, y = head
    blink = 0.35 if math.sin(phase / 3) > 0.95 else 1.0
    parts = [_Part(_oval((x + s * 104, y + 8), 20, 30), "skin", True) for s in (-1, 1)]
    parts += [_Part(_oval(head, 104, 116), "skin", True)]
    for side in (-1, 1):
        eye = (x + side * 44, y + 6)
        parts += [
            _Part(_oval(eye, 27, 32 * blink), "white", True),
            _Part(_oval((eye[0] - 2, eye[1] + 2), 18, 24 * blink), "iris", True),
            _Part(_oval((eye[0] - 2, eye[1] + 2), 9, 13 * blink), "pupil"),
            _Part(_oval((eye[0] - 7, eye[1] - 8 * blink), 5, 6 * blink), "white"),
            _Part(_limb((eye[0] - 24, eye[1] - 44), (eye[0] + 24, eye[1] - 46), 6, 5), "hair"),
            _Part(_oval((x + side * 66, y + 48), 20, 10), "blush"),
        ]
    return [*parts, _Part(_oval((x, y + 72), 26, 9 + 6 * math.sin(phase)), "mouth", True)]


def _front_hair(head: Point, phase: float) -> Sequence[_Part]:
    x, y = head
    roots = [(x - 96 + 32 * i, y - 92) for i in range(7)]
    tips = [
        _reach(r, 0.1 * (i - 3) + 0.06 * math.sin(phase + i), 152 if i in (0, 6) else 92) for i, r in enumerate(roots)
    ]
    return [_Part(_lock(root, tip, 44, 8), "hair", True) for root, tip in zip(roots, tips, strict=True)]


def _hat(head: Point, phase: float) -> Sequence[_Part]:
    x, y = head
    tips = [(x + 150 + 30 * i, y - 230 + 16 * math.sin(phase + i)) for i in (0, 1)]
    feathers = [_lock((x + 70, y - 120), tip, 34, 14) for tip in tips]
    return [
        _Part(feathers[0], "scarf", True),
        _Part(feathers[1], "sleeve", True),
        _Part(_limb((x - 40, y - 150), (x + 40, y - 150), 70, 70), "hat", True),
        _Part(_limb((x - 92, y - 112), (x + 92, y - 112), 16, 16), "scarf", True),
        _Part(_oval((x, y - 88), 160, 22), "hat", True),
        _Part(_oval((x + 74, y - 112), 15, 15), "metal", True),
    ]
