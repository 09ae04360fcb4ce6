"""The surface of a rigged character, split into shapes: connected triangles of one color, each with an id for good."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.training.rigged.materials import Look, look_up, posterize, read_look
from framecolor.training.rigged.parts import name_part
from framecolor.training.rigged.patches import find_neighbors, group_colors, join, weld_points
from framecolor.training.rigged.rig import Floats, Mesh, Rig

Ints = NDArray[np.int64]
# Meshes with drawing on a smaller share of their area are palette textures with a few bad coordinates.
_LEAST_DRAWN_SHARE = 0.03
# Bends sharper than this are a drawn line in styles that draw creases.
_CREASE_COS = float(np.cos(np.radians(52)))


@dataclass(frozen=True, eq=False, repr=False)
class Print:
    """A texture with drawing: the detail of each texel, and the shape of each [row, detail], -1 for none."""

    details: NDArray[np.int32]
    shapes: Ints


@dataclass(frozen=True, eq=False, repr=False)
class Surface:
    """Triangles of all meshes, and tables over N shapes.

    triangles  Tx3, indices into the points of all meshes in a row; weld [V]: points at one place share a number
    shape      [T], the shape of each triangle; where `printed` [T] is not -1, the row of that print's table
    facet      [T], triangles that meet without a crease share a number
    uv         Vx2, texture coordinates
    rgb        uint8 Nx3; parts: N names
    """

    meshes: tuple[Mesh, ...]
    triangles: Ints
    weld: Ints
    shape: Ints
    facet: Ints
    one_sided: NDArray[np.bool_]
    printed: Ints
    prints: tuple[Print, ...]
    uv: Floats
    rgb: NDArray[np.uint8]
    parts: tuple[str, ...]

    def find_shapes(self, triangle: NDArray[np.int32], weights: Floats) -> Ints:
        """Find the shapes seen at pixels: on `triangle` [P], with weights Px3 of its corners, in any unit."""
        found = self.shape[triangle]
        for number, sheet in enumerate(self.prints):
            on = self.printed[triangle] == number
            share = weights[on] / np.einsum("ij->i", weights[on])[:, None]
            uv = np.einsum("ij,ijk->ik", share, self.uv[self.triangles[triangle[on]]])
            found[on] = sheet.shapes[found[on], look_up(sheet.details, uv)]
        return found


@dataclass(frozen=True, eq=False, repr=False)
class _Soup:
    """The visible triangles of all meshes: corners, mesh, look and area of each."""

    meshes: tuple[Mesh, ...]
    looks: list[Look]
    images: dict[int, NDArray[np.uint8]]
    points: Floats
    triangles: Ints
    owner: Ints
    shown: NDArray[np.bool_]
    normals: Floats
    area: Floats


def read_surface(rig: Rig, hide: frozenset[str] = frozenset(), tone: int = 0) -> Surface:
    """Split a rig's meshes into shapes. `hide` names nodes to leave out; `tone` chooses among skin tones.

    Raises ValueError if there is nothing to see.
    """
    soup = _read_soup(rig, hide, tone)
    weld = weld_points(soup.points)
    first, second = find_neighbors(weld[soup.triangles])
    printed, prints = _choose_prints(soup)
    material = np.array([mesh.material for mesh in soup.meshes])[soup.owner]
    surface = np.where(printed >= 0, -2 - soup.owner, material)
    rgb = np.concatenate([look.rgb for look in soup.looks])[soup.shown]
    shape, shape_rgb = group_colors(rgb, surface, first, second, soup.area)
    flat = (soup.normals[first] * soup.normals[second]).sum(axis=1) > _CREASE_COS
    uv = [np.zeros((len(mesh.points), 2)) if look.uv is None else look.uv for mesh, look in _pair(soup)]
    facet = join(len(shape), first[flat], second[flat])
    return _finish(rig, soup, weld, shape, shape_rgb, facet, printed, prints, np.concatenate(uv))


def _pair(soup: _Soup) -> list[tuple[Mesh, Look]]:
    return list(zip(soup.meshes, soup.looks, strict=True))


def _read_soup(rig: Rig, hide: frozenset[str], tone: int) -> _Soup:
    meshes = tuple(mesh for mesh in rig.meshes if rig.names[mesh.node] not in hide)
    if not meshes:
        raise ValueError("it has no meshes")
    images: dict[int, NDArray[np.uint8]] = {}
    looks = [read_look(rig, mesh, images, tone) for mesh in meshes]
    world = rig.place(rig.rest)
    points = np.concatenate([rig.skin(mesh, world) for mesh in meshes])
    starts = np.cumsum([0, *(len(mesh.points) for mesh in meshes[:-1])])
    triangles = np.concatenate([mesh.triangles + start for mesh, start in zip(meshes, starts, strict=True)])
    if triangles.max() >= len(points) or triangles.min() < 0:
        raise ValueError("a triangle leads out of its mesh")
    shown = np.concatenate([~look.hidden for look in looks])
    # A file whose materials are all transparent was exported with a wrong opacity.
    shown |= not shown.any()
    a, b, c = (points[triangles[shown, k]] for k in range(3))
    normals = np.cross(b - a, c - a)
    area = np.linalg.norm(normals, axis=1)
    if not area.sum() > 0:
        raise ValueError("there is nothing to see")
    owner = np.repeat(np.arange(len(meshes)), [len(mesh.triangles) for mesh in meshes])[shown]
    normals /= np.maximum(area, 1e-12)[:, None]
    return _Soup(meshes, looks, images, points, triangles[shown], owner, shown, normals, area)


def _choose_prints(soup: _Soup) -> tuple[Ints, list[int]]:
    """Choose the textures with drawing: the number of each triangle's, or -1, and the images by number."""
    images: list[int] = []
    printed = np.full(len(soup.owner), -1)
    drawn = np.concatenate([look.drawn for look in soup.looks])[soup.shown]
    for i, look in enumerate(soup.looks):
        own = soup.owner == i
        if look.image is None or soup.area[own & drawn].sum() <= _LEAST_DRAWN_SHARE * soup.area[own].sum():
            continue
        if look.image not in images:
            images.append(look.image)
        printed[own] = images.index(look.image)
    return printed, images


def _finish(
    rig: Rig,
    soup: _Soup,
    weld: Ints,
    shape: Ints,
    rgb: Floats,
    facet: Ints,
    printed: Ints,
    images: list[int],
    uv: Floats,
) -> Surface:
    """Name the shapes, and give the details of prints shapes of their own."""
    table = [tuple(row) for row in rgb]
    names = _name_shapes(rig, soup, shape)
    prints: list[Print] = []
    for number, image in enumerate(images):
        rows = np.unique(shape[printed == number])
        texels = [
            _cover(soup.images[image].shape[:2], uv[soup.triangles[(printed == number) & (shape == r)]]) for r in rows
        ]
        details, colors = posterize(soup.images[image], np.any(texels, axis=0))
        shapes = np.full((int(shape.max()) + 1, len(colors)), -1)
        for row, mask in zip(rows, texels, strict=True):
            # Texels beyond the drawn triangles' borders take the row's own shape.
            shapes[row] = row
            for detail in np.unique(details[mask]):
                shapes[row, detail] = len(table)
                table.append(tuple(colors[detail]))
                names.append(names[row])
        prints.append(Print(details, shapes))
    return Surface(
        meshes=soup.meshes,
        triangles=soup.triangles,
        weld=weld,
        shape=shape,
        facet=facet,
        one_sided=np.concatenate([look.one_sided for look in soup.looks])[soup.shown],
        printed=printed,
        prints=tuple(prints),
        uv=uv,
        rgb=np.array(table).round().clip(0, 255).astype(np.uint8),
        parts=tuple(names),
    )


def _cover(size: tuple[int, ...], corners: Floats) -> NDArray[np.bool_]:
    """Mark the texels that triangles cover; `corners` is Tx3x2 in texture coordinates."""
    mask = np.zeros(size, np.uint8)
    # Whole triangles are moved into the texture, so that none is torn apart at its border.
    inside = corners - np.floor(corners.mean(axis=1, keepdims=True))
    for triangle in (inside * (size[1], size[0])).round().astype(np.int32):
        cv2.fillConvexPoly(mask, triangle, 1)
    return mask > 0


def _name_shapes(rig: Rig, soup: _Soup, shape: Ints) -> list[str]:
    """Name each shape by the material, mesh and joint of its largest triangle."""
    materials = rig.gltf.list_rows("materials")
    order = np.argsort(soup.area, kind="stable")
    largest = np.zeros(int(shape.max()) + 1, np.int64)
    largest[shape[order]] = order
    joint = np.concatenate([_find_joints(rig, mesh) for mesh in soup.meshes])
    names: list[str] = []
    for triangle in largest:
        mesh = soup.meshes[soup.owner[triangle]]
        material = str(materials[mesh.material].get("name", "")) if mesh.material >= 0 else ""
        names.append(name_part(material, rig.names[mesh.node], rig.names[joint[soup.triangles[triangle, 0]]]))
    return names


def _find_joints(rig: Rig, mesh: Mesh) -> Ints:
    """Find the node that moves each point most."""
    if mesh.skin is None:
        return np.full(len(mesh.points), mesh.node)
    strongest = mesh.joints[np.arange(len(mesh.points)), mesh.weights.argmax(axis=1)]
    return rig.skins[mesh.skin][0][strongest]
