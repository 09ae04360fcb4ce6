"""Which region of another drawing is this region? Compared by shape, place and neighbors, where flow loses its way."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.datatypes import Regions
from framecolor.lineart.regions import fill_lines

# How far two drawings of the same region usually lie apart: place in shares of the figure's size, log area,
# elongation, and the colors around it (half the L1 distance of two distributions).
_PLACE, _LOG_AREA, _ELONGATION, _AROUND = 0.12, 0.35, 0.25, 0.35
# A match has to beat this likeness of having no counterpart at all, and to be as mutual as this.
_NOWHERE = 0.05
_LEAST_MUTUAL = 0.25
_WORKING_LONG_SIDE_PX = 384
# Pairs of regions that are compared at most; drawings of more are left to flow.
_MOST_PAIRS = 4_000_000


Shares = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Shapes:
    """What makes the regions of a drawing recognizable, one row a region (row 0 is unused).

    traits     float32 [count + 1, 5]: place x, y in shares of the figure, log area share, elongation as a vector.
    contact    (region, neighbor, share), one entry for each two that touch: what share of the region's outline it is.
    """

    traits: NDArray[np.float32]
    contact: tuple[NDArray[np.intp], NDArray[np.intp], Shares]


def describe_shapes(regions: Regions) -> Shapes:
    """Traits and neighbors of all regions of a drawing."""
    height, width = regions.size
    scale = min(1.0, _WORKING_LONG_SIDE_PX / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(regions.labels.astype(np.float32), size, interpolation=cv2.INTER_NEAREST).astype(np.int32)
    return Shapes(_measure_traits(small, regions), _measure_contact(fill_lines(small), regions.count))


def match_regions(
    target: Shapes, source: Shapes, around_target: NDArray[np.float32], around_source: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The counterpart of each region, float32 [target count + 1, source count + 1]: how surely, at most one a row.

    around_target, around_source  colors around each region, [count + 1, P] (see `colors_around`).
    A pair counts as far as each is the other's best choice.
    """
    if len(target.traits) * len(source.traits) > _MOST_PAIRS:
        return np.zeros((len(target.traits), len(source.traits)), np.float32)
    spread = np.array([_PLACE, _PLACE, _LOG_AREA, _ELONGATION, _ELONGATION], np.float32)
    distance = np.zeros((len(target.traits), len(source.traits)), np.float32)
    for trait, deviation in enumerate(spread):
        distance += np.square((target.traits[:, trait, None] - source.traits[None, :, trait]) / deviation)
    apart = np.zeros_like(distance)
    for color in range(around_target.shape[1]):
        apart += 0.5 * np.abs(around_target[:, color, None] - around_source[None, :, color])
    likeness = np.exp(-0.5 * (distance + np.square(apart / _AROUND)))
    likeness[0] = likeness[:, 0] = 0
    forward = likeness / (likeness.sum(axis=1, keepdims=True) + _NOWHERE)
    backward = likeness / (likeness.sum(axis=0, keepdims=True) + _NOWHERE)
    mutual = forward * backward
    best = mutual == mutual.max(axis=1, keepdims=True)
    return np.where(best & (mutual >= _LEAST_MUTUAL), mutual, 0).astype(np.float32)


def colors_around(shapes: Shapes, belief: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean belief of each region's neighbors by length of contact, [count + 1, P]."""
    region, neighbor, share = shapes.contact
    around = np.zeros_like(belief)
    np.add.at(around, region, share[:, None] * belief[neighbor])
    return around


def _measure_traits(labels: NDArray[np.int32], regions: Regions) -> NDArray[np.float32]:
    y, x = np.nonzero(labels)
    region = labels[y, x]
    count = regions.count + 1
    pixels = np.maximum(np.bincount(region, minlength=count), 1)

    def mean(values: NDArray[np.floating] | NDArray[np.intp]) -> NDArray[np.float64]:
        return np.bincount(region, weights=values, minlength=count) / pixels

    center_x, center_y = mean(x), mean(y)
    dx, dy = x - center_x[region], y - center_y[region]
    xx, yy, xy = mean(dx * dx) + 1 / 12, mean(dy * dy) + 1 / 12, mean(dx * dy)
    # The figure is everything but the largest region, which as a rule is the paper around it.
    share = regions.area.astype(np.float64)
    share[0] = 0
    if regions.count > 1:
        share[share.argmax()] = 0
    share /= max(1.0, share.sum())
    middle_x, middle_y = (share * center_x).sum(), (share * center_y).sum()
    spread = np.sqrt((share * (np.square(center_x - middle_x) + np.square(center_y - middle_y))).sum())
    extent = max(1.0, 4 * float(spread))
    traits = [
        (center_x - middle_x) / extent,
        (center_y - middle_y) / extent,
        np.log(np.maximum(regions.area, 1) / max(1, regions.area[1:].sum() - regions.area[1:].max(initial=0))),
        # Second moments as a vector of twice the angle: length 0 for round, towards 1 for long and thin.
        (xx - yy) / (xx + yy),
        2 * xy / (xx + yy),
    ]
    return np.stack(traits, axis=1).astype(np.float32)


def _measure_contact(filled: NDArray[np.int32], count: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Shares]:
    pairs = np.concatenate(
        [
            np.stack([filled[:, :-1].ravel(), filled[:, 1:].ravel()]),
            np.stack([filled[:-1].ravel(), filled[1:].ravel()]),
        ],
        axis=1,
    )
    a, b = pairs[:, (pairs[0] != pairs[1]) & (pairs.min(axis=0) > 0)].astype(np.intp)
    codes, touch = np.unique(np.concatenate([a, b]) * (count + 1) + np.concatenate([b, a]), return_counts=True)
    region, neighbor = codes // (count + 1), codes % (count + 1)
    outline = np.bincount(region, weights=touch, minlength=count + 1)
    return region, neighbor, (touch / outline[region]).astype(np.float32)
