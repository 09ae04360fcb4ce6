"""Decorate flat fills as animators do: shadows, lights, stripes, folds and strands of hair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from framecolor.training.puppets.joints import Puppet
from framecolor.training.puppets.outlines import ellipse
from framecolor.training.puppets.shapes import Contour, Shape, cut_edges

_LARGE = 0.012


def decorate(puppet: Puppet, rng: np.random.Generator) -> Puppet:
    """Add shadows, lights, stripes and locks to some large fills of a puppet; drawn once per character."""
    shaded = rng.random() < 0.6
    light = rng.uniform(0, 2 * np.pi)
    shapes: list[Shape] = []
    part_of: list[int] = []
    place: dict[int, int] = {}
    for i, (shape, part) in enumerate(zip(puppet.shapes, puppet.part_of, strict=True)):
        place[i] = len(shapes)
        shapes.append(replace(shape, on=None if shape.on is None else place[shape.on]))
        part_of.append(part)
        if shape.ink or shape.on is not None or shape.stroke is not None or _area(shape) < _LARGE:
            continue
        on = place[i]
        extras: list[Shape] = []
        if rng.random() < 0.22:
            extras += draw_stripes(shape, on, rng)
        if rng.random() < 0.2:
            extras += draw_locks(shape, on, rng)
        if shaded and rng.random() < 0.7:
            extras.append(draw_shadow(shape, on, light, rng))
        if shaded and rng.random() < 0.3:
            extras.append(draw_light(shape, on, light, rng))
        if rng.random() < 0.15:
            extras += draw_folds(shape, on, rng)
        shapes += extras
        part_of += [part] * len(extras)
    return Puppet(tuple(shapes), tuple(part_of), puppet.parts)


def draw_shadow(shape: Shape, on: int, light: float, rng: np.random.Generator) -> Shape:
    """Draw a crescent of shadow: the fill without the part under its outline shifted toward the light."""
    size = float(np.ptp(shape.points, axis=0).mean())
    shift = np.array([np.cos(light), np.sin(light)]) * size * rng.uniform(0.06, 0.25)
    middle = shape.points.mean(axis=0)
    # A frame far outside, with the lit part as a hole.
    frame = middle + size * 3 * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    lit = max(shape.contours, key=len)
    lit = (lit - middle) * rng.uniform(0.85, 1.05) + middle + shift
    wave = rng.uniform(0, 2 * np.pi)
    lit = lit + 0.02 * size * np.sin(np.arange(len(lit)) * rng.uniform(0.1, 0.5) + wave)[:, None]
    return _on(shape, (cut_edges(frame, 0.2), lit), _tint(shape.rgb, rng.uniform(0.55, 0.85)), on, shaded=True)


def draw_light(shape: Shape, on: int, light: float, rng: np.random.Generator) -> Shape:
    """Draw an ellipse or band of light on the lit side."""
    low, high = shape.points.min(axis=0), shape.points.max(axis=0)
    size = high - low
    at = (low + high) / 2 + np.array([np.cos(light), np.sin(light)]) * size * 0.25
    spot = ellipse(at, size * rng.uniform(0.08, 0.22, 2), rng.uniform(0, np.pi))
    return _on(shape, (spot,), _tint(shape.rgb, rng.uniform(1.2, 1.6)), on, shaded=True)


def draw_stripes(shape: Shape, on: int, rng: np.random.Generator) -> list[Shape]:
    """Draw bands of one other color across the fill, as on cloth."""
    low, high = shape.points.min(axis=0), shape.points.max(axis=0)
    middle, size = (low + high) / 2, float((high - low).max())
    color = _free_color(rng)
    count = int(rng.integers(1, 5))
    turn = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)])
    along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    bow = rng.uniform(-0.15, 0.15) * size
    stripes = []
    for k in range(count):
        at = middle + across * size * ((k + 0.5) / count - 0.5)
        t = np.linspace(-0.75, 0.75, 16)[:, None]
        wide = size / count * rng.uniform(0.15, 0.3)
        spine = at + along * t * size + across * bow * (t * 1.3) ** 2
        band = np.concatenate([spine - across * wide / 2, (spine + across * wide / 2)[::-1]])
        stripes.append(_on(shape, (band,), color, on))
    return stripes


def draw_locks(shape: Shape, on: int, rng: np.random.Generator) -> list[Shape]:
    """Draw thin pointed locks over a fill, as in hair; some reach beyond it."""
    low, high = shape.points.min(axis=0), shape.points.max(axis=0)
    size = float((high - low).max())
    free = rng.random() < 0.5
    tone = _tint(shape.rgb, rng.uniform(0.75, 1.25))
    locks = []
    for _ in range(int(rng.integers(2, 7))):
        start = low + (high - low) * rng.uniform([0.15, 0.0], [0.85, 0.4])
        end = start + size * np.array([rng.normal(0, 0.18), rng.uniform(0.2, 0.5)])
        bow = size * rng.normal(0, 0.1)
        t = np.linspace(0, 1, 12)[:, None]
        side = np.array([end[1] - start[1], start[0] - end[0]]) / (np.hypot(*(end - start)) + 1e-9)
        spine = start * (1 - t) + end * t + side * bow * 4 * t * (1 - t)
        wide = side * size * rng.uniform(0.01, 0.045) * np.sin(np.pi * np.minimum(t * 0.7 + 0.3, 1))
        lock = _on(shape, (np.concatenate([spine - wide, (spine + wide)[::-1]]),), tone, on)
        locks.append(replace(lock, on=None) if free else lock)
    return locks


def draw_folds(shape: Shape, on: int, rng: np.random.Generator) -> list[Shape]:
    """Draw short curved ink lines on a fill."""
    low, high = shape.points.min(axis=0), shape.points.max(axis=0)
    size = float((high - low).max())
    folds = []
    for _ in range(int(rng.integers(1, 4))):
        start = low + (high - low) * rng.uniform(0.2, 0.8, 2)
        turn = rng.uniform(0, 2 * np.pi)
        t = np.linspace(0, 1, 8)[:, None]
        along = np.array([np.cos(turn), np.sin(turn)]) * size * rng.uniform(0.08, 0.3)
        side = np.array([-along[1], along[0]])
        spine = start + along * t + side * rng.normal(0, 0.3) * t * t
        folds.append(Shape((spine,), (20, 20, 20), stroke=rng.uniform(0.004, 0.009), ink=True, on=on))
    return folds


def _on(
    shape: Shape, contours: tuple[Contour, ...], rgb: tuple[int, int, int], on: int, *, shaded: bool = False
) -> Shape:
    return Shape(contours, rgb, even_odd=True, on=on, shaded=shaded, clip=())


def _tint(rgb: tuple[int, int, int], factor: float) -> tuple[int, int, int]:
    """Darken or lighten a color; also black and white."""
    base = np.array(rgb, float)
    mixed = base * factor if factor < 1 else base + (255 - base) * (factor - 1)
    if np.abs(mixed - base).max() < 24:
        mixed = base + (40 if base.mean() < 128 else -40)
    red, green, blue = (int(v) for v in np.clip(mixed, 0, 255))
    return red, green, blue


def _free_color(rng: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = (int(v) for v in rng.integers(0, 256, 3))
    return red, green, blue


def _area(shape: Shape) -> float:
    low, high = shape.points.min(axis=0), shape.points.max(axis=0)
    return float(np.prod(high - low))
