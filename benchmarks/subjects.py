"""Drawings with known paint, and conditions for a colorist: held-out art, and clips by their first frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from clips import Clip
from numpy.typing import NDArray
from yardsticks import find_strokes

from framecolor.colorists.base import Conditioning
from framecolor.colorists.flats import vote_flats
from framecolor.core.compositing import lay_over_color
from framecolor.core.histogram import color_histogram
from framecolor.core.types import Frame, Hint, Palette, Regions
from framecolor.evaluation.metrics.score import SMALL_REGION_PX
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.region_colors import build_palette, region_colors
from framecolor.lineart.regions import find_regions, outside_regions
from framecolor.media import read_image
from framecolor.training.painting_folders import open_paintings
from framecolor.training.paintings import Painting, Paintings

Rgb = NDArray[np.uint8]

_DOTS = 24
_DOT_SHARE = 0.02
# Antialiased colors of a clip differ by a few levels.
_SAME_LEVELS = 4
_TRACE = (0, 0, 255, 255)


@dataclass(frozen=True, eq=False)
class Subject:
    """One drawing.

    truth      uint8 HxWx3 over white: the paint below the lines, or the painted frame
    colors     uint8 [count + 1, 3], the true color of each region
    palette    the colors that may be used
    dots       24 dots of true color at random painted places, as PaintsTorch simulates strokes
    strokes    24 dots of true color as a painter sets them: one in the largest region of each color, then in the
               largest regions that are left
    reference  uint8 HxWx3: another painting of the same character, or the clip's first frame
    """

    name: str
    frame: Frame
    regions: Regions
    truth: Rgb
    colors: NDArray[np.uint8]
    palette: Palette
    dots: Hint
    strokes: Hint
    reference: Rgb

    def condition(self, name: str) -> Conditioning:
        """Make the conditioning of this name in the table: random dots, strokes, reference or nothing."""
        if name == "random dots":
            return Conditioning(hint=self.dots)
        if name == "strokes":
            return Conditioning(hint=self.strokes)
        if name == "reference":
            painted = np.asarray((self.reference < 250).any(axis=2), dtype=np.float32)
            return Conditioning(histogram=color_histogram(self.reference, painted), reference=self.reference)
        return Conditioning()

    def vote(self, soft: NDArray[np.float32], hint: Hint | None, palette: Palette | None = None) -> NDArray[np.uint8]:
        """Choose the color of each region by soft color and strokes, uint8 [count + 1, 4] (`vote_flats`)."""
        strokes = find_strokes(hint, self.regions)
        return vote_flats(soft, self.regions, palette, strokes.color[strokes.meant])

    def mark(self, picked: NDArray[np.intp]) -> Hint:
        """Draw a dot of true color inside of each of these regions, around a pixel near its middle."""
        labels, rgb = self.regions.labels, np.zeros_like(self.truth)
        known = np.zeros(self.regions.size, np.float32)
        for region in picked:
            rows, columns = np.nonzero(labels == region)
            middle = (np.square(rows - rows.mean()) + np.square(columns - columns.mean())).argmin()
            dot = _draw_dot(self.regions.size, int(rows[middle]), int(columns[middle])) & (labels == region)
            rgb[dot], known[dot] = self.colors[region], 1
        return Hint(rgb, known)

    @property
    def scored(self) -> NDArray[np.bool_]:
        """Mark the regions that are scored, bool [count + 1]: large enough, and not the paper around the figure."""
        scored = (self.regions.area > SMALL_REGION_PX) & ~outside_regions(self.regions)
        scored[0] = False
        return scored


def read_held_out(data: Path, count: int, size_px: int) -> Iterator[Subject]:
    """Read up to `count` paintings of the held-out split, evenly spread, with lines as an artist draws them."""
    paintings = open_paintings(data, "val", size_px, ("drawn",), recolored=0)
    for index in np.linspace(0, len(paintings) - 1, min(count, len(paintings))).round().astype(int):
        yield _make_held_out(paintings, int(index), size_px)


def _make_held_out(paintings: Paintings, index: int, size_px: int) -> Subject:
    rng = np.random.default_rng([index, 1])
    painting = paintings.read(index, rng)
    side = painting.ink.shape[0]
    rgb = _enlarge(painting.rgb, side)
    other = _enlarge(paintings.read(index, np.random.default_rng([index, 2])).rgb, side)
    frame = read_drawing(1, _draw(painting))
    regions = find_regions(frame)
    return describe_subject(f"held-out {index}", frame, regions, rgb, _draw_dots(rgb, rng), other)


def read_clip(clip: Clip, most: int) -> Iterator[Subject]:
    """Read up to `most` evenly spread frames of a clip. Reference and palette come from its first frame."""
    numbers = list(clip.line)
    first = lay_over_color(read_image(clip.truth[numbers[0]]))
    frame = read_drawing(numbers[0], read_image(clip.line[numbers[0]]))
    palette = build_palette([region_colors(opaque(first), frame, find_regions(frame))])
    for place in np.unique(np.linspace(1, len(numbers) - 1, min(most, len(numbers) - 1)).round().astype(int)):
        number = numbers[place]
        frame = read_drawing(number, read_image(clip.line[number]))
        truth = lay_over_color(read_image(clip.truth[number]))
        dots = _draw_dots(truth, np.random.default_rng(number))
        yield describe_subject(f"{clip.name} {number}", frame, find_regions(frame), truth, dots, first, palette)


def describe_subject(
    name: str, frame: Frame, regions: Regions, truth: Rgb, dots: Hint, reference: Rgb, palette: Palette | None = None
) -> Subject:
    """Make a subject from its drawing and its paint; without a palette, it has all of its own colors."""
    own = region_colors(opaque(truth), frame, regions)
    palette = palette or build_palette([own])
    subject = Subject(name, frame, regions, truth, own.color[:, :3], palette, dots, dots, reference)
    return replace(subject, strokes=subject.mark(_pick_as_painter(subject)))


def _pick_as_painter(subject: Subject) -> NDArray[np.intp]:
    """Pick the regions of a painter's strokes: the largest of each color first, then the largest of all."""
    scored = np.flatnonzero(subject.scored)
    ordered = scored[np.argsort(-subject.regions.area[scored], kind="stable")]
    _, first = np.unique(subject.colors[ordered] // _SAME_LEVELS, axis=0, return_index=True)
    firsts = ordered[np.sort(first)]
    return np.concatenate([firsts, ordered[~np.isin(ordered, firsts)]])[:_DOTS]


def _draw(painting: Painting) -> NDArray[np.uint8]:
    drawing = np.zeros((*painting.ink.shape, 4), np.uint8)
    drawing[painting.trace] = _TRACE
    drawing[painting.ink] = (0, 0, 0, 255)
    return drawing


def _draw_dots(rgb: Rgb, rng: np.random.Generator) -> Hint:
    """Draw dots in the picture's colors, at places that are not white."""
    known = np.zeros(rgb.shape[:2], bool)
    painted = np.argwhere((rgb < 250).any(axis=2))
    for row, column in painted[rng.integers(0, len(painted), _DOTS)] if len(painted) else ():
        known |= _draw_dot((rgb.shape[0], rgb.shape[1]), int(row), int(column))
    return Hint(rgb * known[..., None], known.astype(np.float32))


def _draw_dot(size: tuple[int, int], row: int, column: int) -> NDArray[np.bool_]:
    dot = np.zeros(size, np.uint8)
    cv2.circle(dot, (column, row), max(1, round(_DOT_SHARE * max(size) / 2)), 1, -1)
    return dot > 0


def _enlarge(rgb: NDArray[np.float32], side: int) -> Rgb:
    return cv2.resize(np.rint(255 * rgb).astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST).astype(
        np.uint8
    )


def opaque(rgb: Rgb) -> NDArray[np.uint8]:
    """Add an opaque alpha channel to a picture."""
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
