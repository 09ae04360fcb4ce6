"""The keys of a shot together: their palette, the color of each region, and the gallery to match with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.hashing import digest
from framecolor.core.types import Palette
from framecolor.errors import ShotError
from framecolor.keys.alignment.align import Alignment
from framecolor.keys.checks.tones import settle_tones
from framecolor.keys.key_drawing import KeyDrawing, measure_scale, read_key_drawings
from framecolor.keys.line_colors import LineColors, join_key_lines
from framecolor.keys.named_palette import ColorTuples, apply_palette, find_papers, learn_tuples
from framecolor.keys.recolor import Recolors, find_recolors, load_recolors
from framecolor.keys.references.drawing import ReferenceDrawing, settle_references
from framecolor.keys.references.prior import measure_picture, measure_prior
from framecolor.keys.trace_sides import TraceSides
from framecolor.lineart.packed import PackedDrawing
from framecolor.lineart.region_colors import (
    RegionColors,
    add_colors,
    build_palette,
    group_colors,
    nearest_entries,
)
from framecolor.lineart.soft_colors import join_soft_colors
from framecolor.matching.gallery import UNKNOWN, Gallery, KeyRegions
from framecolor.matching.paper_kinds import PAPER, Kinds
from framecolor.matching.tokens import Tokens
from framecolor.media import Swatch, read_image, read_swatches
from framecolor.networks.samples import IGNORE, KeySample, make_sample
from framecolor.networks.view import look
from framecolor.shot.annotations import NOBODY, RegionLabels, join_colors
from framecolor.shot.shot import Shot


@dataclass(frozen=True, eq=False)
class Keyframes:
    """The keys and partial keys of a shot.

    palette    their P colors, the most used first, then those of strokes and corrections, of references, and tones of
               their parts; with names if a palette file has them
    index      by number, the palette entry of each region, intp [count + 1]; UNKNOWN in partial keys
    scale      working pixels per drawing pixel, for all views of the shot
    classes    intp [P]: the network's class of each color; colors that differ by a few levels share a class
    prior      float32 [P]: log share of each color in its class
    repeats    by the hash of a drawing's pixels, the numbers of the keys and partial keys that show it, rising
    gallery    the keys' regions to match with; None until `add_gallery`
    labels     of strokes and corrections, by number
    reference  float32 [P]: log odds of each color by the reference picture; None without one
    proposed   by number, a hash of the colors of each proposed key
    moved      by number, how a key is moved onto its drawing, if it lies elsewhere
    soft       numbers of the keys that are not flat
    paper      by number, what the regions of a whole key in the color of paper are (`keys.checks.paper`)
    left       by number, flat indices of forgotten pixels of trace lines in a key, if there are any
    trace      the side of trace lines that their pixels belong to
    lines      the colors of lines; None if no key recolors lines
    drawings   the key drawings, by number; empty if the keyframes come from a cache
    compared   positions in the shot's references of the figures that drawings are compared with
    references  these figures, and the palette entry of each of their regions; empty if they come from a cache
    tuples     the tones of parts that a palette file names; None if it names none
    recolors   the colors that frames show in place of those of `palette` and `lines`
    """

    palette: Palette
    index: Mapping[int, NDArray[np.intp]]
    scale: float
    classes: NDArray[np.intp]
    prior: NDArray[np.float32]
    repeats: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    gallery: Gallery | None = None
    labels: Mapping[int, RegionLabels] = field(default_factory=dict)
    reference: NDArray[np.float32] | None = None
    proposed: Mapping[int, str] = field(default_factory=dict)
    moved: Mapping[int, Alignment] = field(default_factory=dict)
    soft: frozenset[int] = frozenset()
    paper: Mapping[int, Kinds] = field(default_factory=dict)
    left: Mapping[int, NDArray[np.intp]] = field(default_factory=dict)
    trace: TraceSides = field(default_factory=TraceSides)
    lines: LineColors | None = None
    drawings: Mapping[int, KeyDrawing] = field(default_factory=dict)
    compared: tuple[int, ...] = ()
    references: tuple[tuple[ReferenceDrawing, NDArray[np.intp]], ...] = ()
    tuples: ColorTuples | None = None
    recolors: Recolors = field(default_factory=Recolors)

    @cached_property
    def whole(self) -> frozenset[int]:
        """Numbers of the whole keys, whose regions all have a color."""
        return frozenset(number for number, index in self.index.items() if (index[1:] != UNKNOWN).all())

    @cached_property
    def poses(self) -> float:
        """The number of keys, partial ones counted by their share of known regions; without keys that of references."""
        partial = (np.mean(index[1:] != UNKNOWN) for n, index in self.index.items() if n not in self.whole)
        return (len(self.whole) or len(self.compared)) + float(sum(partial))

    @property
    def class_count(self) -> int:
        """The number of the network's classes."""
        return int(self.classes.max()) + 1

    @property
    def class_colors(self) -> NDArray[np.uint8]:
        """The most used color of each class, uint8 [class_count, 4]."""
        return self.palette.colors[np.unique(self.classes, return_index=True)[1]]

    @cached_property
    def known(self) -> frozenset[tuple[int, ...]]:
        """The colors of the palette, and those of lines."""
        lines = [] if self.lines is None else self.lines.colors.tolist()
        return frozenset(map(tuple, [*self.palette.colors.tolist(), *lines]))

    @cached_property
    def fills(self) -> Palette:
        """The palette's colors as frames show them, each once."""
        return _recolor(self.palette, self.recolors)

    @cached_property
    def rows(self) -> NDArray[np.intp]:
        """The place in `fills` of each color of the palette, intp [P]."""
        place = {tuple(color): row for row, color in enumerate(self.fills.colors.tolist())}
        return np.array([place[tuple(c)] for c in self.recolors.apply(self.palette.colors).tolist()], np.intp)

    @cached_property
    def line_fills(self) -> NDArray[np.uint8]:
        """The colors of lines as frames show them, uint8 [L, 4], by the rows of `LineColors.colors`."""
        return np.zeros((0, 4), np.uint8) if self.lines is None else self.recolors.apply(self.lines.colors)

    @cached_property
    def paints(self) -> Palette:
        """`fills`, then the colors of lines that they lack."""
        return _append(self.fills, self.line_fills)

    @cached_property
    def shown(self) -> Palette:
        """`paints`, then the color in which lines are drawn, if keys recolor lines."""
        return self.paints if self.lines is None else _append(self.paints, self.lines.own[None])

    def expand(self, votes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Convert log-probabilities of classes [..., class_count] to those of palette colors [..., P]."""
        return votes[..., self.classes] + self.prior

    def find_known(self, number: int, drawing: str) -> NDArray[np.intp] | None:
        """Find the known palette entries of a drawing's regions, as in `index`; None if there are none.

        drawing  hash of its pixels: keys of the same drawing at other numbers count, too. Each region takes its entry
                 from the nearest number that has one, the drawing's own first.
        """
        numbers = {*self.repeats.get(drawing, ()), *((number,) if number in self.index else ())}
        known: NDArray[np.intp] | None = None
        for near in sorted(numbers, key=lambda n: (abs(n - number), n)):
            index = self.index[near]
            known = index if known is None else np.where(known == UNKNOWN, index, known)
            if (known[1:] != UNKNOWN).all():
                break
        return known

    def find_shown(self, number: int, drawing: str) -> int | None:
        """Find the painted key that shows a drawing, by the hash of its pixels; None if there is none.

        The frame's own key comes first, then the nearest. Proposed keys are not painted.
        """
        numbers = self.whole.intersection({*self.repeats.get(drawing, ()), number}).difference(self.proposed)
        return min(numbers, key=lambda n: (abs(n - number), n), default=None)

    def list_regions(self, number: int, tokens: Tokens) -> KeyRegions:
        """List a key's regions that have tokens, as the gallery takes them."""
        kinds = self.paper[number][tokens.rows] if number in self.paper else None
        return KeyRegions(number, tokens, self.index[number][tokens.rows], kinds=kinds)

    def find_paper(self, number: int, drawing: str) -> Kinds | None:
        """Find what the regions of a drawing that a whole key shows are; None if none shows it, as in `find_shown`."""
        shown = self.find_shown(number, drawing)
        return None if shown is None else self.paper.get(shown)

    @cached_property
    def opaque_keys(self) -> list[int]:
        """Numbers of the keys with opaque white paper, rising."""
        clear = self.palette.colors[:, 3] == 0
        return [n for n, kinds in sorted(self.paper.items()) if (~clear[self.index[n][kinds == PAPER]]).any()]

    def find_drawing(self, drawing: str) -> PackedDrawing | None:
        """Find the key drawing with this hash of its pixels; None if missing."""
        keys = (self.drawings.get(number) for number in self.repeats.get(drawing, ()))
        return next((key.drawing for key in keys if key is not None), None)

    def find_tokens(self, drawing: str) -> Tokens | None:
        """Find the gallery's tokens of the drawing with this hash of its pixels; None if missing."""
        assert self.gallery is not None
        found = map(self.gallery.find, self.repeats.get(drawing, ()))
        return next((tokens for tokens in found if tokens is not None), None)

    def is_settled(self, drawing: str) -> bool:
        """Tell whether a whole key shows the drawing with this hash of its pixels."""
        return any(number in self.whole for number in self.repeats.get(drawing, ()))

    def find_said(self, number: int, drawing: str, count: int) -> NDArray[np.bool_]:
        """Find the regions of a drawing that strokes or corrections label, bool [count + 1]; as `find_known`."""
        labeled = np.zeros(count + 1, bool)
        for near in {number, *self.repeats.get(drawing, ())}:
            if (labels := self.labels.get(near)) is not None:
                labeled |= labels.by != NOBODY
        return labeled

    def says_the_same(self, number: int, other: int, drawing: str) -> bool:
        """Tell whether a drawing that repeats another has the same colors: no key or label of its own differs."""
        if number not in self.index:
            return True
        one, two = self.find_known(number, drawing), self.find_known(other, drawing)
        return number not in self.whole and np.array_equal(one, two)  # pyright: ignore[reportArgumentType]

    def belief(self, number: int, drawing: str = "") -> NDArray[np.float32] | None:
        """Make the belief of a drawing from its known colors, float32 [count + 1, P]; None if there are none.

        Rows are 1 at the known color, and all 0 for regions without one. Arguments as in `find_known`.
        """
        index = self.find_known(number, drawing)
        if index is None:
            return None
        belief = np.zeros((len(index), len(self.palette)), np.float32)
        rows = np.flatnonzero(index != UNKNOWN)
        belief[rows, index[rows]] = 1
        return belief


def _recolor(palette: Palette, recolors: Recolors) -> Palette:
    """Replace colors of a palette. A new color keeps its own name, if it has one, or else gets the old color's."""
    if not recolors.colors:
        return palette
    before, after = (map(tuple, colors.tolist()) for colors in (palette.colors, recolors.apply(palette.colors)))
    names = dict(zip(map(tuple, palette.colors.tolist()), palette.names, strict=False))
    called: dict[tuple[int, ...], str] = {}
    for old, new in zip(before, after, strict=True):
        called[new] = called.get(new) or names.get(new) or names.get(old, "")
    return Palette(np.array(list(called), np.uint8), tuple(called.values()) if palette.names else ())


def _append(palette: Palette, colors: NDArray[np.uint8]) -> Palette:
    """Append the colors [N, 4] that a palette lacks, without names."""
    more = add_colors(palette, colors)
    names = (*palette.names, *[""] * (len(more) - len(palette))) if palette.names else ()
    return replace(more, names=names)


def read_keyframes(
    shot: Shot,
    settings: Settings,
    drawings: Mapping[int, KeyDrawing] | None = None,
    proposed: Mapping[int, NDArray[np.uint8]] | None = None,
    references: Sequence[ReferenceDrawing] = (),
    samples: Sequence[KeyDrawing] = (),
) -> Keyframes:
    """Read the keyframes of a shot from its keys, strokes and corrections.

    drawings  the result of `read_key_drawings`; None: read now
    proposed  by number, proposed colors of each region, uint8 [count + 1, 4]; these drawings count as keys
    references, samples  as for `build_keyframes`

    Raises ShotError if there is neither a key nor a reference, ReadError for an unreadable file, PaletteError for an
    unusable palette, InputError for an unusable file of recolors.
    """
    drawings = read_key_drawings(shot, settings).by_number if drawings is None else drawings
    if not proposed and not references and all(key.colors is None for key in drawings.values()):
        raise ShotError(shot.root / "keys", "there is no painted key", ask_for_key(shot))
    recolors = load_recolors(find_recolors(shot, settings))
    return build_keyframes(drawings, settings, shot.root, proposed, references, samples, recolors)


def build_keyframes(
    drawings: Mapping[int, KeyDrawing],
    settings: Settings,
    root: Path,
    proposed: Mapping[int, NDArray[np.uint8]] | None = None,
    references: Sequence[ReferenceDrawing] = (),
    samples: Sequence[KeyDrawing] = (),
    recolors: Recolors | None = None,
) -> Keyframes:
    """Build keyframes from key drawings, at least one of which is painted or proposed if there are no references.

    root        folder that the settings' paths of palette and reference picture are relative to
    proposed    as for `read_keyframes`
    references  to compare drawings with
    samples     drawings of a shot without keys, at least one, whose size decides the scale of all views
    recolors    a label in a color that frames show by them is one in the color of the keys
    Raises ReadError if palette or reference cannot be read, PaletteError if the palette cannot be used.
    """
    proposed, recolors = proposed or {}, recolors or Recolors()
    labels = {number: key.labels for number, key in drawings.items() if key.labels is not None}
    colors = _settle_colors(drawings)
    for number, color in proposed.items():
        area = drawings[number].area
        colors[number] = RegionColors(color, area, area, np.zeros_like(area))
    colors = dict(sorted(colors.items()))
    lines = join_key_lines(
        {number: key.lines for number, key in drawings.items() if key.lines is not None and number in colors},
        (number for number, key in drawings.items() if key.is_over),
    )
    swatches = None if settings.palette is None else read_swatches(root / settings.palette)
    if recolors.colors and labels:
        palette, *_ = _join_palette(drawings, colors, (), references, swatches)
        known = set(map(tuple, [*palette.colors.tolist(), *([] if lines is None else lines.colors.tolist())]))
        labels = {number: replace(one, color=recolors.restore(one.color, known)) for number, one in labels.items()}
    palette, settled, tones = _join_palette(drawings, colors, labels.values(), references, swatches)
    index = {number: nearest_entries(c.color, palette) for number, c in colors.items()}
    indexed = tuple((one, nearest_entries(color, palette)) for one, color in zip(references, settled, strict=True))
    pixels = np.zeros(len(palette))
    for number, one in labels.items():
        if number not in index:
            index[number] = np.full(len(one.by), UNKNOWN, np.intp)
            np.add.at(pixels, nearest_entries(one.color[one.rows], palette), one.area[one.rows])
        index[number][one.rows] = nearest_entries(one.color[one.rows], palette)
    for number, c in colors.items():
        np.add.at(pixels, index[number][1:], c.seen[1:])
    for reference, entries in () if colors else indexed:
        np.add.at(pixels, entries[1:], reference.colors.seen[1:])
    repeats: dict[str, tuple[int, ...]] = {}
    for number in sorted(index):
        drawing = drawings[number].drawing.digest
        repeats[drawing] = (*repeats.get(drawing, ()), number)
    classes = group_colors(palette)
    share = (pixels + 1) / np.bincount(classes, weights=pixels + 1)[classes]
    return Keyframes(
        palette,
        index,
        measure_scale([drawings[number] for number in colors] or samples),
        classes,
        np.log(share).astype(np.float32),
        repeats,
        labels=labels,
        reference=_read_prior(root, settings, palette),
        proposed={number: digest(c.tobytes()) for number, c in proposed.items()},
        moved={number: key.moved for number, key in drawings.items() if key.moved is not None},
        soft=frozenset(number for number, key in drawings.items() if key.soft is not None),
        left={number: key.left for number, key in drawings.items() if key.left is not None and len(key.left)},
        trace=TraceSides.learn(
            (key.sides, index[number]) for number, key in drawings.items() if key.sides is not None and number in colors
        ),
        lines=lines,
        drawings={number: drawings[number] for number in index},
        compared=tuple(reference.position for reference in references),
        references=indexed,
        tuples=learn_tuples(
            tones,
            len(palette),
            ((key.drawing.frame(), key.drawing.regions(), index[n]) for n, key in drawings.items() if n in index),
        ),
        recolors=recolors,
    )


def _join_palette(
    drawings: Mapping[int, KeyDrawing],
    colors: Mapping[int, RegionColors],
    labels: Iterable[RegionLabels],
    references: Sequence[ReferenceDrawing],
    swatches: Sequence[Swatch] | None,
) -> tuple[Palette, list[NDArray[np.uint8]], NDArray[np.intp]]:
    """Join the colors of keys, labels and references, limited to swatches if there are any.

    Returns the palette, the colors of each reference's regions, and the tones of its parts (`ColorTuples.entries`).
    """
    palette = build_palette(list(colors.values())) if colors else Palette(np.zeros((0, 4), np.uint8))
    palette = add_colors(palette, join_colors(labels))
    palette, settled = settle_references(references, palette, [drawings[n] for n in colors], colors)
    if swatches is None:
        return palette, settled, np.zeros((0, 0), np.intp)
    papers = [find_papers(c.color, drawings[number].drawing.regions()) for number, c in colors.items()]
    palette, tones = apply_palette(palette, swatches, sorted(set().union(*papers)))
    return palette, settled, tones


def _settle_colors(drawings: Mapping[int, KeyDrawing]) -> dict[int, RegionColors]:
    """Settle the one color of each region of painted keys: flat, and without shades that no line bounds."""
    colors = {number: key.colors for number, key in drawings.items() if key.colors is not None}
    soft = {number: key.soft for number, key in drawings.items() if key.soft is not None}
    return settle_tones(join_soft_colors(colors, soft), {number: drawings[number].parts for number in colors})


def list_painted(drawings: Mapping[int, KeyDrawing]) -> Palette:
    """List the colors of painted keys, the most used first, before a palette file changes them."""
    colors = _settle_colors(drawings)
    return build_palette(list(colors.values())) if colors else Palette(np.zeros((0, 4), np.uint8))


def ask_for_key(shot: Shot) -> str:
    """Return the fix for a shot without a key, for errors and warnings."""
    return f"paint one of the drawings, say {shot.numbers[0]}, and put it into keys, or name a folder with --keys"


def _read_prior(root: Path, settings: Settings, palette: Palette) -> NDArray[np.float32] | None:
    if settings.reference is None:
        return None
    return measure_prior(measure_picture(read_image(root / settings.reference)), palette.colors)


def make_samples(keyframes: Keyframes) -> list[KeySample]:
    """Make samples of all keys and partial keys, and of references if there is no key, with classes as targets."""
    samples = []
    for number, key in sorted(keyframes.drawings.items()):
        index = keyframes.index[number]
        classes = np.where(index == UNKNOWN, IGNORE, keyframes.classes[index])
        regions = key.drawing.regions()
        samples.append(make_sample(look(key.drawing.frame(), regions, keyframes.scale), regions, classes))
    for reference, index in () if keyframes.whole else keyframes.references:
        frame, regions = reference.drawing.frame(), reference.drawing.regions()
        samples.append(make_sample(look(frame, regions, reference.scale), regions, keyframes.classes[index]))
    return samples
