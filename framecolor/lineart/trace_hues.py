"""Find the hues of trace lines beside pure red, green and blue: those that the keys paint over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.config.trace_map import HUES
from framecolor.core.types import is_colored
from framecolor.lineart.hues import BLUE, GREEN, NO_HUE, RED, find_hues
from framecolor.lineart.ink_hues import measure_shown

# A line covers a pixel from this alpha on; lines of a hue may be paler.
_COVERED_ALPHA, _COVERED_SHARE = 128, 0.5
# Lines of a hue have at least so many pixels, and at least this share of those of all lines.
_FEWEST_PX, _FEWEST_SHARE = 30, 0.002
# They are trace lines if the keys show at most this share of them as lines, while they show most of the dark ones: a
# key without lines tells nothing.
_SHOWN_SHARE, _DARK_SHOWN_SHARE = 0.5, 0.7


@dataclass(frozen=True, eq=False)
class ShownHues:
    """The lines of a drawing by hue, and how many of them its key shows.

    pixels  int64 [13]: of each hue, and of all others
    shown   float64 [13]: share of them that the key shows as lines; 0 for hues without pixels
    """

    pixels: NDArray[np.int64]
    shown: NDArray[np.float64]


@dataclass
class HueVotes:
    """What keys show of the lines of one hue, in pixels: the side that takes them, and what the smaller side is."""

    darker: int = 0
    lighter: int = 0
    shadow: int = 0
    highlight: int = 0


def count_shown(ink: NDArray[np.uint8], painted: NDArray[np.uint8]) -> ShownHues | None:
    """Count the lines of a drawing that its key, uint8 HxWx4, shows; None if there are hardly any of other hues.

    ink  all lines, uint8 HxWx4 straight RGBA
    """
    if not is_colored(ink):
        return None
    hues = find_hues(ink)
    counts = np.bincount(hues.ravel(), minlength=NO_HUE + 1)
    others = [hue for hue in range(len(HUES)) if hue not in (RED, GREEN, BLUE) and counts[hue] >= _FEWEST_PX]
    if not others:
        return None
    alpha = ink[..., 3]
    lines = alpha > 0
    pixels, shown = np.zeros(len(HUES) + 1, np.int64), np.zeros(len(HUES) + 1)
    dark = (hues == NO_HUE) & (alpha >= _COVERED_ALPHA)
    for row, where in ((len(HUES), dark), *((hue, hues == hue) for hue in others)):
        if row < len(HUES):
            where = where & (alpha >= _COVERED_SHARE * np.percentile(alpha[where], 90))
        pixels[row] = np.count_nonzero(where)
        if pixels[row]:
            shown[row] = measure_shown(painted, lines, where)
    return ShownHues(pixels, shown)


def find_trace_hues(drawings: Iterable[ShownHues]) -> tuple[str, ...]:
    """Find the hues, beside pure red, green and blue, whose lines the keys of some drawings paint over."""
    counted = list(drawings)
    if not counted:
        return ()
    pixels = np.sum([one.pixels for one in counted], axis=0)
    shown = np.sum([one.shown * one.pixels for one in counted], axis=0) / np.maximum(pixels, 1)
    if pixels[-1] and shown[-1] < _DARK_SHOWN_SHARE:
        return ()
    least = max(_FEWEST_PX, _FEWEST_SHARE * pixels.sum())
    return tuple(name for row, name in enumerate(HUES) if pixels[row] >= least and shown[row] <= _SHOWN_SHARE)
