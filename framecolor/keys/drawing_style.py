"""Decide once for a shot how its drawings are to be read: their paper, their ink, their gaps, and what is paper.

A few drawings decide, those of keys first: what a key shows says what is right. For clean digital drawings the settings
stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.types import Frame, Regions
from framecolor.errors import ReadError
from framecolor.lineart.drawn import read_lines, segment
from framecolor.lineart.ink_hues import count_hues, find_ink_hues
from framecolor.lineart.lines import extract_lines
from framecolor.lineart.paper import find_paper
from framecolor.lineart.region_colors import region_colors
from framecolor.lineart.regions import outside_regions
from framecolor.shot.shot import Shot

Pixels = NDArray[np.uint8]

# So many drawings decide.
MOST_KEYS, MOST_OTHERS = 4, 3
# Gaps that are tried, in pixels of a picture of this height; bridges along strokes are twice as long.
_GAPS_PX, _GAP_HEIGHT_PX, _BRIDGE = (4, 6, 8, 12), 1080, 2
# Paint leaks where a region's pixels differ by so many levels from its color. A wider gap is for leaks of at least this
# share of the paint, and this many pixels, and has to stop this share of them.
_LEAK_LEVELS = 16
_LEAK_SHARE, _LEAK_PX, _STOPPED_SHARE = 0.003, 64, 0.5
# A gap stops leaks as well as the best one if it leaves no more than this share of what that stops.
_AS_GOOD_SHARE = 0.02
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
    """

    settings: Settings
    notes: tuple[str, ...] = ()


def choose_drawings(shot: Shot) -> list[int]:
    """Choose the drawings that decide: some keys and some others, evenly spread. In a movie with keys, only keys.

    Only these may be read, so that the choice of frames to paint does not matter.
    """
    keys = _spread(sorted(shot.keys), MOST_KEYS)
    others = _spread([n for n in shot.numbers if n not in shot.keys], MOST_OTHERS)
    return sorted({*keys, *(others if not keys or shot.movie is None else ())})


def find_style(shot: Shot, settings: Settings) -> Style:
    """Find the style of a shot. Drawings and keys that cannot be read do not count."""
    drawings, keys = {}, {}
    for number in choose_drawings(shot):
        with suppress(ReadError):
            drawings[number] = shot.read_line(number)
            if number in shot.keys:
                keys[number] = shot.read_key(number)
    return judge_style(drawings, keys, settings)


def judge_style(drawings: Mapping[int, Pixels], keys: Mapping[int, Pixels], settings: Settings) -> Style:
    """Find the style of drawings, and of the keys of some of them, all uint8 HxWx4, by number.

    Settings that are not `auto` stay as they are.
    """
    notes = []
    if settings.paper == "auto" and (paper := find_paper(drawings.values())) != "white":
        settings = settings.updated({"paper": paper})
        notes.append(_PAPERS[paper])
    painted = {n: key for n, key in keys.items() if n in drawings and key.shape == drawings[n].shape}
    if settings.ink == "auto":
        paper = "white" if settings.paper == "auto" else settings.paper
        shown = [n for n in drawings if n in painted] or list(drawings)
        ink = find_ink_hues(count_hues(*extract_lines(drawings[n], paper), painted.get(n)) for n in shown)
        if ink != "dark":
            settings = settings.updated({"ink": ink})
            hues = "colored" if ink == "colored" else ink.replace("-", " and ")
            notes.append(f"{hues} lines are kept as ink, as {_say_why(painted)}; --ink dark makes them trace lines")
    frames = {n: read_lines(n, drawings[n], settings) for n in painted}
    if settings.gap_px == "auto":
        settings, note = _choose_gap(frames, painted, settings)
        notes += note
    if any(_is_cut_by_border(frames[n], painted[n], settings) for n in painted):
        settings = settings.updated({"paper_border": _NEVER_BY_BORDER})
    return Style(settings, tuple(notes))


def _say_why(painted: Mapping[int, Pixels]) -> str:
    return "the keys show them" if painted else "there are hardly any others"


def _spread(numbers: Sequence[int], most: int) -> list[int]:
    """Choose at most so many of some numbers, evenly spread, with both ends."""
    if len(numbers) <= most:
        return list(numbers)
    return [numbers[i] for i in np.linspace(0, len(numbers) - 1, most).round().astype(int)]


def _choose_gap(
    frames: Mapping[int, Frame], painted: Mapping[int, Pixels], settings: Settings
) -> tuple[Settings, Iterable[str]]:
    """Choose the least gap at which the paint of the keys stays in its regions."""
    leaked = _measure_leaks(frames, painted, settings)
    paint = sum(int(np.count_nonzero(_is_paint(key))) for key in painted.values())
    if leaked < max(_LEAK_PX, _LEAK_SHARE * paint):
        return settings, ()
    scale = max(1.0, next(iter(frames.values())).size[0] / _GAP_HEIGHT_PX)
    gaps = [round(scale * gap) for gap in _GAPS_PX]
    tried = [settings.updated({"gap_px": float(gap), "bridge_px": float(_BRIDGE * gap)}) for gap in gaps]
    leaks = [_measure_leaks(frames, painted, one) for one in tried]
    stopped = leaked - min(leaks)
    if stopped < max(_LEAK_PX, _STOPPED_SHARE * leaked):
        return settings, ()
    best = next(i for i, leak in enumerate(leaks) if leak <= min(leaks) + _AS_GOOD_SHARE * stopped)
    share = f"{leaked / max(1, paint):.0%}" if leaked >= 0.01 * paint else "a part"
    note = (
        f"the lines have openings: gaps up to {gaps[best]} pixels are closed, {gaps[best] * _BRIDGE} along strokes, as "
        f"{share} of the keys' paint would leak with {settings.closed_gap_px:g}; --gap PX sets another limit"
    )
    return tried[best], (note,)


def _measure_leaks(frames: Mapping[int, Frame], painted: Mapping[int, Pixels], settings: Settings) -> int:
    """Count the pixels of keys that have another color than their region."""
    return sum(_count_leaked(frames[n], painted[n], segment(frames[n], settings)) for n in painted)


def _count_leaked(frame: Frame, painted: Pixels, regions: Regions) -> int:
    color = region_colors(painted, frame, regions).color
    box = frame.box  # outside of it is one region of paper
    labels, shown = box.crop(regions.labels), box.crop(painted)
    differs = cv2.absdiff(np.take(color[:, :3], labels, axis=0), np.ascontiguousarray(shown[..., :3])).max(axis=2)
    solid = shown[..., 3] >= 128
    leaked = np.where(solid, differs > _LEAK_LEVELS, color[labels, 3] > 0) | (solid & (color[labels, 3] == 0))
    return int(np.count_nonzero(leaked & (labels > 0) & (box.crop(frame.ink)[..., 3] == 0)))


def _is_paint(key: Pixels) -> NDArray[np.bool_]:
    """Find the pixels of a key that are neither transparent nor white, bool HxW."""
    return (key[..., 3] >= 128) & (key[..., :3].min(axis=2) < 255)


def _is_cut_by_border(frame: Frame, painted: Pixels, settings: Settings) -> bool:
    """Tell whether a key shows that the figure is cut: of the regions along the border, it paints some but not all.

    If it paints all of them, they are a background.
    """
    regions = segment(frame, settings)
    color = region_colors(painted, frame, regions).color[outside_regions(regions)]
    paper = (color[:, 3] == 0) | (color[:, :3] == 255).all(axis=1)
    return bool(paper.any() and not paper.all())
