"""Prepare the shapes of a file for animation: find ink and shading, and drop hidden shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.training.puppets.shapes import Shape, fit_shapes, paint_shape, shape_mask

REST_PX = 192
_MARGIN_PX = 6
_SCALE_PX = REST_PX - 2 * _MARGIN_PX
# Ink is dark and thin: none of its pixels is farther than this from its border.
_DARK = 70
_INK_REACH_PX = 2.6


def prepare_shapes(shapes: Sequence[Shape]) -> list[Shape]:
    """Fit a drawing to the unit square, without hidden shapes.

    Transparent shapes become shading of the shapes that they lie on; thin dark ones become ink.
    """
    shapes = _flatten(fit_shapes(shapes))
    owner = paint_rest(shapes)
    visible = np.bincount(owner.ravel(), minlength=len(shapes) + 1)[1:]
    place: dict[int, int] = {}
    kept: list[Shape] = []
    for i, shape in enumerate(shapes):
        if visible[i] < 3 or (shape.on is not None and shape.on not in place):
            continue
        place[i] = len(kept)
        kept.append(shape if shape.on is None else replace(shape, on=place[shape.on]))
    owner = paint_rest(kept)
    return [replace(s, ink=s.on is None and _is_ink(s, owner == i + 1)) for i, s in enumerate(kept)]


def color_blank(shapes: Sequence[Shape], rng: np.random.Generator) -> list[Shape]:
    """Color each fill of a black-and-white drawing at random; other drawings stay as they are."""
    count = np.bincount(paint_rest(shapes).ravel(), minlength=len(shapes) + 1)[1:]
    gray = np.array([s.ink or np.ptp(s.rgb) < 30 for s in shapes])
    if count[gray].sum() < 0.85 * count.sum():
        return list(shapes)
    palette = rng.integers(30, 250, (int(rng.integers(4, 8)), 3))
    colored: list[Shape] = []
    for shape in shapes:
        red, green, blue = (int(v) for v in palette[int(rng.integers(len(palette)))])
        keep = shape.ink or shape.shaded or (max(shape.rgb) <= _DARK and rng.random() < 0.4)
        colored.append(shape if keep else replace(shape, rgb=(red, green, blue)))
    return colored


def paint_rest(shapes: Sequence[Shape]) -> NDArray[np.uint16]:
    """Paint the drawing at rest: index + 1 of the visible shape at each pixel, uint16 REST_PX square."""
    ids = np.zeros((REST_PX, REST_PX), np.uint16)
    for i, shape in enumerate(shapes):
        if shape.on is None:
            contours, clip = [to_rest(c) for c in shape.contours], [to_rest(c) for c in shape.clip]
            paint_shape(ids, shape, contours, clip, _SCALE_PX, i + 1)
            continue
        box = rest_mask(shape)
        ids[box & (ids == shape.on + 1)] = i + 1
    return ids


def rest_mask(shape: Shape) -> NDArray[np.bool_]:
    """Paint the mask of a shape at rest, visible or hidden, bool REST_PX square."""
    mask = np.zeros((REST_PX, REST_PX), bool)
    found = shape_mask(shape, [to_rest(c) for c in shape.contours], _SCALE_PX, mask.shape)
    if found:
        mask[found[0]] = found[1] > 0
    if shape.clip:
        inside = np.zeros(mask.shape, np.uint8)
        cv2.fillPoly(inside, [to_rest(c).round().astype(np.int32) for c in shape.clip], 1)
        mask &= inside > 0
    return mask


def to_rest(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert unit coordinates to pixels of the drawing at rest."""
    return (points + 0.5) * _SCALE_PX + _MARGIN_PX


def from_rest(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert pixels of the drawing at rest to unit coordinates."""
    return (points - _MARGIN_PX) / _SCALE_PX - 0.5


def _flatten(shapes: Sequence[Shape]) -> list[Shape]:
    """Replace each transparent shape by one for each shape that it lies on, in the blended color."""
    flat: list[Shape] = []
    owner = np.zeros((REST_PX, REST_PX), np.uint16)
    for shape in shapes:
        mask = rest_mask(shape)
        under = np.bincount(owner[mask], minlength=len(flat) + 1)
        if shape.alpha >= 0.8 or under[0] > 0.7 * under.sum():
            flat.append(replace(shape, alpha=1.0))
            owner[mask] = len(flat)
            continue
        for j in np.flatnonzero(under[1:] >= max(4, 0.1 * under.sum())):
            below = flat[j]
            mixed = np.array(shape.rgb) * shape.alpha + np.array(below.rgb) * (1 - shape.alpha)
            red, green, blue = (int(v) for v in mixed.round())
            on = int(j) if below.on is None else below.on
            flat.append(replace(shape, rgb=(red, green, blue), alpha=1.0, on=on, shaded=True))
    return flat


def _is_ink(shape: Shape, seen: NDArray[np.bool_]) -> bool:
    if max(shape.rgb) > _DARK:
        return False
    reach = cv2.distanceTransform(np.pad(seen, 1).astype(np.uint8), cv2.DIST_L2, 3)
    return float(reach.max()) <= _INK_REACH_PX
