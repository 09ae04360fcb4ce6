"""Decide once for a shot how its drawings are to be read: their paper, their ink, their gaps, and what is paper.

A few drawings decide, those of keys first: what a key shows says what is right. For clean digital drawings the settings
stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.errors import ReadError
from framecolor.keys.alignment.align import align, find_alignment
from framecolor.keys.checks.parts import SCALED_MARGIN_PX
from framecolor.keys.gap_choice import ShownKey, choose_gap
from framecolor.lineart.drawn import read_lines
from framecolor.lineart.ink_hues import count_hues, find_ink_hues
from framecolor.lineart.lines import extract_lines
from framecolor.lineart.paper import find_other_paper, find_paper
from framecolor.lineart.trace_hues import count_shown, find_trace_hues
from framecolor.output.remarks import name_unlike
from framecolor.shot.shot import Shot

Pixels = NDArray[np.uint8]

# So many drawings decide.
MOST_KEYS, MOST_OTHERS = 4, 3
_NEVER_BY_BORDER = 1.01

_PAPERS = {
    "black": "the drawings are light lines on black, and are read as dark lines on white",
    "scan": "the drawings have paper with a tone or noise: their lines are lifted off it; --paper white keeps it",
    "black-scan": "the drawings are light lines on dark paper with a tone or noise: they are read as dark lines and "
    "lifted off it",
}


@dataclass(frozen=True)
class Style:
    """How the drawings of a shot are to be read.

    settings  `auto` is replaced where they are not clean digital drawings
    notes     what the user should know of it, a line each
    unlike    numbers of the drawings, among those that decide, that lie on other paper than most
    """

    settings: Settings
    notes: tuple[str, ...] = ()
    unlike: tuple[int, ...] = ()

    @property
    def texts(self) -> list[str]:
        """All that a user is told, a line each."""
        return [*self.notes, *name_unlike(self.unlike)]


def choose_drawings(shot: Shot) -> list[int]:
    """Choose the drawings that decide: some keys and some others, evenly spread.

    In a movie as well: its key may be a cleaner picture than the frames that a codec predicts from it. Only these may
    be read, so that the choice of frames to paint does not matter.
    """
    keys = spread(sorted(shot.keys), MOST_KEYS)
    others = spread([n for n in shot.numbers if n not in shot.keys], MOST_OTHERS)
    return sorted({*keys, *others})


class Pictures(NamedTuple):
    """Drawings, and the keys of some of them, all uint8 HxWx4, by number."""

    drawings: Mapping[int, Pixels]
    keys: Mapping[int, Pixels]


def find_style(shot: Shot, settings: Settings) -> Style:
    """Find the style of a shot. Drawings and keys that cannot be read do not count."""
    return judge_style(*read_deciding(shot), settings)


def read_deciding(shot: Shot) -> Pictures:
    """Read the drawings that decide, and their keys, but for those that cannot be read."""
    drawings, keys = {}, {}
    for number in choose_drawings(shot):
        with suppress(ReadError):
            drawings[number] = shot.read_line(number)
            if number in shot.keys:
                keys[number] = shot.read_key(number)
    return Pictures(drawings, keys)


def judge_style(drawings: Mapping[int, Pixels], keys: Mapping[int, Pixels], settings: Settings) -> Style:
    """Find the style of drawings, and of the keys of some of them, all uint8 HxWx4, by number.

    Settings that are not `auto` stay as they are.
    """
    notes, unlike = [], ()
    if settings.paper == "auto":
        paper = find_paper(drawings.values())
        if paper != "white":
            settings = settings.updated({"paper": paper})
            notes.append(_PAPERS[paper])
        unlike = tuple(sorted(n for n in drawings if is_unlike(drawings[n], settings)))
    painted, scaled = _align_keys(drawings, keys, settings)
    judged = painted or (drawings if settings.ink == "auto" else {})
    lines = {n: extract_lines(drawings[n], settings.read_paper) for n in judged}
    if settings.ink == "auto":
        margins = {n: SCALED_MARGIN_PX if n in scaled else 0 for n in judged}
        with ThreadPoolExecutor(settings.count_cores(), "framecolor") as pool:
            counts = pool.map(lambda n: count_hues(*lines[n], painted.get(n), margin_px=margins[n]), judged)
            ink = find_ink_hues(list(counts))
        if ink != "dark":
            settings = settings.updated({"ink": ink})
            hues = "colored" if ink == "colored" else ink.replace("-", " and ")
            notes.append(f"{hues} lines are kept as ink, as {_say_why(painted)}; --ink dark makes them trace lines")
    counted = [count_shown(lines[n][0], painted[n]) for n in painted]
    found = find_trace_hues(one for one in counted if one is not None)
    if trace := [hue for hue in found if hue not in settings.hue_meanings]:
        known = [] if settings.trace == "auto" else [settings.trace]
        settings = settings.updated({"trace": ", ".join([*known, *trace])})
        keep = ", ".join(f"{hue}=ink" for hue in trace)
        why = "are trace lines, as the keys paint over them"
        notes.append(f'{" and ".join(trace)} lines {why}; --trace "{keep}" keeps them')
    shown = [ShownKey(read_lines(n, drawings[n], settings), painted[n], n in scaled) for n in painted]
    if settings.gap_px == "auto":
        settings, note = choose_gap(shown, settings)
        notes += note
    if any(key.is_cut_by_border(settings) for key in shown):
        settings = settings.updated({"paper_border": _NEVER_BY_BORDER})
    return Style(settings, tuple(notes), unlike)


def is_unlike(drawing: Pixels, settings: Settings) -> bool:
    """Tell whether a drawing, uint8 HxWx4, lies on other paper than its shot's style says, so that it is read wrong."""
    return find_other_paper(drawing, settings.read_paper) is not None


def _align_keys(
    drawings: Mapping[int, Pixels], keys: Mapping[int, Pixels], settings: Settings
) -> tuple[dict[int, Pixels], set[int]]:
    """Lay keys onto their drawings. Returns those that fit by number, and the numbers of scaled ones.

    Only lines count for this, and trace lines are among them, whatever hues turn out to be ink.
    """
    painted, scaled = {}, set()
    numbers = sorted(drawings.keys() & keys.keys())

    def lay(number: int) -> tuple[Pixels | None, bool]:
        frame, key = read_lines(number, drawings[number], settings), keys[number]
        moved = find_alignment(key, frame)
        if moved is None:
            return (key if key.shape[:2] == frame.size else None), False
        return (align(key, moved, frame.size), moved.is_resampled) if moved.is_sure else (None, False)

    with ThreadPoolExecutor(settings.count_cores(), "framecolor") as pool:
        for number, (laid, is_resampled) in zip(numbers, pool.map(lay, numbers), strict=True):
            if laid is not None:
                painted[number] = laid
                scaled |= {number} if is_resampled else set()
    return painted, scaled


def _say_why(painted: Mapping[int, Pixels]) -> str:
    return "the keys show them" if painted else "there are hardly any others"


def spread(numbers: Sequence[int], most: int) -> list[int]:
    """Choose at most so many of some numbers, evenly spread, with both ends."""
    if len(numbers) <= most:
        return list(numbers)
    return [numbers[i] for i in np.linspace(0, len(numbers) - 1, most).round().astype(int)]
