"""A rig: the nodes, skins, meshes and clips of a glTF file, posed and skinned with NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framecolor.training.rigged.gltf import Gltf

Floats = NDArray[np.float64]
# A clip that lasts shorter or has fewer keys is a pose, not a motion.
_SHORTEST_SECONDS, _FEWEST_KEYS = 0.15, 3


@dataclass(frozen=True, eq=False, repr=False)
class Mesh:
    """One primitive: V points, T triangles; `skin`, `joints` and `weights` (VxK) only if it is skinned."""

    node: int
    points: Floats
    triangles: NDArray[np.int64]
    material: int
    uv: Floats | None
    colors: Floats | None
    skin: int | None
    joints: NDArray[np.int64]
    weights: Floats


@dataclass(frozen=True, eq=False, repr=False)
class Track:
    """Keys of one property of one node: `path` is translation, rotation or scale."""

    node: int
    path: str
    seconds: Floats
    values: Floats
    stepped: bool

    def sample(self, seconds: float) -> Floats:
        """Sample the value at a time; rotations take the shorter way."""
        last = len(self.seconds) - 1
        after = int(np.searchsorted(self.seconds, seconds, "right"))
        if after == 0 or after > last:
            return self.values[min(after, last)]
        before = after - 1
        if self.stepped:
            return self.values[before]
        span = self.seconds[after] - self.seconds[before]
        share = (seconds - self.seconds[before]) / max(float(span), 1e-9)
        a, b = self.values[before], self.values[after]
        if self.path != "rotation":
            return a + (b - a) * share
        mixed = a + ((b if a @ b >= 0 else -b) - a) * share
        return mixed / max(float(np.linalg.norm(mixed)), 1e-12)


@dataclass(frozen=True, eq=False, repr=False)
class Clip:
    """One motion: its tracks and how long it lasts."""

    name: str
    tracks: tuple[Track, ...]
    seconds: float

    @property
    def moves(self) -> bool:
        """Tell whether it is a motion, not a single pose."""
        return self.seconds >= _SHORTEST_SECONDS and max(len(t.seconds) for t in self.tracks) >= _FEWEST_KEYS


@dataclass(eq=False, repr=False)
class Pose:
    """Local translation, rotation (quaternion x, y, z, w) and scale of each node."""

    translation: Floats
    rotation: Floats
    scale: Floats

    def copy(self) -> Pose:
        """Copy it, to change the copy."""
        return Pose(self.translation.copy(), self.rotation.copy(), self.scale.copy())


class Rig:
    """A file's skeleton, meshes and clips. `parent` is -1 for a root, `order` has parents before children."""

    def __init__(self, gltf: Gltf) -> None:
        """Raise one of MISSHAPEN if the tables do not fit together."""
        self.gltf = gltf
        nodes = gltf.list_rows("nodes")
        self.names = [str(node.get("name", f"node{i}")) for i, node in enumerate(nodes)]
        self.index = {name: i for i, name in reversed(list(enumerate(self.names)))}
        self.parent = np.full(len(nodes), -1)
        for i, node in enumerate(nodes):
            self.parent[node.get("children", [])] = i
        self.order = self._sort()
        self.rest = _read_rest(nodes)
        self.skins = [self._read_skin(row) for row in gltf.list_rows("skins")]
        self.joints = {int(j) for joints, _ in self.skins for j in joints}
        self.meshes = [mesh for i, node in enumerate(nodes) if "mesh" in node for mesh in self._read_meshes(i, node)]

    def _sort(self) -> list[int]:
        order = [int(i) for i in np.flatnonzero(self.parent < 0)]
        for i in order:  # grows while it is read
            order += [int(c) for c in np.flatnonzero(self.parent == i)]
        if len(order) != len(self.parent):
            raise ValueError("the nodes are no tree")
        return order

    def _read_skin(self, row: dict[str, Any]) -> tuple[NDArray[np.int64], Floats]:
        joints = np.array(row["joints"], np.int64)
        if "inverseBindMatrices" not in row:
            return joints, np.tile(np.eye(4), (len(joints), 1, 1))
        return joints, self.gltf.read_floats(row["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)

    def _read_meshes(self, index: int, node: dict[str, Any]) -> list[Mesh]:
        gltf, found = self.gltf, list[Mesh]()
        for part in gltf.table["meshes"][node["mesh"]]["primitives"]:
            if part.get("mode", 4) != 4:
                continue
            has = part["attributes"]
            points = gltf.read_floats(has["POSITION"])
            corners = gltf.read_integers(part["indices"]) if "indices" in part else np.arange(len(points))
            skin = node.get("skin") if "JOINTS_0" in has else None
            sets = [n for n in ("0", "1") if f"JOINTS_{n}" in has] if skin is not None else []
            joints = [gltf.read_integers(has[f"JOINTS_{n}"]) for n in sets]
            weights = [gltf.read_floats(has[f"WEIGHTS_{n}"]) for n in sets]
            total = np.hstack(weights) if weights else np.zeros((len(points), 0))
            found.append(
                Mesh(
                    node=index,
                    points=points,
                    triangles=corners[: len(corners) // 3 * 3].reshape(-1, 3),
                    material=part.get("material", -1),
                    uv=gltf.read_floats(has["TEXCOORD_0"]) if "TEXCOORD_0" in has else None,
                    colors=gltf.read_floats(has["COLOR_0"])[:, :3] if "COLOR_0" in has else None,
                    skin=skin,
                    joints=np.hstack(joints) if joints else np.zeros((len(points), 0), np.int64),
                    weights=total / np.maximum(total.sum(axis=1, keepdims=True), 1e-8),
                )
            )
        return found

    @cached_property
    def clips(self) -> dict[str, Clip]:
        """The clips by name, without single poses."""
        clips = [self._read_clip(i, row) for i, row in enumerate(self.gltf.list_rows("animations"))]
        return {clip.name: clip for clip in clips if clip.tracks and clip.moves}

    def _read_clip(self, index: int, row: dict[str, Any]) -> Clip:
        tracks: list[Track] = []
        for channel in row["channels"]:
            target, sampler = channel["target"], row["samplers"][channel["sampler"]]
            if "node" not in target or target["path"] not in ("translation", "rotation", "scale"):
                continue
            seconds, values = self.gltf.read_floats(sampler["input"]), self.gltf.read_floats(sampler["output"])
            if sampler.get("interpolation") == "CUBICSPLINE":
                values = values.reshape(len(seconds), 3, -1)[:, 1]
            if len(values) != len(seconds) or not 0 <= target["node"] < len(self.names):
                raise ValueError("a clip does not fit its nodes or times")
            stepped = sampler.get("interpolation") == "STEP"
            tracks.append(Track(target["node"], target["path"], seconds, values, stepped))
        length = max((float(t.seconds[-1]) for t in tracks), default=0.0)
        return Clip(str(row.get("name", f"clip{index}")), tuple(tracks), length)

    def sample(self, clip: Clip, seconds: float) -> Pose:
        """Pose the nodes as the clip (of this rig) does at a time."""
        pose = self.rest.copy()
        for track in clip.tracks:
            getattr(pose, track.path)[track.node] = track.sample(seconds)
        return pose

    def place(self, pose: Pose) -> Floats:
        """Compute the world matrix of each node, [nodes, 4, 4]."""
        world = local_matrices(pose)
        for i in self.order:
            if self.parent[i] >= 0:
                world[i] = world[self.parent[i]] @ world[i]
        return world

    @cached_property
    def bind(self) -> Floats:
        """World matrices in which the meshes were bound to the joints; of other nodes, those at rest."""
        world = self.place(self.rest)
        bound = world.copy()
        for joints, inverse in reversed(self.skins):
            bound[joints] = np.linalg.inv(inverse)
        top = next((i for i in self.order if i in self.joints), None)
        if top is not None:
            # The bind space of a skin may be scaled or turned against the scene: its first joint tells how.
            joints = sorted(self.joints)
            bound[joints] = world[top] @ np.linalg.inv(bound[top]) @ bound[joints]
        return bound

    def skin(self, mesh: Mesh, world: Floats) -> Floats:
        """Move the points of a mesh to the world, Vx3."""
        if mesh.skin is None:
            return mesh.points @ world[mesh.node, :3, :3].T + world[mesh.node, :3, 3]
        joints, inverse = self.skins[mesh.skin]
        matrices = (world[joints] @ inverse)[:, :3]
        blended = np.einsum("vk,vkij->vij", mesh.weights, matrices[mesh.joints])
        return np.einsum("vij,vj->vi", blended[:, :, :3], mesh.points) + blended[:, :, 3]


def local_matrices(pose: Pose) -> Floats:
    """Compute the local matrix of each node, [nodes, 4, 4]."""
    matrices = np.zeros((len(pose.translation), 4, 4))
    matrices[:, :3, :3] = to_matrices(pose.rotation) * pose.scale[:, None, :]
    matrices[:, :3, 3] = pose.translation
    matrices[:, 3, 3] = 1
    return matrices


def to_matrices(quaternions: Floats) -> Floats:
    """Convert quaternions x, y, z, w to rotation matrices, [..., 3, 3]."""
    x, y, z, w = np.moveaxis(quaternions, -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def _read_rest(nodes: list[dict[str, Any]]) -> Pose:
    count = len(nodes)
    pose = Pose(np.zeros((count, 3)), np.tile([0.0, 0.0, 0.0, 1.0], (count, 1)), np.ones((count, 3)))
    for i, node in enumerate(nodes):
        if "matrix" in node:
            matrix = np.array(node["matrix"], float).reshape(4, 4).T
            scale = np.linalg.norm(matrix[:3, :3], axis=0)
            scale[0] *= np.sign(np.linalg.det(matrix[:3, :3])) or 1.0
            pose.translation[i], pose.scale[i] = matrix[:3, 3], scale
            pose.rotation[i] = _to_quaternion(matrix[:3, :3] / scale)
        for path in ("translation", "rotation", "scale"):
            if path in node:
                getattr(pose, path)[i] = node[path]
    return pose


def _to_quaternion(matrix: Floats) -> Floats:
    # The eigenvector of the largest eigenvalue of Bar-Itzhack's matrix: stable for every rotation.
    m = matrix
    k = np.array(
        [
            [m[0, 0] - m[1, 1] - m[2, 2], 0, 0, 0],
            [m[1, 0] + m[0, 1], m[1, 1] - m[0, 0] - m[2, 2], 0, 0],
            [m[2, 0] + m[0, 2], m[2, 1] + m[1, 2], m[2, 2] - m[0, 0] - m[1, 1], 0],
            [m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1], m.trace()],
        ]
    )
    return np.linalg.eigh(k)[1][:, -1]
