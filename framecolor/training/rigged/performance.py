"""Performances: sequences of drawings of a rigged character, with clips, cameras, light and company drawn at random."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.training.character import INK
from framecolor.training.dataset import IdSequence
from framecolor.training.rigged.actor import Actor, Motion
from framecolor.training.rigged.camera import Camera, fit_cameras
from framecolor.training.rigged.draw import DrawStyle, Posed, draw_ids
from framecolor.training.rigged.raster import Floats

_FRAMES_PER_SECOND = 24
_LONGEST_STEP = 6
_MARGIN_PX = 8
# Small or glossy parts are not shaded as cloth and skin are.
_UNSHADED = {"eye", "brow", "mouth"}
_GLOSSY = {"hair", "metal", "hat", "horn", "shoe"}


@dataclass(frozen=True, eq=False, repr=False)
class Performer:
    """A character's name, itself, and whether it is a person, who is mostly seen from the front and also close."""

    name: str
    actor: Actor
    person: bool


@dataclass(frozen=True, eq=False, repr=False)
class Company:
    """A character and the partner that it has in all its sequences; ids of both are the same in all."""

    lead: Performer
    partner: Performer | None

    @property
    def members(self) -> list[Performer]:
        """The lead, and the partner if there is one."""
        return [self.lead] if self.partner is None else [self.lead, self.partner]

    def first_ids(self) -> list[int]:
        """The first id of each member: a shape has three ids, lit, dark and bright. The last entry is that of ink."""
        return [int(i) for i in np.cumsum([1, *(3 * len(m.actor.surface.rgb) for m in self.members)])]


def perform(company: Company, number: int, long_side: int, rng: np.random.Generator) -> IdSequence:
    """Draw one sequence of 8 to 10 drawings, of at most `long_side` px."""
    lead = company.lead
    steps = rng.integers(1, _LONGEST_STEP + 1, int(rng.integers(7, 10)))
    clock = np.cumsum([0, *steps]) / _FRAMES_PER_SECOND
    cast = company.members if rng.random() < 0.3 else [lead]
    takes = [_choose_take(member.actor, clock, rng) for member in cast]
    posed = [[member.actor.pose(motion, t) for t in times] for member, (motion, times) in zip(cast, takes, strict=True)]
    if rng.random() < 0.45:
        posed = [_squash(points, rng) for points in posed]
    posed = [_place(points, i, rng) for i, points in enumerate(posed)]
    cameras, size = _film(posed, lead.person, clock / max(clock[-1], 1e-9), long_side, rng)
    first = company.first_ids()
    style = _draw_style(first[-1], rng)
    shaded = rng.random() < 0.55
    sides = [_choose_shaded(member.actor, shaded, rng) for member in cast]
    frames: list[NDArray[np.uint16]] = []
    for camera, *points in zip(cameras, *posed, strict=True):
        figures = [
            Posed(member.actor.surface, own, first_id, *dark_bright)
            for member, own, first_id, dark_bright in zip(cast, points, first, sides, strict=False)
        ]
        frames.append(draw_ids(figures, camera, size, style))
    action = re.sub(r"[^a-z0-9]+", "-", takes[0][0].name.lower()).strip("-") or "clip"
    return _tabulate(company, f"take{number}-{action}", np.stack(frames))


def _choose_take(actor: Actor, clock: Floats, rng: np.random.Generator) -> tuple[Motion, list[float]]:
    """Choose a clip and times in it, mostly where it moves most among a few draws."""
    takes: list[tuple[float, Motion, list[float]]] = []
    for _ in range(3):
        motion = actor.motions[int(rng.integers(len(actor.motions)))]
        start, loops = float(rng.uniform(0, motion.seconds)), motion.loops()
        times = [motion.wrap(start + float(t), loops) for t in clock]
        takes.append((actor.measure_motion(motion, times[::2]), motion, times))
    chosen = max(takes, key=lambda take: take[0]) if rng.random() < 0.8 else takes[0]
    return chosen[1:]


def _squash(posed: list[Floats], rng: np.random.Generator) -> list[Floats]:
    """Squash and stretch the whole in a wave over time, keeping its volume, about where it stands."""
    size, phase, speed = rng.uniform(0.04, 0.13), rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 1.6)
    found: list[Floats] = []
    for i, points in enumerate(posed):
        tall = 1 + size * np.sin(phase + speed * i)
        foot = np.array([points[:, 0].mean(), points[:, 1].min(), points[:, 2].mean()])
        found.append((points - foot) * (1 / np.sqrt(tall), tall, 1 / np.sqrt(tall)) + foot)
    return found


def _place(posed: list[Floats], number: int, rng: np.random.Generator) -> list[Floats]:
    """Keep a character near its mark: most of its way over the floor is followed; the second one stands beside."""
    start = posed[0].mean(axis=0) * (1, 0, 1)
    followed = rng.uniform(0.8, 1.0)
    mark, scale, turn = np.zeros(3), 1.0, 0.0
    if number:
        mark = np.array([rng.choice([-1, 1]) * rng.uniform(0.3, 0.75), 0, rng.uniform(-0.5, 0.35)])
        scale, turn = rng.uniform(0.65, 1.15), rng.uniform(-1.2, 1.2)
    cos, sin = np.cos(turn), np.sin(turn)
    heading = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]]) * scale
    found: list[Floats] = []
    for points in posed:
        way = points.mean(axis=0) * (1, 0, 1) - start
        found.append((points - start - followed * way) @ heading.T + mark)
    return found


def _film(
    posed: list[list[Floats]], person: bool, progress: Floats, long_side: int, rng: np.random.Generator
) -> tuple[list[Camera], tuple[int, int]]:
    """Choose a camera for each drawing: half of the takes turn around the character, the others hardly."""
    turn = rng.uniform(0.35, np.radians(150)) if rng.random() < 0.5 else rng.uniform(0, 0.2)
    start = rng.normal(0, 0.55) if person and rng.random() < 0.85 else rng.uniform(-np.pi, np.pi)
    turn *= rng.choice([-1, 1])
    pitch, nod = rng.normal(0.08, 0.16), rng.normal(0, 0.06)
    roll = rng.normal(0, 0.04)
    scenes = [np.concatenate(points) for points in zip(*posed, strict=True)]
    low, high = np.min([s.min(axis=0) for s in scenes], axis=0), np.max([s.max(axis=0) for s in scenes], axis=0)
    distance = float(np.linalg.norm(high - low)) * float(np.exp(rng.uniform(np.log(0.9), np.log(3.0))))
    cameras = [
        Camera((low + high) / 2, distance, start + turn * (p - 0.5), float(np.clip(pitch + nod * p, -0.4, 0.6)), roll)
        for p in progress
    ]
    shown = float(rng.uniform(0.45, 0.75)) if person and rng.random() < 0.3 else 1.0
    return fit_cameras(cameras, scenes, long_side, _MARGIN_PX, shown)


def _draw_style(ink_id: int, rng: np.random.Generator) -> DrawStyle:
    light = np.array([rng.choice([-1, 1]) * rng.uniform(0.2, 1.0), rng.uniform(0.2, 1.0), rng.uniform(0.2, 0.9)])
    return DrawStyle(
        light=light / np.linalg.norm(light),
        dark_below=float(rng.uniform(-0.1, 0.35)),
        bright_above=float(rng.uniform(0.88, 0.97)),
        ink_id=ink_id,
        ink_px=int(rng.choice([1, 2, 3], p=[0.25, 0.5, 0.25])),
        creases=bool(rng.random() < 0.3),
    )


def _choose_shaded(actor: Actor, shaded: bool, rng: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Choose the shapes that have a dark and a bright side; shapes of one part and color are alike."""
    surface = actor.surface
    dark, bright = np.zeros(len(surface.rgb), bool), np.zeros(len(surface.rgb), bool)
    if not shaded:
        return dark, bright
    key = [(part, tuple(rgb)) for part, rgb in zip(surface.parts, surface.rgb.tolist(), strict=True)]
    for kind in dict.fromkeys(key):
        own = np.array([k == kind for k in key])
        if kind[0] not in _UNSHADED:
            dark |= own & (rng.random() < 0.85)
            bright |= own & (rng.random() < (0.6 if kind[0] in _GLOSSY else 0.15))
    return dark, bright


def _tabulate(company: Company, action: str, frames: NDArray[np.uint16]) -> IdSequence:
    """Make the sequence with the tables of the ids that it shows, and of their bases."""
    first = company.first_ids()
    count = first[-1] + 1
    rgb, base = np.zeros((count, 3)), np.arange(count)
    parts = [INK] * count
    for member, start in zip(company.members, first, strict=False):
        surface = member.actor.surface
        own = len(surface.rgb)
        lit = surface.rgb.astype(float)
        rgb[start : start + 3 * own] = np.vstack([lit, lit * (0.68, 0.66, 0.76), lit + (255 - lit) * 0.45])
        base[start : start + 3 * own] = np.tile(np.arange(start, start + own), 3)
        parts[start : start + 3 * own] = surface.parts * 3
    present = np.unique(frames)
    ids = np.union1d(present, base[present])
    ids = ids[ids > 0]
    return IdSequence(
        character=company.lead.name,
        action=action,
        frames=frames,
        ids=ids.astype(np.uint16),
        rgb=rgb[ids].round().clip(0, 255).astype(np.uint8),
        base=base[ids].astype(np.uint16),
        parts=tuple(parts[i] for i in ids),
    )
