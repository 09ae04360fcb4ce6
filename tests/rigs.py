"""Rigged characters made in code: two boxes on two joints, with two materials and a clip, as a GLB file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CORNERS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
# Counterclockwise from outside.
_QUADS = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
_FACES = np.array([triangle for a, b, c, d in _QUADS for triangle in ((a, b, c), (a, c, d))])


@dataclass
class GlbWriter:
    """Collects arrays for one file."""

    binary: bytearray = field(default_factory=bytearray)
    views: list[dict[str, Any]] = field(default_factory=list)
    accessors: list[dict[str, Any]] = field(default_factory=list)

    def add(self, values: NDArray[Any], kind: str, *, normalized: bool = False) -> int:
        """Add an array; its accessor."""
        code = {"int8": 5120, "uint8": 5121, "uint16": 5123, "uint32": 5125, "float32": 5126}[values.dtype.name]
        self.binary += b"\0" * (-len(self.binary) % 4)
        self.views.append({"buffer": 0, "byteOffset": len(self.binary), "byteLength": values.nbytes})
        self.binary += values.tobytes()
        row = {"bufferView": len(self.views) - 1, "componentType": code, "type": kind, "count": len(values)}
        self.accessors.append(row | ({"normalized": True} if normalized else {}))
        return len(self.accessors) - 1

    def write(self, path: Path, table: dict[str, Any]) -> Path:
        """Write the file."""
        whole = {"asset": {"version": "2.0"}, "accessors": self.accessors, "bufferViews": self.views} | table
        text = json.dumps(whole | {"buffers": [{"byteLength": len(self.binary)}]}).encode()
        text += b" " * (-len(text) % 4)
        binary = bytes(self.binary) + b"\0" * (-len(self.binary) % 4)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            file.write(b"glTF" + (2).to_bytes(4, "little") + (28 + len(text) + len(binary)).to_bytes(4, "little"))
            for kind, chunk in ((b"JSON", text), (b"BIN\0", binary)):
                file.write(len(chunk).to_bytes(4, "little") + kind + chunk)
        return path


def write_rig(
    path: Path,
    *,
    joints: tuple[str, str] = ("Hips", "Head"),
    skin: tuple[float, float, float] = (0.8, 0.5, 0.4),
    clips: tuple[str, ...] = ("nod",),
    turned: bool = False,
    meshes: bool = True,
) -> Path:
    """Write a figure 4 high on joints at heights 0 and 2, whose clips turn the upper joint by 90 degrees about z.

    skin    linear color of the lower box, material "Skin"; the upper one is blue, material "Hat"
    turned  the upper joint's own axes are turned by 90 degrees about x, as other tools bind them
    """
    glb = GlbWriter()
    axes = np.array([np.sqrt(0.5), 0, 0, np.sqrt(0.5)]) if turned else np.array([0, 0, 0, 1.0])
    nodes: list[dict[str, Any]] = [
        {"name": joints[0], "children": [1]},
        {"name": joints[1], "translation": [0, 2, 0], "rotation": axes.tolist()},
    ]
    table: dict[str, Any] = {"nodes": nodes, "materials": _materials(skin)}
    if meshes:
        nodes.append({"name": "Body", "mesh": 0, "skin": 0})
        table["meshes"] = [{"primitives": [_box(glb, level) for level in (0, 1)]}]
        inverse = np.tile(np.eye(4, dtype=np.float32), (2, 1, 1))
        inverse[1] = np.linalg.inv(np.vstack([np.column_stack([_matrix(axes), [0, 2, 0]]), [0, 0, 0, 1]]))
        bind = glb.add(inverse.transpose(0, 2, 1).reshape(2, 16).copy(), "MAT4")
        table["skins"] = [{"joints": [0, 1], "inverseBindMatrices": bind}]
    seconds = np.linspace(0, 1, 5, dtype=np.float32)
    angle = seconds * np.pi / 2
    turn = np.stack([0 * angle, 0 * angle, np.sin(angle / 2), np.cos(angle / 2)], axis=1)
    values = np.stack([_multiply(q, axes) for q in turn]).astype(np.float32)
    sampler = {"input": glb.add(seconds, "SCALAR"), "output": glb.add(values, "VEC4")}
    channel = {"sampler": 0, "target": {"node": 1, "path": "rotation"}}
    table["animations"] = [{"name": name, "samplers": [sampler], "channels": [channel]} for name in clips]
    return glb.write(path, table)


def _materials(skin: tuple[float, float, float]) -> list[dict[str, Any]]:
    colors = {"Skin": skin, "Hat": (0.05, 0.1, 0.7)}
    return [{"name": n, "pbrMetallicRoughness": {"baseColorFactor": [*c, 1]}} for n, c in colors.items()]


def _box(glb: GlbWriter, level: int) -> dict[str, Any]:
    points = (_CORNERS * (0.5 + level / 2, 0.9, 0.5) + (0, 1 + 2 * level, 0)).astype(np.float32)
    joint = np.zeros((8, 4), np.uint8)
    joint[:, 0] = level
    weights = np.tile(np.array([255, 0, 0, 0], np.uint8), (8, 1))
    return {
        "attributes": {
            "POSITION": glb.add(points, "VEC3"),
            "JOINTS_0": glb.add(joint, "VEC4"),
            "WEIGHTS_0": glb.add(weights, "VEC4", normalized=True),
        },
        "indices": glb.add(_FACES.reshape(-1).astype(np.uint16), "SCALAR"),
        "material": level,
    }


def _matrix(q: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, z, w = q
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def _multiply(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    vector = a[3] * b[:3] + b[3] * a[:3] + np.cross(a[:3], b[:3])
    return np.append(vector, a[3] * b[3] - a[:3] @ b[:3])
