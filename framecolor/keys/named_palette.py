"""A palette file and the keys together: names of the shot's colors, their tuples, and what the keys show of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from framecolor.core.text import count_of
from framecolor.core.types import Frame, Palette, Regions
from framecolor.lineart.region_colors import add_colors, restrict_palette
from framecolor.lineart.regions import outside_regions
from framecolor.lineart.trace_contact import find_trace_contacts
from framecolor.media.palettes import TONES, Swatch, SwatchList, find_tuples

RECIPE = "palette 2"
"""Raised when the same palette gives other frames."""

_MOST_NAMED = 4
_ONE_LEVEL = 1
# Opaque paper is white, or nearly: all channels have this level at least.
_PAPER_LEVEL = 245


@dataclass(frozen=True, eq=False)
class ColorTuples:
    """The tones of parts among the P colors of a shot.

    entries  intp [T, 4]: the palette entry of each tone, in the order of TONES; -1 if the part has none
    seen     bool [P, P], symmetric: the keys show both colors on the two sides of one trace line
    """

    entries: NDArray[np.intp]
    seen: NDArray[np.bool_]

    def __post_init__(self) -> None:
        if self.entries.size and not -1 <= self.entries.min() <= self.entries.max() < len(self.seen):
            raise ValueError("ColorTuples.entries must be colors of the palette, or -1")
        if self.entries.ndim != 2 or self.entries.shape[1] != len(TONES) or self.seen.shape[:1] != self.seen.shape[1:]:
            raise ValueError(
                f"ColorTuples needs [T, {len(TONES)}] and [P, P], got {self.entries.shape}, {self.seen.shape}"
            )


def apply_palette(
    painted: Palette, swatches: Sequence[Swatch], papers: Iterable[tuple[int, ...]] = ()
) -> tuple[Palette, NDArray[np.intp]]:
    """Replace painted colors by the nearest swatches, and add the other tones of parts that are painted.

    papers  opaque colors of the paper around the figures (`find_papers`), which stay
    Returns the palette with names, "" if missing, and its tuples as in `ColorTuples.entries`. Raises PaletteError as
    `restrict_palette`.
    """
    allowed = dict.fromkeys(one.color for one in swatches)
    table = np.array([one.color for one in swatches], int).reshape(-1, 4)
    for paper in papers:
        if (
            paper in map(tuple, painted.colors.tolist())
            and np.abs(table - paper).max(axis=1).min(initial=255) > _ONE_LEVEL
        ):
            allowed.setdefault((paper[0], paper[1], paper[2], paper[3]))
    palette = restrict_palette(painted, Palette(np.array(list(allowed), np.uint8)))
    used = set(map(tuple, palette.colors.tolist()))
    tuples = [[swatches[one.places[tone]].color if tone in one.places else None for tone in TONES]
              for one in find_tuples(swatches)[0]]  # fmt: skip
    tuples = [tones for tones in tuples if used.intersection(tones)]
    if tuples:
        tones = [color for row in tuples for color in row if color is not None]
        palette = add_colors(palette, np.array(tones, np.uint8))
    place = {color: k for k, color in enumerate(map(tuple, palette.colors.tolist()))}
    entries = [[-1 if color is None else place[color] for color in row] for row in tuples]
    names: dict[tuple[int, ...], str] = {}
    for one in swatches:
        if one.name:
            names.setdefault(one.color, one.name)
    called = tuple(names.get(color, "") for color in place)
    return replace(palette, names=called if any(called) else ()), np.array(entries, np.intp).reshape(-1, len(TONES))


def find_papers(colors: NDArray[np.uint8], regions: Regions) -> set[tuple[int, ...]]:
    """Find the colors of opaque, white paper around the figure of a key that was saved without transparency.

    colors  of its regions, uint8 [count + 1, 4]
    """
    around = colors[outside_regions(regions)]
    return set(map(tuple, around[around.min(axis=1, initial=255) >= _PAPER_LEVEL].tolist()))


def learn_tuples(
    entries: NDArray[np.intp], count: int, keys: Iterable[tuple[Frame, Regions, NDArray[np.intp]]]
) -> ColorTuples | None:
    """Learn which colors keys show across trace lines. Returns None if the palette has no tuples.

    entries  as in `ColorTuples`
    count    of the palette's colors
    keys     each with the palette entry of its regions, intp [count + 1], negative if unknown
    """
    if not len(entries):
        return None
    seen = np.zeros((count, count), bool)
    for frame, regions, index in keys:
        pairs = index[find_trace_contacts(frame, regions).pairs]
        known = pairs[(pairs >= 0).all(axis=1)]
        seen[known[:, 0], known[:, 1]] = seen[known[:, 1], known[:, 0]] = True
    return ColorTuples(entries, seen)


def describe_use(painted: Palette, kept: Palette, palette: SwatchList, file: str) -> list[str]:
    """Describe what a palette does with the keys, one line each; empty if the keys have its colors alone.

    painted  the colors of the keys
    kept     the shot's palette: colors in it stay as they are
    """
    same = set(map(tuple, kept.colors.tolist()))
    changed = [color for color in painted.colors.tolist() if tuple(color) not in same]
    notes = [*palette.notes, *find_tuples(palette.swatches)[1]]
    return [f"{file}: {note}" for note in notes] + _name_replaced(changed, palette.swatches, file)


def _name_replaced(painted: Sequence[Sequence[int]], swatches: Sequence[Swatch], file: str) -> list[str]:
    """Say which colors of the keys become named ones: those one level off, and those that the palette lacks."""
    near: list[str] = []
    far: list[str] = []
    paints = [one for one in swatches if one.color[3]]
    table = np.array([one.color[:3] for one in paints], int).reshape(-1, 3)
    for color in painted:
        if not color[3] or not len(table):
            continue
        apart = table - color[:3]
        best = int(np.square(apart).sum(axis=1).argmin())
        levels = int(np.abs(apart[best]).max())
        code = "#{:02x}{:02x}{:02x}".format(*color[:3])
        if levels > _ONE_LEVEL:
            far.append(f"{code} becomes {paints[best].label} ({levels} levels off)")
        elif levels:
            near.append(f"{code} is {paints[best].label}")
    lines = []
    if near:
        lines.append(f"{count_of(len(near), 'color')} of the keys {_is(near)} one level off {file}: {_join(near)}")
    if far:
        lines.append(f"{count_of(len(far), 'color')} of the keys {_is(far)} not in {file}: {_join(far)}")
    return lines


def _is(texts: Sequence[str]) -> str:
    return "is" if len(texts) == 1 else "are"


def _join(texts: Sequence[str]) -> str:
    more = f", and {len(texts) - _MOST_NAMED} more" if len(texts) > _MOST_NAMED else ""
    return ", ".join(texts[:_MOST_NAMED]) + more
