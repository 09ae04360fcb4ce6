"""Scenes: puppets and things before one camera, drawn to id maps in which every shape keeps its id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.training.character import INK
from framecolor.training.dataset import IdSequence
from framecolor.training.puppets.joints import Puppet
from framecolor.training.puppets.motion import KINDS, Kind, Motion, Rig, draw_curve, draw_motion
from framecolor.training.puppets.shapes import Shape, paint_shape, shape_mask

_PART_NAMES = 16


@dataclass(frozen=True, eq=False)
class Actor:
    """A puppet in a scene: first id, place and height in parts of the picture's height, and whether it is mirrored.

    busy: plays the scene's action; otherwise it stands nearly still, as things do.
    """

    puppet: Puppet
    first_id: int
    place: NDArray[np.float64]
    height: float
    mirrored: bool
    busy: bool


@dataclass(frozen=True, eq=False)
class Scene:
    """Actors from back to front; melted: ids of ink outlines whose pixels join the fills beside them."""

    actors: tuple[Actor, ...]
    melted: frozenset[int]


@dataclass(frozen=True, eq=False)
class Camera:
    """Pan Fx2 in picture heights, zoom F and turn F in radians; mirrored: flipped left to right."""

    pan: NDArray[np.float64]
    zoom: NDArray[np.float64]
    turn: NDArray[np.float64]
    mirrored: bool


def draw_camera(frames: int, rng: np.random.Generator) -> Camera:
    """Draw a camera that stands, drifts, or moves in on a part of the scene."""
    near = float(rng.choice([1.0, 1.0, 1.0, 1.15, 1.4, 1.8]))
    moving = 1.0 if rng.random() < 0.35 else 0.1
    drift = draw_curve(rng, frames, (4,)) * moving
    aim = np.array([rng.normal(0, 0.1), rng.uniform(-0.25, 0.1)]) * (near - 1) / 0.8
    return Camera(
        pan=aim + drift[:, :2] * 0.06,
        zoom=near * np.exp(drift[:, 2] * 0.08),
        turn=drift[:, 3] * 0.05,
        mirrored=bool(rng.random() < 0.25),
    )


def draw_sequence(
    scene: Scene, character: str, action: str, frames: int, size: tuple[int, int], rng: np.random.Generator
) -> IdSequence:
    """Draw one random action of a scene as id maps of `size` (height, width)."""
    kind: Kind = KINDS[int(rng.choice(len(KINDS), p=[0.35, 0.15, 0.2, 0.1, 0.15, 0.05]))]
    camera = draw_camera(frames, rng)
    motions = [draw_motion(a.puppet, kind if a.busy else "still", frames, rng) for a in scene.actors]
    rigs = [build_rig(a.puppet) for a in scene.actors]
    maps = crop(np.stack([_draw_frame(scene, rigs, motions, camera, f, size) for f in range(frames)]))
    ids, rgb, base, parts = scene_tables(scene.actors)
    return IdSequence(character, action, maps, ids, rgb, base, parts)


def scene_tables(
    actors: Sequence[Actor],
) -> tuple[NDArray[np.uint16], NDArray[np.uint8], NDArray[np.uint16], tuple[str, ...]]:
    """Make ids, rgb, base and part name of all shapes of a scene."""
    ids, rgb, base, parts = [], [], [], []
    for actor in actors:
        for i, shape in enumerate(actor.puppet.shapes):
            ids.append(actor.first_id + i)
            rgb.append(shape.rgb)
            base.append(actor.first_id + (shape.on if shape.shaded and shape.on is not None else i))
            parts.append(INK if shape.ink else f"part{actor.puppet.part_of[i] % _PART_NAMES}")
    return np.array(ids, np.uint16), np.array(rgb, np.uint8), np.array(base, np.uint16), tuple(parts)


def crop(maps: NDArray[np.uint16], margin_px: int = 8) -> NDArray[np.uint16]:
    """Crop rows and columns that are empty in all maps FxHxW, but for a margin."""
    seen = maps.max(axis=0)
    rows, columns = np.flatnonzero(seen.max(axis=1)), np.flatnonzero(seen.max(axis=0))
    if not rows.size:
        return maps
    top, left = max(rows[0] - margin_px, 0), max(columns[0] - margin_px, 0)
    return np.ascontiguousarray(maps[:, top : rows[-1] + margin_px + 1, left : columns[-1] + margin_px + 1])


def _draw_frame(
    scene: Scene, rigs: Sequence[Rig], motions: Sequence[Motion], camera: Camera, frame: int, size: tuple[int, int]
) -> NDArray[np.uint16]:
    ids = np.zeros(size, np.uint16)
    for actor, rig, motion in zip(scene.actors, rigs, motions, strict=True):
        _paint_actor(ids, actor, rig, motion, camera, frame)
    if scene.melted:
        ids = melt(ids, scene.melted)
    return ids


def melt(ids: NDArray[np.uint16], melted: frozenset[int]) -> NDArray[np.uint16]:
    """Give the pixels of `melted` ids to the nearest other id."""
    gone = np.isin(ids, list(melted))
    if not gone.any() or gone.all():
        return ids
    _, nearest = cv2.distanceTransformWithLabels(gone.astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    label = np.asarray(nearest, dtype=np.int32)
    of_label = np.zeros(int(label.max()) + 1, np.uint16)
    of_label[label[~gone]] = ids[~gone]
    return of_label[label]


def build_rig(puppet: Puppet) -> Rig:
    """Build the rig of all outlines of a puppet, in the order of its shapes, clips after contours."""
    outlines = [np.concatenate([*s.contours, *s.clip]) for s in puppet.shapes]
    part_of = np.repeat(np.array(puppet.part_of), [len(o) for o in outlines])
    return Rig(puppet, np.concatenate(outlines), part_of)


def _paint_actor(ids: NDArray[np.uint16], actor: Actor, rig: Rig, motion: Motion, camera: Camera, frame: int) -> None:
    puppet = actor.puppet
    pixels, scale = _project(rig.pose(motion, frame), actor, camera, frame, (ids.shape[0], ids.shape[1]))
    lines = [c for s in puppet.shapes for c in (*s.contours, *s.clip)]
    pieces = iter(np.split(pixels, np.cumsum([len(c) for c in lines])[:-1]))
    drawn = [([next(pieces) for _ in s.contours], [next(pieces) for _ in s.clip]) for s in puppet.shapes]
    for i in order_shapes(puppet, motion.behind[frame]):
        shape, (contours, clip) = puppet.shapes[i], drawn[i]
        if motion.hidden[frame, puppet.part_of[i]]:
            continue
        if shape.on is None:
            paint_shape(ids, shape, contours, clip, scale, actor.first_id + i)
        else:
            _paint_on(ids, shape, contours, scale, actor.first_id + shape.on, actor.first_id + i)


def _paint_on(
    ids: NDArray[np.uint16], shape: Shape, contours: list[NDArray[np.float64]], scale: float, on: int, value: int
) -> None:
    found = shape_mask(shape, contours, scale, ids.shape)
    if found:
        box, mask = found
        ids[box][(mask > 0) & (ids[box] == on)] = value


def order_shapes(puppet: Puppet, behind: NDArray[np.bool_]) -> list[int]:
    """Order shapes for drawing: parts that are behind come first. Returns indices."""
    count = range(len(puppet.shapes))
    return sorted(count, key=lambda i: (not behind[puppet.part_of[i]], i))


def _project(
    points: NDArray[np.float64], actor: Actor, camera: Camera, frame: int, size: tuple[int, int]
) -> tuple[NDArray[np.float64], float]:
    """Project a puppet's unit coordinates to pixels of the picture; also the pixels per unit."""
    scale = actor.height * camera.zoom[frame] * size[0]
    own = points * ([-1, 1] if actor.mirrored else [1, 1]) * actor.height + actor.place
    cos, sin = np.cos(camera.turn[frame]), np.sin(camera.turn[frame])
    seen = (own - camera.pan[frame]) @ np.array([[cos, sin], [-sin, cos]]) * camera.zoom[frame]
    if camera.mirrored:
        seen = seen * [-1, 1]
    return seen * size[0] + np.array([size[1], size[0]]) / 2, float(scale)
