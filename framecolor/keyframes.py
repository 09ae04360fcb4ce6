"""What a shot's painted keys say: the palette, the color of each of their regions, and samples to fit a network to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.datatypes import Frame, Palette, Regions

from framecolor.hints.keys import RegionColors, build_palette, palette_index, region_colors
from framecolor.lineart.drawing import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.networks.palette import IGNORE, KeySample
from framecolor.networks.view import View, figure_box, look, working_scale
from framecolor.settings import Settings
from framecolor.shot import Shot

WORKING_LONG_SIDE_PX = 320


@dataclass(frozen=True, eq=False)
class Keyframes:
    """The painted keys of a shot.

    palette  all of their colors, the most used first
    index    for each key number the palette entry of each of its regions, intp [count + 1]
    scale    working pixels per drawing pixel, for every network view of the shot
    """

    palette: Palette
    index: Mapping[int, NDArray[np.intp]]
    scale: float


def read_keyframes(shot: Shot, settings: Settings) -> Keyframes:
    """Read every key and its drawing. Raises ReadError on one that is unreadable, ShotError on one without regions."""
    colors: dict[int, RegionColors] = {}
    boxes = []
    for number, frame, regions in _read_keys(shot, settings):
        colors[number] = region_colors(shot.read_key(number), frame, regions)
        boxes.append(figure_box(frame))
    palette = build_palette(list(colors.values()))
    index = {number: palette_index(c, palette) for number, c in colors.items()}
    return Keyframes(palette, index, working_scale(boxes, WORKING_LONG_SIDE_PX))


def read_samples(shot: Shot, keyframes: Keyframes, settings: Settings) -> list[KeySample]:
    """The keys at working size, to fit to."""
    return [
        make_sample(look(frame, regions, keyframes.scale), regions, keyframes.index[number])
        for number, frame, regions in _read_keys(shot, settings)
    ]


def make_sample(view: View, regions: Regions, index: NDArray[np.intp]) -> KeySample:
    """A painted drawing at working size; a region counts by the square root of its area, so that small ones do."""
    left, top, right, bottom = view.box
    height, width = view.planes.shape[1:]
    crop = regions.labels[top:bottom, left:right].astype(np.float32)
    labels = cv2.resize(crop, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.intp)
    area = np.bincount(labels.ravel(), minlength=regions.count + 1)
    inside = labels > 0
    weight = np.where(inside, 1 / np.sqrt(np.maximum(area, 1))[labels], 0).astype(np.float32)
    return KeySample(view.planes, np.where(inside, index[labels], IGNORE).astype(np.int64), weight)


def _read_keys(shot: Shot, settings: Settings) -> Iterator[tuple[int, Frame, Regions]]:
    for number in sorted(shot.keys):
        frame = read_drawing(number, shot.read_line(number))
        yield number, frame, find_regions(frame, gap_px=settings.gap_px, min_region_px=settings.min_region_px)
