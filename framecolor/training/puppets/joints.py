"""Turn flat shapes into a puppet: a tree of parts, found by how shapes contain and touch each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.training.puppets.prepare import from_rest, rest_mask
from framecolor.training.puppets.shapes import Shape

_SMALLEST_LIMB = 0.012
_SMALLEST_DETAIL = 0.0008


@dataclass(frozen=True, eq=False)
class Part:
    """Shapes that move as one, in rest coordinates of the drawing (unit square).

    parent  index of the part it hangs on; -1 for the root
    kind    root; limb: turns about its joint and bends there; detail: lies on its parent, shifts and stretches
    joint   the point it hangs on
    axis    unit vector from the joint into the part
    ramp    length along the axis over which a turn sets in, so that no gap opens at the joint
    reach   largest plausible turn, radians
    size    largest extent
    twin    parts with the same number take the same pose, as two eyes do
    """

    parent: int
    kind: Literal["root", "limb", "detail"]
    joint: NDArray[np.float64]
    axis: NDArray[np.float64]
    ramp: float
    reach: float
    size: float
    twin: int


@dataclass(frozen=True, eq=False, repr=False)
class Puppet:
    """Shapes from back to front, the part of each, and the parts (parents before children)."""

    shapes: tuple[Shape, ...]
    part_of: tuple[int, ...]
    parts: tuple[Part, ...]

    def __repr__(self) -> str:
        return f"Puppet({len(self.shapes)} shapes, {len(self.parts)} parts)"

    def subtree(self, part: int) -> set[int]:
        """Find the part and all parts that hang on it."""
        found = {part}
        for i, p in enumerate(self.parts):
            if p.parent in found:
                found.add(i)
        return found


def joint_shapes(shapes: Sequence[Shape]) -> Puppet:
    """Make the puppet of a prepared drawing."""
    masks = np.stack([rest_mask(s) for s in shapes])
    flat = masks.reshape(len(shapes), -1).astype(np.float32)
    area = flat.sum(axis=1)
    grown = np.stack([cv2.dilate(m.astype(np.uint8), np.ones((5, 5), np.uint8)) for m in masks])
    covered = (flat @ flat.T) / np.maximum(area, 1)[:, None]
    touching = grown.reshape(len(shapes), -1).astype(np.float32) @ flat.T
    order = np.argsort(-area, kind="stable")
    total = float(masks.any(axis=0).sum())
    root = _root(masks[order[0]])
    parts: list[Part] = [root]
    part_of = np.zeros(len(shapes), int)
    twins: dict[tuple[object, ...], int] = {}
    for rank, i in enumerate(order[1:], 1):
        larger = order[:rank]
        on = shapes[i].on
        if on is not None:
            # Shading moves with the shape below it, even if that is the smaller one.
            continue
        inside = larger[covered[i, larger] >= 0.75]
        if inside.size:
            holder = int(inside[-1])
            part = _detail(masks[i], int(part_of[holder])) if area[i] < 0.4 * area[holder] else None
            smallest = _SMALLEST_DETAIL
        else:
            contact = touching[i, larger]
            holder = int(larger[contact.argmax()]) if contact.max() > 0 else int(order[0])
            part = _limb(masks[i], grown[i] & masks[holder], int(part_of[holder]))
            smallest = _SMALLEST_LIMB
        if part is None or area[i] < smallest * total:
            part_of[i] = part_of[holder]
            continue
        key = (part.parent, part.kind, shapes[i].rgb, round(float(np.log2(area[i])))) if part.kind == "detail" else i
        part_of[i] = len(parts)
        parts.append(replace(part, twin=twins.setdefault((key,), len(parts))))
    for i, shape in enumerate(shapes):
        if shape.on is not None:
            part_of[i] = part_of[shape.on]
    return Puppet(tuple(shapes), tuple(int(p) for p in part_of), tuple(parts))


def _pixels(mask: NDArray[np.integer] | NDArray[np.bool_]) -> NDArray[np.float64]:
    rows, columns = np.nonzero(mask)
    return from_rest(np.stack([columns, rows], axis=1).astype(np.float64) + 0.5)


def _root(mask: NDArray[np.bool_]) -> Part:
    points = _pixels(mask)
    low, high = points.min(axis=0), points.max(axis=0)
    foot = np.array([(low[0] + high[0]) / 2, high[1]])
    return Part(-1, "root", foot, np.array([0.0, -1.0]), float(high[1] - low[1]), 0.25, float((high - low).max()), 0)


def _detail(mask: NDArray[np.bool_], parent: int) -> Part:
    points = _pixels(mask)
    size = float(np.ptp(points, axis=0).max())
    return Part(parent, "detail", points.mean(axis=0), np.array([0.0, 1.0]), 0.0, 0.15, size, 0)


def _limb(mask: NDArray[np.bool_], contact: NDArray[np.integer], parent: int) -> Part:
    points = _pixels(mask)
    held = _pixels(contact) if contact.any() else points
    joint, middle = held.mean(axis=0), points.mean(axis=0)
    away = middle - joint
    length = float(np.hypot(*(points - joint).T).max())
    spread = float(np.hypot(*(held - joint).T).mean())
    if np.hypot(*away) < 1e-3:
        away = np.array([0.0, -1.0])
    axis = away / np.hypot(*away)
    slack = max(0.0, 1 - 1.6 * spread / max(length, 1e-6))
    return Part(
        parent,
        "limb",
        joint,
        axis,
        max(spread, 0.2 * length),
        0.04 + 0.75 * slack,
        float(np.ptp(points, axis=0).max()),
        0,
    )
