"""Flat shapes, painted into id maps.

Coordinates are arbitrary until `fit_shapes` puts a drawing into the unit square around 0 (longer side 1, y downward).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

Contour = NDArray[np.float64]
_SUBPIXEL_BITS = 4
# Largest deviation of a simplified outline: a third of a pixel of a drawing of 512.
_FLAT = 0.0007


@dataclass(frozen=True, eq=False, repr=False)
class Shape:
    """One flat shape.

    contours   float64 Nx2 each; closed when filled
    rgb        the color, 0..255
    stroke     width of an open or closed line along the contours; None: filled
    even_odd   fill rule of overlapping contours: even-odd, or nonzero
    ink        drawn as a line, never as a fill
    on         index of the shape that this one shades or decorates: drawn only on it, which is its base
    shaded     shadow or light, which a drawing without shading merges with its base
    clip       contours outside of which nothing is drawn; () if there are none
    """

    contours: tuple[Contour, ...]
    rgb: tuple[int, int, int]
    stroke: float | None = None
    even_odd: bool = False
    ink: bool = False
    on: int | None = None
    shaded: bool = False
    clip: tuple[Contour, ...] = ()
    alpha: float = 1.0

    def __repr__(self) -> str:
        return f"Shape({len(self.contours)} contours, {self.rgb})"

    @property
    def points(self) -> Contour:
        """Return all vertices, Nx2."""
        return np.concatenate(self.contours)


def fit_shapes(shapes: Sequence[Shape]) -> list[Shape]:
    """Move and scale the drawing into the unit square around 0, with long edges cut so that they can bend."""
    points = np.concatenate([s.points for s in shapes])
    low, high = points.min(axis=0), points.max(axis=0)
    size, middle = float((high - low).max()) or 1.0, (low + high) / 2
    return [
        replace(
            s,
            contours=tuple(_thin((c - middle) / size, closed=s.stroke is None) for c in s.contours),
            clip=tuple(_thin((c - middle) / size) for c in s.clip),
            stroke=None if s.stroke is None else s.stroke / size,
        )
        for s in shapes
    ]


def _thin(contour: Contour, *, closed: bool = True) -> Contour:
    """Simplify a contour: few points on straight edges."""
    # OpenCV keeps only float32, which is far finer than the tolerance.
    kept = cv2.approxPolyDP(contour.astype(np.float32), _FLAT, closed)[:, 0].astype(np.float64)
    return cut_edges(kept if len(kept) >= 2 else contour, closed=closed)


def cut_edges(contour: Contour, longest: float = 0.06, *, closed: bool = True) -> Contour:
    """Add points to a contour so that no edge is longer than `longest`."""
    following = np.roll(contour, -1, axis=0)
    pieces = np.maximum(np.ceil(np.hypot(*(following - contour).T) / longest), 1).astype(int)
    if not closed:
        pieces[-1] = 1
    index = np.repeat(np.arange(len(contour)), pieces)
    step = np.arange(index.size) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    share = (step / pieces[index])[:, None]
    return contour[index] * (1 - share) + following[index] * share


def paint_shape(
    ids: NDArray[np.uint16],
    shape: Shape,
    contours: Sequence[Contour],
    clip: Sequence[Contour],
    scale: float,
    value: int,
) -> None:
    """Paint `shape` with its posed contours (pixels) into `ids` in place; `scale` is pixels per unit, for strokes."""
    if shape.on is None and not clip and (len(contours) == 1 or shape.even_odd or shape.stroke is not None):
        _fill(ids, shape, contours, scale, value)
        return
    box = _box(contours, scale * (shape.stroke or 0), ids.shape)
    if box is None:
        return
    rows, columns = box
    mask = _mask(shape, contours, scale, box)
    if clip:
        inside = np.zeros(mask.shape, np.uint8)
        for contour in clip:
            _fill_polygons(inside, [contour - (columns.start, rows.start)], 1)
        mask &= inside
    ids[rows, columns][mask > 0] = value


def shape_mask(
    shape: Shape, contours: Sequence[Contour], scale: float, size: tuple[int, ...]
) -> tuple[tuple[slice, slice], NDArray[np.uint8]] | None:
    """Find the box (rows, columns) that a shape covers in a picture of `size`, and its mask there; None if outside."""
    box = _box(contours, scale * (shape.stroke or 0), size)
    return None if box is None else (box, _mask(shape, contours, scale, box))


def _box(contours: Sequence[Contour], margin: float, size: tuple[int, ...]) -> tuple[slice, slice] | None:
    points = np.concatenate(contours)
    low = np.floor(points.min(axis=0) - margin - 1).astype(int).clip(0)
    high = np.ceil(points.max(axis=0) + margin + 2).astype(int).clip(None, (size[1], size[0]))
    if (low >= high).any():
        return None
    return slice(low[1], high[1]), slice(low[0], high[0])


def _mask(shape: Shape, contours: Sequence[Contour], scale: float, box: tuple[slice, slice]) -> NDArray[np.uint8]:
    rows, columns = box
    mask = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    local = [c - (columns.start, rows.start) for c in contours]
    if shape.stroke is not None or shape.even_odd or len(local) == 1:
        _fill(mask, shape, local, scale, 1)
        return mask
    # Nonzero: a contour opposite to the largest one in direction cuts a hole, others add.
    areas = [cv2.contourArea(c.astype(np.float32), oriented=True) for c in local]
    order = np.argsort([-abs(a) for a in areas])
    for i in order:
        _fill_polygons(mask, [local[i]], 1 if areas[i] * areas[order[0]] >= 0 else 0)
    return mask


def _fill(target: NDArray[np.integer], shape: Shape, contours: Sequence[Contour], scale: float, value: int) -> None:
    if shape.stroke is None:
        _fill_polygons(target, contours, value)
        return
    points = [_fixed(c) for c in contours]
    width = max(1, round(shape.stroke * scale))
    cv2.polylines(target, points, False, value, width, cv2.LINE_8, _SUBPIXEL_BITS)


def _fill_polygons(target: NDArray[np.integer], contours: Sequence[Contour], value: int) -> None:
    cv2.fillPoly(target, [_fixed(c) for c in contours], value, cv2.LINE_8, _SUBPIXEL_BITS)


def _fixed(contour: Contour) -> NDArray[np.int32]:
    return (contour * (1 << _SUBPIXEL_BITS)).round().astype(np.int32)
