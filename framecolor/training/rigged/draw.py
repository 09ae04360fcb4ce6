"""Draw posed characters as an id map: lit, dark and bright ids of each shape, and ink where a shape covers itself."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.training.rigged.camera import Camera
from framecolor.training.rigged.pieces import drop_short_lines, drop_small_pieces
from framecolor.training.rigged.raster import Buffer, Floats, draw_triangles, find_weights
from framecolor.training.rigged.surface import Surface

Bool = NDArray[np.bool_]
# A jump in depth beyond what the surface's slope explains, in units of the character's height.
_JUMP = 0.018
# Smaller pieces of a shape are specks: an animator would not draw them.
_LEAST_PIECE_PX = 10
_LEAST_INK_PX = 14


@dataclass(frozen=True, eq=False)
class Posed:
    """A posed character: points Vx3, the first of its ids, and which of its N shapes have a dark and a bright side."""

    surface: Surface
    points: Floats
    first_id: int
    dark: Bool
    bright: Bool


@dataclass(frozen=True, eq=False)
class DrawStyle:
    """How a sequence is drawn.

    light    direction to the light, from the camera (right, up, toward it); dark_below, bright_above: cosines
    ink_id   the id of ink; ink_px its width; creases: whether sharp bends of a shape are inked, too
    """

    light: Floats
    dark_below: float
    bright_above: float
    ink_id: int
    ink_px: int
    creases: bool


def draw_ids(cast: list[Posed], camera: Camera, size: tuple[int, int], style: DrawStyle) -> NDArray[np.uint16]:
    """Draw characters as one id map, uint16 (height, width); 0 is the background."""
    points = np.concatenate([one.points for one in cast])
    starts = np.cumsum([0, *(len(one.points) for one in cast)])
    triangles = np.concatenate([one.surface.triangles + s for one, s in zip(cast, starts, strict=False)])
    flat, near = camera.project(points)
    one_sided = np.concatenate([one.surface.one_sided for one in cast])
    buffer = draw_triangles(flat, near, triangles, one_sided, size)
    y, x = np.nonzero(buffer.triangle >= 0)
    triangle = buffer.triangle[y, x]
    corners = triangles[triangle]
    weights = find_weights(flat, corners, y, x)
    ids = np.zeros(size, np.int32)
    paint = np.zeros(size, np.int64)
    facet = np.zeros(size, np.int64)
    at = camera.axes
    first = 0
    for one in cast:
        surface, count = one.surface, len(one.surface.triangles)
        own = (triangle >= first) & (triangle < first + count)
        local, place = triangle[own] - first, (y[own], x[own])
        shape = surface.find_shapes(local, weights[own] * near[corners[own]])
        toward = _find_light(surface, one.points, local, weights[own], style.light @ at, at[2])
        ids[place] = _shade(one, shape, toward, place, size, style)
        paint[place] = surface.rgb[shape] @ (1 << 16, 1 << 8, 1) + 1
        facet[place] = surface.facet[local] * len(surface.rgb) + shape + 1
        first += count
    ids = drop_small_pieces(ids, _LEAST_PIECE_PX)
    ids[_find_ink(buffer, paint, facet, style)] = style.ink_id
    return ids.astype(np.uint16)


def _find_light(
    surface: Surface, points: Floats, triangle: NDArray[np.int32], weights: Floats, light: Floats, toward: Floats
) -> Floats:
    """Find the cosine between light and normal at pixels; normals are smooth over the whole character."""
    a, b, c = (points[surface.triangles[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    weld = surface.weld[surface.triangles]
    smooth = np.stack(
        [np.bincount(weld.ravel(), np.repeat(normal[:, k], 3), minlength=int(weld.max()) + 1) for k in range(3)], axis=1
    )
    smooth /= np.maximum(np.linalg.norm(smooth, axis=1, keepdims=True), 1e-12)
    cosine = (smooth @ light)[weld[triangle]]
    # Seen from behind, a sheet's other side is lit.
    behind = (normal @ toward)[triangle] < 0
    return np.einsum("ij,ij->i", weights, cosine) * np.where(behind & ~surface.one_sided[triangle], -1, 1)


def _shade(
    one: Posed,
    shape: NDArray[np.int64],
    cosine: Floats,
    place: tuple[NDArray[np.int64], NDArray[np.int64]],
    size: tuple[int, int],
    style: DrawStyle,
) -> NDArray[np.int64]:
    """Choose the lit, dark or bright id at each pixel; the borders of light are smooth, as those of a brush."""
    count = len(one.surface.rgb)
    level = np.zeros(shape.shape, np.int64)
    for number, (sides, lit) in enumerate(
        ((one.dark, cosine < style.dark_below), (one.bright, cosine > style.bright_above)), start=1
    ):
        if sides.any():
            mask = np.zeros(size, np.uint8)
            mask[place] = lit
            level[(cv2.medianBlur(mask, 9)[place] > 0) & sides[shape]] = number
    return one.first_id + shape + level * count


def _find_ink(buffer: Buffer, paint: NDArray[np.int64], facet: NDArray[np.int64], style: DrawStyle) -> Bool:
    """Find lines inside of one color: where the surface jumps in depth, as an arm before a body, and at creases."""
    ink = np.zeros(paint.shape, bool)
    depth = 1 / np.maximum(buffer.near, 1e-6)
    slope = buffer.slope[np.maximum(buffer.triangle, 0)]
    for axis in (0, 1):
        here, there = (slice(None, -1), slice(None)), (slice(1, None), slice(None))
        if axis == 1:
            here, there = here[::-1], there[::-1]
        step = slope[..., 1 - axis]
        steep = np.abs(step) * depth**2
        onward = depth[there] - 1 / np.maximum(buffer.near[here] + step[here], 1e-6)
        back = depth[here] - 1 / np.maximum(buffer.near[there] - step[there], 1e-6)
        same = (paint[here] == paint[there]) & (paint[here] > 0)
        nearer = depth[here] <= depth[there]
        # Beyond an edge, a face that recedes steeply is up to a pixel's depth farther, without a jump.
        least = _JUMP + np.where(nearer, steep[there], steep[here])
        jump = same & (np.minimum(np.abs(onward), np.abs(back)) > least)
        # The line belongs to what is in front.
        ink[here] |= jump & nearer
        ink[there] |= jump & ~nearer
        if style.creases:
            shape = same & (facet[here] != facet[there]) & ~jump
            ink[here] |= shape
    ink = drop_short_lines(ink, _LEAST_INK_PX)
    if style.ink_px > 1:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (style.ink_px, style.ink_px))
        ink = cv2.dilate(ink.astype(np.uint8), kernel) > 0
    return ink & (paint > 0)
