"""Props: random rounded or angular things beside the character, with smaller shapes on them that move along.

They add variety: any shape may have any color, and is recognized by its outline and its surroundings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.training.character import PROPS

_OUTLINE_POINTS = 48


@dataclass(frozen=True, eq=False)
class Prop:
    """outline float32 Nx2 in parts of the canvas; props of one `group` move together and turn about its `middle`."""

    outline: NDArray[np.float32]
    group: int
    middle: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Move:
    """Turn in radians, scale and shift in parts of the canvas."""

    turn: float
    scale: float
    shift: NDArray[np.float64]


def draw_props(rng: np.random.Generator) -> tuple[Prop, ...]:
    """Draw one to PROPS props, later ones in front."""
    props: list[Prop] = []
    wanted = int(rng.integers(1, PROPS + 1))
    group = 0
    while len(props) < wanted:
        middle = rng.uniform(0, 1, 2).astype(np.float32)
        size = float(rng.uniform(0.04, 0.28))
        props.append(Prop(draw_outline(rng, middle, size), group, middle))
        for _ in range(min(int(rng.integers(0, 4)), wanted - len(props))):
            inner = (middle + rng.uniform(-0.5, 0.5, 2).astype(np.float32) * size).astype(np.float32)
            props.append(Prop(draw_outline(rng, inner, size * float(rng.uniform(0.15, 0.6))), group, middle))
        group += 1
    return tuple(props)


def draw_outline(rng: np.random.Generator, middle: NDArray[np.float32], size: float) -> NDArray[np.float32]:
    """Draw a closed outline: a polygon, or a rounded shape, stretched and turned at random."""
    if rng.random() < 0.4:
        angle = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 9))))
        radius = rng.uniform(0.5, 1, angle.size)
    else:
        angle = np.linspace(0, 2 * np.pi, _OUTLINE_POINTS, endpoint=False)
        waves = np.arange(1, 5)
        height = rng.normal(0, 0.25, (4, 1)) / waves[:, None]
        radius = np.clip(
            1 + (height * np.cos(waves[:, None] * angle + rng.uniform(0, 6.3, (4, 1)))).sum(axis=0), 0.2, 2
        )
    x, y = radius * np.cos(angle), radius * np.sin(angle) * rng.uniform(0.25, 1)
    turn = rng.uniform(0, np.pi)
    turned = np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1)
    return (middle + size * turned).astype(np.float32)


def draw_move(rng: np.random.Generator) -> Move:
    """Draw the movement of a group in one drawing."""
    return Move(float(rng.normal(0, 0.3)), float(np.exp(rng.normal(0, 0.1))), rng.normal(0, 0.06, 2))


def move_prop(prop: Prop, move: Move) -> NDArray[np.float64]:
    """Move the outline for one drawing, in parts of the canvas."""
    cos, sin = np.cos(move.turn), np.sin(move.turn)
    turn = np.array([[cos, -sin], [sin, cos]]) * move.scale
    return (prop.outline - prop.middle) @ turn.T + prop.middle + move.shift
