"""What a shot's painted keys say: the palette, the color of each of their regions, and samples to fit a network to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.datatypes import Frame, Palette, Regions
from framecolor.digest import hash_pixels
from framecolor.engines.base import Pending, Runner
from framecolor.hints.keys import (
    RegionColors,
    build_palette,
    group_colors,
    palette_index,
    region_colors,
    restrict_palette,
)
from framecolor.hints.match import Tokens, choose_rows
from framecolor.hints.recognize import Gallery, KeyRegions
from framecolor.hints.shapes import describe_shapes, region_traits
from framecolor.lineart.drawing import read_drawing
from framecolor.lineart.regions import find_regions, outside_regions
from framecolor.lineart.sampling import sample_points
from framecolor.media import read_palette
from framecolor.networks.palette import IGNORE, KeySample
from framecolor.networks.view import View, figure_box, look, working_scale
from framecolor.settings import Settings
from framecolor.shot import Shot

# What the figure is given to the network at: as much as a fit of half a minute on two cores can pay for.
WORKING_AREA_PX = 82_000


@dataclass(frozen=True, eq=False)
class Keyframes:
    """The painted keys of a shot.

    palette  all of their colors, the most used first
    index    for each key number the palette entry of each of its regions, intp [count + 1]
    scale    working pixels per drawing pixel, for every network view of the shot
    classes  intp [P]: what the network tells apart; colors that only differ by a few levels share a class
    prior    float32 [P]: log share of each color in its class
    repeats  for each key's drawing, as its pixels' hash, the numbers of the keys that show it, rising
    gallery  the keys' regions to recognize others by; None before an engine has looked at them (`add_gallery`)
    """

    palette: Palette
    index: Mapping[int, NDArray[np.intp]]
    scale: float
    classes: NDArray[np.intp]
    prior: NDArray[np.float32]
    repeats: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    gallery: Gallery | None = None

    @property
    def class_count(self) -> int:
        """How many classes the network tells apart."""
        return int(self.classes.max()) + 1

    @property
    def class_colors(self) -> NDArray[np.uint8]:
        """The most used color of each class, uint8 [class_count, 4]."""
        return self.palette.colors[np.unique(self.classes, return_index=True)[1]]

    def expand(self, votes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-probabilities of palette colors [..., P] from those of classes [..., class_count]."""
        return votes[..., self.classes] + self.prior

    def find_key(self, number: int, drawing: str) -> int | None:
        """The key that a drawing is: itself, or the nearest one with the same pixels (`drawing` is their hash)."""
        if number in self.index:
            return number
        return min(self.repeats.get(drawing, ()), key=lambda key: abs(key - number), default=None)

    def belief(self, number: int | None) -> NDArray[np.float32] | None:
        """Certainty about each region of a key, float32 [count + 1, P]; None for a drawing that is none."""
        index = None if number is None else self.index.get(number)
        if index is None:
            return None
        belief = np.zeros((len(index), len(self.palette)), np.float32)
        belief[np.arange(len(index)), index] = 1
        return belief


def read_keyframes(shot: Shot, settings: Settings) -> Keyframes:
    """Read every key and its drawing. Raises ReadError on one that is unreadable, PaletteError on a bad palette."""
    colors: dict[int, RegionColors] = {}
    boxes = []
    repeats: dict[str, tuple[int, ...]] = {}
    for number, frame, regions, drawing in _read_keys(shot, settings):
        repeats[drawing] = (*repeats.get(drawing, ()), number)
        colors[number] = region_colors(shot.read_key(number), frame, regions)
        boxes.append(figure_box(frame))
    palette = build_palette(list(colors.values()))
    if settings.palette is not None:
        palette = restrict_palette(palette, read_palette(shot.root / settings.palette))
    index = {number: palette_index(c, palette) for number, c in colors.items()}
    pixels = np.zeros(len(palette))
    for number, c in colors.items():
        np.add.at(pixels, index[number][1:], c.seen[1:])
    classes = group_colors(palette)
    share = (pixels + 1) / np.bincount(classes, weights=pixels + 1)[classes]
    scale = working_scale(boxes, WORKING_AREA_PX)
    return Keyframes(palette, index, scale, classes, np.log(share).astype(np.float32), repeats)


def read_samples(shot: Shot, keyframes: Keyframes, settings: Settings) -> list[KeySample]:
    """The keys at working size, to fit to; targets are classes."""
    return [
        make_sample(look(frame, regions, keyframes.scale), regions, keyframes.classes[keyframes.index[number]])
        for number, frame, regions, _ in _read_keys(shot, settings)
    ]


def add_gallery(shot: Shot, keyframes: Keyframes, runner: Runner, settings: Settings) -> Keyframes:
    """The keyframes with a gallery of all their regions, seen by the engine that will paint."""
    keys = []
    for number, frame, regions, _ in _read_keys(shot, settings):
        pending = runner.see(look(frame, regions, keyframes.scale), sample_points(regions), votes=False)
        tokens = describe_regions(regions, pending, runner)
        keys.append(KeyRegions(number, tokens, keyframes.index[number][tokens.rows]))
    return replace(keyframes, gallery=Gallery(keys, len(keyframes.palette)))


def describe_regions(regions: Regions, pending: Pending, runner: Runner) -> Tokens:
    """A drawing's regions as the matcher knows them; what can be done while the engine looks at it is done before."""
    shapes = describe_shapes(regions)
    rows = choose_rows(regions.area)
    contact = shapes.contact_among(rows)
    traits = region_traits(shapes, outside_regions(regions))
    return Tokens(rows, runner.describe(pending.result().look[rows], traits[rows - 1], contact), contact)


def make_sample(view: View, regions: Regions, index: NDArray[np.intp]) -> KeySample:
    """A painted drawing at working size.

    index  what each region is, [count + 1]. A region counts by the square root of its area, so that small ones do.
    """
    left, top, right, bottom = view.box
    height, width = view.planes.shape[1:]
    crop = regions.labels[top:bottom, left:right].astype(np.float32)
    labels = cv2.resize(crop, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.intp)
    area = np.bincount(labels.ravel(), minlength=regions.count + 1)
    inside = labels > 0
    weight = np.where(inside, 1 / np.sqrt(np.maximum(area, 1))[labels], 0).astype(np.float32)
    return KeySample(view.planes, np.where(inside, index[labels], IGNORE).astype(np.int64), weight)


def _read_keys(shot: Shot, settings: Settings) -> Iterator[tuple[int, Frame, Regions, str]]:
    """Number, drawing and regions of each key, and the hash of its drawing's pixels."""
    for number in sorted(shot.keys):
        rgba = shot.read_line(number)
        frame = read_drawing(number, rgba)
        regions = find_regions(frame, gap_px=settings.gap_px, min_region_px=settings.min_region_px)
        yield number, frame, regions, hash_pixels(rgba)
