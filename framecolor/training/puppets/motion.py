"""Motion: the pose of a puppet in each frame of an action, and the movement of its points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from framecolor.training.puppets.joints import Puppet

Kind = Literal["act", "sway", "turn", "jump", "walk", "still"]
KINDS: tuple[Kind, ...] = ("act", "sway", "turn", "jump", "walk", "still")
Curve = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Motion:
    """Curves over F frames and P parts.

    turn      radians, FxP
    stretch   FxPx2, scale along x and y
    shift     FxPx2, unit coordinates
    hidden    bool FxP
    behind    bool FxP, the part goes behind its parent's shapes
    spin      F, turn of the body out of the picture plane, radians
    wave      FxWx4, x and y amplitude, x and y phase of the smooth field that bends everything
    wave_at   Wx2, wave numbers
    place     Fx2, position of the whole
    lean      F, radians
    squash    F
    """

    turn: Curve
    stretch: Curve
    shift: Curve
    hidden: NDArray[np.bool_]
    behind: NDArray[np.bool_]
    spin: Curve
    wave: Curve
    wave_at: Curve
    place: Curve
    lean: Curve
    squash: Curve

    @property
    def frames(self) -> int:
        """Return the number of frames."""
        return len(self.lean)


def draw_curve(rng: np.random.Generator, frames: int, size: tuple[int, ...] = ()) -> Curve:
    """Draw smooth curves around 0 with deviation about 1, frames x size: eased key poses, or a swing."""
    if rng.random() < 0.35:
        period = rng.uniform(0.6, 2.2) * frames
        phase = rng.uniform(0, 2 * np.pi, size)
        height = np.abs(rng.normal(1, 0.4, size))
        t = np.arange(frames).reshape(-1, *[1] * len(size))
        return height * np.sin(2 * np.pi * t / period + phase)
    poses = int(rng.integers(2, 5))
    keys = rng.normal(0, 1, (poses, *size))
    at = np.linspace(0, poses - 1, frames)
    first = np.minimum(at.astype(int), poses - 2)
    share = at - first
    share = (share * share * (3 - 2 * share)).reshape(-1, *[1] * len(size))
    return keys[first] * (1 - share) + keys[first + 1] * share


def draw_motion(puppet: Puppet, kind: Kind, frames: int, rng: np.random.Generator) -> Motion:
    """Draw a random motion of a kind."""
    parts = puppet.parts
    count = len(parts)
    force = {"act": 1.0, "sway": 0.6, "turn": 0.5, "jump": 0.9, "walk": 0.8, "still": 0.25}[kind]
    limb = np.array([p.kind == "limb" for p in parts])
    detail = np.array([p.kind == "detail" for p in parts])
    reach = np.array([p.reach for p in parts])
    twin = np.array([p.twin for p in parts])
    turn = draw_curve(rng, frames, (count,)) * reach * np.where(limb, 0.6 * force, 0.35 * force)
    if kind == "walk":
        turn = np.where(limb, _stride(frames, reach, parts_phase(puppet, rng), rng), turn)
    turn[:, 0] *= 1.2
    stretch = np.exp(draw_curve(rng, frames, (count, 2)) * np.where(detail, 0.16, 0.05)[:, None] * (0.4 + force))
    size = np.array([p.size for p in parts])
    shift = draw_curve(rng, frames, (count, 2)) * np.where(detail, 0.13, 0.02)[:, None] * size[:, None] * force
    shift[:, 0] = 0
    _blink(stretch, detail & (rng.random(count) < 0.25), rng)
    for curves in (turn, stretch, shift):
        curves[:] = curves[:, twin]
    waves = 3
    field = draw_curve(rng, frames, (waves, 2)) * 0.01
    phase = rng.uniform(0, 2 * np.pi, (waves, 2)) + np.arange(frames)[:, None, None] * rng.normal(0, 0.12, (waves, 2))
    place, squash = _travel(kind, frames, rng)
    return Motion(
        turn=turn,
        stretch=stretch,
        shift=shift,
        hidden=_vanish(puppet, frames, rng)[:, twin],
        behind=_go_behind(puppet, frames, rng),
        spin=draw_curve(rng, frames) * (0.6 if kind == "turn" else 0.2) * (force + 0.3),
        wave=np.concatenate([field, phase], axis=2),
        wave_at=rng.normal(0, 5.0, (waves, 2)),
        place=place,
        lean=draw_curve(rng, frames) * 0.06 * force,
        squash=squash * np.exp(draw_curve(rng, frames) * 0.03),
    )


def parts_phase(puppet: Puppet, rng: np.random.Generator) -> Curve:
    """Draw 0 or half a turn for each limb of the root; parts that hang on it follow a little later."""
    phase = np.zeros(len(puppet.parts))
    for i, part in enumerate(puppet.parts):
        if part.parent == 0:
            phase[i] = rng.choice([0.0, np.pi])
        elif part.parent > 0:
            phase[i] = phase[part.parent] - 0.8
    return phase


def _stride(frames: int, reach: Curve, phase: Curve, rng: np.random.Generator) -> Curve:
    """Swing all limbs in one rhythm, FxP."""
    t = np.arange(frames)[:, None] * 2 * np.pi / rng.uniform(6, 14)
    return np.sin(t + phase + rng.normal(0, 0.1, len(reach))) * np.minimum(reach, 0.7) * rng.uniform(0.4, 1.0)


def _blink(stretch: Curve, parts: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Close details at random: squeezed flat for a frame or two."""
    frames = len(stretch)
    if frames > 4 and rng.random() < 0.6:
        at = int(rng.integers(1, frames - 2))
        for step, share in ((-1, 0.5), (0, 0.15), (1, 0.6)):
            stretch[at + step, parts, 1] *= share


def _vanish(puppet: Puppet, frames: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Choose small parts that appear or disappear within an action."""
    hidden = np.zeros((frames, len(puppet.parts)), bool)
    small = [i for i, p in enumerate(puppet.parts) if p.parent >= 0 and p.size < 0.4]
    if small and rng.random() < 0.4:
        for part in rng.choice(small, min(len(small), int(rng.integers(1, 3))), replace=False):
            start, end = np.sort(rng.integers(0, frames + 1, 2))
            hidden[start:end, list(puppet.subtree(int(part)))] = True
    return hidden


def _go_behind(puppet: Puppet, frames: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    behind = np.zeros((frames, len(puppet.parts)), bool)
    limbs = [i for i, p in enumerate(puppet.parts) if p.kind == "limb" and p.size < 0.6]
    if limbs and rng.random() < 0.3:
        part = int(rng.choice(limbs))
        at = int(rng.integers(0, frames))
        behind[at:, list(puppet.subtree(part))] = True
    return behind


def _travel(kind: Kind, frames: int, rng: np.random.Generator) -> tuple[Curve, Curve]:
    """Draw the position of the whole, Fx2, and its squash and stretch, F."""
    t = np.linspace(0, 1, frames)
    place, squash = draw_curve(rng, frames, (2,)) * 0.02, np.ones(frames)
    if kind == "walk":
        place[:, 0] += (t - 0.5) * rng.uniform(0.2, 0.6) * rng.choice([-1, 1])
        place[:, 1] += 0.03 * np.abs(np.sin(np.pi * t * rng.uniform(2, 5)))
    if kind == "jump":
        high = np.sin(np.pi * t * rng.uniform(0.8, 2)) * rng.uniform(0.1, 0.25)
        place[:, 1] -= high
        squash = 1 + np.clip(high, -0.12, 0.2)
    return place, squash


class Rig:
    """Moves points with the parts of a puppet: Nx2 points at rest and the part of each."""

    def __init__(self, puppet: Puppet, points: NDArray[np.float64], part_of: NDArray[np.int64]) -> None:
        self.puppet = puppet
        self.points = points
        self.part_of = part_of
        self._pulls = [(i, *self._weigh(i)) for i in range(len(puppet.parts) - 1, -1, -1)]
        depth = np.zeros(len(puppet.parts))
        for i, part in enumerate(puppet.parts):
            if part.parent >= 0:
                step = (1.0 if part.kind == "detail" else 0.4) * puppet.parts[part.parent].size
                depth[i] = min(depth[part.parent] + step, 3.0)
        # When the body turns, nearer parts shift farther, most in its middle.
        self._front = np.clip(1 - (2 * points[:, 0]) ** 2, 0, 1) * depth[part_of]

    def _weigh(self, index: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Find the points that part `index` moves, and the share of each: 0 behind the joint, 1 beyond the ramp."""
        part = self.puppet.parts[index]
        below = np.zeros(len(self.puppet.parts), bool)
        below[list(self.puppet.subtree(index))] = True
        moved = np.flatnonzero(below[self.part_of])
        if part.kind == "detail":
            return moved, np.ones(moved.size)
        along = (self.points[moved] - part.joint) @ part.axis / max(part.ramp, 1e-6)
        share = np.clip(along if part.kind == "root" else along * 0.5 + 0.5, 0, 1)
        weight = share * share * (3 - 2 * share)
        return moved[weight > 0], weight[weight > 0]

    def pose(self, motion: Motion, frame: int) -> NDArray[np.float64]:
        """Pose the points in a frame of a motion: Nx2."""
        posed = self.points.copy()
        for index, moved, weight in self._pulls:
            part = self.puppet.parts[index]
            angle = motion.turn[frame, index] * weight
            cos, sin = np.cos(angle), np.sin(angle)
            offset = posed[moved] - part.joint
            offset *= 1 + (motion.stretch[frame, index] - 1) * weight[:, None]
            x = offset[:, 0] * cos - offset[:, 1] * sin
            y = offset[:, 0] * sin + offset[:, 1] * cos
            shift = motion.shift[frame, index]
            posed[moved, 0] = x + part.joint[0] + shift[0] * weight
            posed[moved, 1] = y + part.joint[1] + shift[1] * weight
        return self._pose_whole(posed, motion, frame)

    def _pose_whole(self, posed: NDArray[np.float64], motion: Motion, frame: int) -> NDArray[np.float64]:
        """Turn out of the plane, bend, squash, lean and travel."""
        spin, squash, lean = motion.spin[frame], motion.squash[frame], motion.lean[frame]
        x = posed[:, 0] * (1 - 0.4 * (1 - np.cos(spin))) + np.sin(spin) * 0.07 * self._front
        y = posed[:, 1]
        for at, (height_x, height_y, phase_x, phase_y) in zip(motion.wave_at, motion.wave[frame], strict=True):
            angle = self.points @ at
            x = x + np.sin(angle + phase_x) * height_x
            y = y + np.sin(angle + phase_y) * height_y
        x, foot = x / np.sqrt(squash), (y - 0.5) * squash
        cos, sin = np.cos(lean), np.sin(lean)
        return np.stack([x * cos - foot * sin, x * sin + foot * cos + 0.5], axis=1) + motion.place[frame]
