"""What a shot's painted keys say: the palette, the color of each of their regions, and samples to fit a network to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.datatypes import Frame, Palette, Regions
from framecolor.digest import digest, hash_pixels
from framecolor.engines.base import Pending, Runner
from framecolor.errors import ShotError
from framecolor.hints.keys import (
    RegionColors,
    add_colors,
    build_palette,
    group_colors,
    nearest_entries,
    region_colors,
    restrict_palette,
)
from framecolor.hints.lean import lean_towards, measure_picture
from framecolor.hints.match import Tokens, choose_rows
from framecolor.hints.recognize import UNKNOWN, Gallery, KeyRegions
from framecolor.hints.shapes import describe_shapes, region_traits
from framecolor.lineart.drawing import read_drawing
from framecolor.lineart.regions import find_regions, outside_regions
from framecolor.lineart.sampling import sample_points
from framecolor.media import read_image, read_palette
from framecolor.networks.palette import IGNORE, KeySample
from framecolor.networks.view import View, figure_box, look, working_scale
from framecolor.settings import Settings
from framecolor.shot import Shot
from framecolor.told import NOBODY, Sayings, read_told

# What the figure is given to the network at: as much as a fit of half a minute on two cores can pay for.
WORKING_AREA_PX = 82_000


@dataclass(frozen=True, eq=False)
class Keyframes:
    """The painted keys of a shot, and its partial keys: drawings of which strokes or corrections tell some regions.

    palette  all of their colors, the most used first, those of strokes and corrections last
    index    for each key or partial key the palette entry of each of its regions, intp [count + 1]; UNKNOWN where
             nobody told it
    scale    working pixels per drawing pixel, for every network view of the shot
    classes  intp [P]: what the network tells apart; colors that only differ by a few levels share a class
    prior    float32 [P]: log share of each color in its class
    repeats  for each key's drawing, as its pixels' hash, the numbers of the keys that show it, rising
    gallery  the keys' regions to recognize others by; None before an engine has looked at them (`add_gallery`)
    sayings  what strokes and corrections say
    lean     float32 [P]: log odds of each color by the reference picture; None without one
    proposed  for keys that nobody painted, their number and a hash of their colors
    mixed    for keys in which regions hold a second color (`RegionColors.mixed`), how many do
    """

    palette: Palette
    index: Mapping[int, NDArray[np.intp]]
    scale: float
    classes: NDArray[np.intp]
    prior: NDArray[np.float32]
    repeats: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    gallery: Gallery | None = None
    sayings: Sayings = field(default_factory=Sayings)
    lean: NDArray[np.float32] | None = None
    proposed: Mapping[int, str] = field(default_factory=dict)
    mixed: Mapping[int, int] = field(default_factory=dict)

    @cached_property
    def whole(self) -> frozenset[int]:
        """The keys: drawings all regions of which are known."""
        return frozenset(number for number, index in self.index.items() if (index[1:] != UNKNOWN).all())

    @cached_property
    def poses(self) -> float:
        """How many drawings are known, partial keys by their share of regions."""
        partial = (np.mean(index[1:] != UNKNOWN) for n, index in self.index.items() if n not in self.whole)
        return len(self.whole) + float(sum(partial))

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

    def find_known(self, number: int, drawing: str) -> NDArray[np.intp] | None:
        """What is known of a drawing's regions, as in `index`; None where nothing is.

        drawing  hash of its pixels: what is known of the same drawing elsewhere holds as well. The nearest number that
                 knows a region tells it, the drawing's own first.
        """
        numbers = {*self.repeats.get(drawing, ()), *((number,) if number in self.index else ())}
        known: NDArray[np.intp] | None = None
        for near in sorted(numbers, key=lambda n: (abs(n - number), n)):
            index = self.index[near]
            known = index if known is None else np.where(known == UNKNOWN, index, known)
            if (known[1:] != UNKNOWN).all():
                break
        return known

    def find_said(self, number: int, drawing: str, count: int) -> NDArray[np.bool_]:
        """Of which of a drawing's regions a stroke or correction tells the color, bool [count + 1]; as `find_known`."""
        said = np.zeros(count + 1, bool)
        for near in {number, *self.repeats.get(drawing, ())}:
            if (told := self.sayings.by_number.get(near)) is not None:
                said |= told.by != NOBODY
        return said

    def says_the_same(self, number: int, other: int, drawing: str) -> bool:
        """Whether a drawing that repeats another may be painted as that one: no key or stroke of its own says else."""
        if number not in self.index:
            return True
        one, two = self.find_known(number, drawing), self.find_known(other, drawing)
        return number not in self.whole and np.array_equal(one, two)  # pyright: ignore[reportArgumentType]

    def belief(self, number: int, drawing: str = "") -> NDArray[np.float32] | None:
        """Certainty about what is known of a drawing, float32 [count + 1, P]; None where nothing is.

        Rows of regions that nobody told are 0. Arguments as in `find_known`.
        """
        index = self.find_known(number, drawing)
        if index is None:
            return None
        belief = np.zeros((len(index), len(self.palette)), np.float32)
        rows = np.flatnonzero(index != UNKNOWN)
        belief[rows, index[rows]] = 1
        return belief


def read_keyframes(
    shot: Shot,
    settings: Settings,
    sayings: Sayings | None = None,
    proposed: Mapping[int, NDArray[np.uint8]] | None = None,
) -> Keyframes:
    """Read every key and its drawing, and what strokes and corrections say (`sayings`, or read as `read_told` does).

    proposed  drawings that count as keys though nobody painted them: the color of each region, uint8 [count + 1, 4]

    Raises ShotError where there is no key at all, ReadError on an unreadable file, PaletteError on a bad palette.
    """
    sayings = read_told(shot, settings) if sayings is None else sayings
    proposed = proposed or {}
    colors: dict[int, RegionColors] = {}
    boxes = []
    repeats: dict[str, tuple[int, ...]] = {}
    for number, frame, regions, drawing in _read_drawings(shot, {*shot.keys, *proposed}, settings):
        repeats[drawing] = (*repeats.get(drawing, ()), number)
        if number in proposed:
            colors[number] = RegionColors(proposed[number], regions.area, regions.area, np.zeros_like(regions.area))
        else:
            colors[number] = region_colors(shot.read_key(number), frame, regions)
        boxes.append(figure_box(frame))
    if not colors:
        raise ShotError(shot.root / "keys", "there is no painted key", ask_for_key(shot))
    palette = add_colors(build_palette(list(colors.values())), sayings.colors())
    if settings.palette is not None:
        palette = restrict_palette(palette, read_palette(shot.root / settings.palette))
    index = {number: nearest_entries(c.color, palette) for number, c in colors.items()}
    pixels = np.zeros(len(palette))
    for number, told in sayings.by_number.items():
        if number not in index:
            index[number] = np.full(len(told.by), UNKNOWN, np.intp)
            repeats[told.drawing] = tuple(sorted((*repeats.get(told.drawing, ()), number)))
            np.add.at(pixels, nearest_entries(told.color[told.rows], palette), told.area[told.rows])
        index[number][told.rows] = nearest_entries(told.color[told.rows], palette)
    for number, c in colors.items():
        np.add.at(pixels, index[number][1:], c.seen[1:])
    classes = group_colors(palette)
    share = (pixels + 1) / np.bincount(classes, weights=pixels + 1)[classes]
    scale = working_scale(boxes, WORKING_AREA_PX)
    return Keyframes(
        palette,
        index,
        scale,
        classes,
        np.log(share).astype(np.float32),
        repeats,
        sayings=sayings,
        lean=_read_lean(shot, settings, palette),
        proposed={number: digest(c.tobytes()) for number, c in proposed.items()},
        mixed={number: int(c.mixed[1:].sum()) for number, c in colors.items() if c.mixed[1:].any()},
    )


def ask_for_key(shot: Shot) -> str:
    """How to mend that a shot has no key."""
    return f"paint one of the drawings, say {shot.numbers[0]}, and put it into keys, or name a folder with --keys"


def _read_lean(shot: Shot, settings: Settings, palette: Palette) -> NDArray[np.float32] | None:
    if settings.reference is None:
        return None
    return lean_towards(measure_picture(read_image(shot.root / settings.reference)), palette.colors)


def read_samples(shot: Shot, keyframes: Keyframes, settings: Settings) -> list[KeySample]:
    """The keys, also partial ones, at working size, to fit to; targets are classes."""
    samples = []
    for number, frame, regions, _ in _read_drawings(shot, keyframes.index, settings):
        index = keyframes.index[number]
        classes = np.where(index == UNKNOWN, IGNORE, keyframes.classes[index])
        samples.append(make_sample(look(frame, regions, keyframes.scale), regions, classes))
    return samples


def add_gallery(shot: Shot, keyframes: Keyframes, runner: Runner, settings: Settings) -> Keyframes:
    """The keyframes with a gallery of all their regions, seen by the engine that will paint."""
    keys = []
    for number, frame, regions, _ in _read_drawings(shot, keyframes.index, settings):
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

    index  what each region is, [count + 1], IGNORE where it is not known. A region counts by the square root of its
           area, so that small ones do.
    """
    left, top, right, bottom = view.box
    height, width = view.planes.shape[1:]
    crop = regions.labels[top:bottom, left:right].astype(np.float32)
    labels = cv2.resize(crop, (width, height), interpolation=cv2.INTER_NEAREST).astype(np.intp)
    area = np.bincount(labels.ravel(), minlength=regions.count + 1)
    inside = labels > 0
    weight = np.where(inside, 1 / np.sqrt(np.maximum(area, 1))[labels], 0).astype(np.float32)
    return KeySample(view.planes, np.where(inside, index[labels], IGNORE).astype(np.int64), weight)


def _read_drawings(shot: Shot, numbers: Iterable[int], settings: Settings) -> Iterator[tuple[int, Frame, Regions, str]]:
    """Number, drawing and regions of each of these, by number, and the hash of its pixels."""
    for number in sorted(numbers):
        rgba = shot.read_line(number)
        frame = read_drawing(number, rgba)
        regions = find_regions(frame, gap_px=settings.gap_px, min_region_px=settings.min_region_px)
        yield number, frame, regions, hash_pixels(rgba)
