"""Play the clips of one skeleton on another: each joint turns as its counterpart turns away from its bind pose."""

from __future__ import annotations

import re
from functools import cached_property

import numpy as np

from framecolor.training.rigged.rig import Clip, Floats, Pose, Rig, local_matrices

# Bones of a human skeleton, by the names that tools give them (lower case, without prefix, side and separators).
_HUMAN = {
    "hips": "hips pelvis",
    "spine": "spine spine001 spine01 abdomen tummy",
    "chest": "chest spine002 spine02 torso",
    "upper chest": "upperchest spine003 spine03",
    "neck": "neck neck01",
    "head": "head",
    "shoulder": "shoulder clavicle",
    "upper arm": "upperarm",
    "lower arm": "lowerarm forearm",
    "hand": "hand wrist",
    "upper leg": "upperleg thigh",
    "lower leg": "lowerleg shin calf",
    "foot": "foot",
    "toes": "toe toes ball",
}
_BY_NAME = {alias: bone for bone, aliases in _HUMAN.items() for alias in aliases.split()}
_FINGER = re.compile(r"f?(thumb|index|middle|ring|pinky)0?([1-4])$")
_PREFIX = re.compile(r"^(def-|mixamorig:?|characterarmature\||j_bip_[clr]_)")
# Bones that point along a limb. Between rigs bound in other poses (A or T), they first turn to the same direction.
_ALONG = {
    "upper arm": "lower arm",
    "lower arm": "hand",
    "upper leg": "lower leg",
    "lower leg": "foot",
    "shoulder": "upper arm",
    "neck": "head",
}
_SAME_SHARE = 0.8
_SAME_LENGTH = 0.03
_SAME_TURN = float(np.cos(np.radians(10 / 2)))


class Retarget:
    """Poses of `rig` from the clips of `source`: copied if the skeletons are the same, else as world rotations."""

    def __init__(self, rig: Rig, source: Rig) -> None:
        self.rig, self.source = rig, source
        moved = {track.node for clip in source.clips.values() for track in clip.tracks}
        named = [(rig.index[source.names[i]], i) for i in sorted(moved) if source.names[i] in rig.index]
        by_name = len(named) >= _SAME_SHARE * len(moved)
        self._copied = by_name and _is_same_skeleton(rig, source, named)
        self._turn = np.diag([-1.0, 1.0, -1.0]) if faces_back(rig) != faces_back(source) else np.eye(3)
        if by_name:
            self._pairs = dict(named)
            self._align = {own: np.eye(3) for own in self._pairs}
        else:
            own, other = name_humanoid(rig), name_humanoid(source)
            bones = [bone for bone in own if bone in other]
            self._pairs = {own[bone]: other[bone] for bone in bones}
            self._align = self._align_limbs({bone: (own[bone], other[bone]) for bone in bones})
        if not self._pairs:
            raise ValueError("its skeleton has no bones in common with that of its clips")

    def place(self, clip: Clip, seconds: float) -> Floats:
        """Compute the world matrix of each node of the rig at a time of a clip, [nodes, 4, 4]."""
        moved = self.source.sample(clip, seconds)
        if self._copied:
            return self.rig.place(self._copy(clip, moved))
        return self._turn_joints(self.source.place(moved))

    def _copy(self, clip: Clip, moved: Pose) -> Pose:
        pose = self.rig.rest.copy()
        partner = {other: own for own, other in self._pairs.items()}
        for track in clip.tracks:
            own = partner.get(track.node)
            if own is None:
                continue
            value = getattr(moved, track.path)[track.node]
            rest, other_rest = self.rig.rest.rotation[own], self.source.rest.rotation[track.node]
            if track.path == "rotation" and abs(rest @ other_rest) < _SAME_TURN:
                # A bone at rest in another direction, such as a root that lies: only its own motion counts.
                value = _multiply(rest, _multiply(other_rest * (-1, -1, -1, 1), value))
            getattr(pose, track.path)[own] = value
        return pose

    def _turn_joints(self, moved: Floats) -> Floats:
        rig, bind, other_bind = self.rig, self.rig.bind, self.source.bind
        world = self._local.copy()
        for i in rig.order:
            if rig.parent[i] >= 0:
                world[i] = world[rig.parent[i]] @ world[i]
            other = self._pairs.get(int(i))
            if other is None:
                continue
            delta = self._turn @ _rotation(moved[other]) @ _rotation(other_bind[other]).T @ self._turn.T
            if i == self._root:
                shift = self._turn @ (moved[other, :3, 3] - other_bind[other, :3, 3])
                world[i, :3, 3] = bind[i, :3, 3] + shift * self._scale
            lengths = np.linalg.norm(bind[i, :3, :3], axis=0)
            world[i, :3, :3] = delta @ self._align[int(i)] @ _rotation(bind[i]) * lengths
        return world

    @cached_property
    def _local(self) -> Floats:
        """Local matrices of the bind pose, [nodes, 4, 4]; nodes without a bind pose are at rest."""
        rig = self.rig
        local = local_matrices(rig.rest)
        inner = [i for i in rig.order if i in rig.joints and rig.parent[i] in rig.joints]
        local[inner] = np.linalg.inv(rig.bind[rig.parent[inner]]) @ rig.bind[inner]
        return local

    @cached_property
    def _root(self) -> int:
        """The first joint that has a counterpart: it carries the motion through space."""
        return next(int(i) for i in self.rig.order if int(i) in self._pairs)

    @cached_property
    def _scale(self) -> float:
        own = self.rig.bind[list(self._pairs), :3, 3]
        other = self.source.bind[list(self._pairs.values()), :3, 3]
        return float(own.std(axis=0).sum() / max(other.std(axis=0).sum(), 1e-9))

    def _align_limbs(self, bones: dict[str, tuple[int, int]]) -> dict[int, Floats]:
        aligned: dict[str, Floats] = {}
        for bone, (own, other) in bones.items():
            name, _, side = bone.partition(":")
            end = bones.get(f"{_ALONG[name]}:{side}" if side else _ALONG[name]) if name in _ALONG else None
            if end is not None:
                to = self._turn @ (self.source.bind[end[1], :3, 3] - self.source.bind[other, :3, 3])
                aligned[bone] = _turn_between(self.rig.bind[end[0], :3, 3] - self.rig.bind[own, :3, 3], to)
        for bone in bones:
            name, _, side = bone.partition(":")
            if name == "hand" or _FINGER.match(name):
                aligned[bone] = aligned.get(f"lower arm:{side}", np.eye(3))
        return {own: aligned.get(bone, np.eye(3)) for bone, (own, _) in bones.items()}


def faces_back(rig: Rig) -> bool:
    """Tell whether a rig faces -z, as VRM 0 does; glTF faces +z."""
    return "VRM" in rig.gltf.table.get("extensions", {})


def name_humanoid(rig: Rig) -> dict[str, int]:
    """Find the bones of a human skeleton by name, such as "upper arm:l"; the nodes."""
    found: dict[str, int] = {}
    candidates = sorted(rig.joints) if rig.joints else range(len(rig.names))
    for i in candidates:
        bone = name_bone(rig.names[i])
        if bone is not None:
            found.setdefault(bone, i)
    return found


def name_bone(name: str) -> str | None:
    """Name a bone of a human skeleton, with its side: "upper_arm.L" is "upper arm:l". None if it is no such bone."""
    text = _PREFIX.sub("", name.lower()).removesuffix("_armature")
    side = re.search(r"[._ ]([lr])$", text)
    bare = re.sub(r"[._ ]", "", text[: side.start()] if side else text)
    finger = _FINGER.match(bare)
    bone = f"{finger[1]}{finger[2]}" if finger else _BY_NAME.get(bare)
    return bone if bone is None or side is None else f"{bone}:{side[1]}"


def _is_same_skeleton(rig: Rig, source: Rig, named: list[tuple[int, int]]) -> bool:
    """Tell whether most bones have the same length and the same axes at rest."""
    own, other = ([pair[k] for pair in named] for k in (0, 1))
    length = np.linalg.norm(rig.rest.translation[own], axis=1)
    gap = np.abs(length - np.linalg.norm(source.rest.translation[other], axis=1))
    cosine = np.abs(np.einsum("ij,ij->i", rig.rest.rotation[own], source.rest.rotation[other]))
    same = (gap <= _SAME_LENGTH * max(float(np.median(length)), 1e-9)) & (cosine > _SAME_TURN)
    return bool(same.mean() >= _SAME_SHARE)


def _multiply(a: Floats, b: Floats) -> Floats:
    """Multiply quaternions x, y, z, w: first b turns, then a."""
    vector = a[3] * b[:3] + b[3] * a[:3] + np.cross(a[:3], b[:3])
    return np.append(vector, a[3] * b[3] - a[:3] @ b[:3])


def _rotation(matrix: Floats) -> Floats:
    return matrix[:3, :3] / np.maximum(np.linalg.norm(matrix[:3, :3], axis=0), 1e-12)


def _turn_between(a: Floats, b: Floats) -> Floats:
    """Compute the smallest rotation from direction a to b."""
    lengths = np.linalg.norm(a) * np.linalg.norm(b)
    if lengths < 1e-12 or a @ b < -0.999 * lengths:
        return np.eye(3)
    axis, cos = np.cross(a, b) / lengths, float(a @ b / lengths)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.eye(3) + cross + cross @ cross / (1 + cos)
