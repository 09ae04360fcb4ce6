"""Read the drawings whose regions are scored: scans, negatives and colored lines as `colorize` reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.types import Frame
from framecolor.keys.drawing_style import MOST_KEYS, Style, judge_style, spread
from framecolor.lineart.drawn import read_lines
from framecolor.media import read_image, read_role

Rgba = NDArray[np.uint8]
ReadLine = Callable[[int], Rgba | Frame]

# Gaps play no part: regions are scored as the lines alone bound them.
_SETTINGS = Settings(gap_px=2.0)


def open_drawings(drawings: Mapping[int, Path], truth: Mapping[int, Path]) -> tuple[ReadLine, tuple[str, ...]]:
    """Open numbered drawings. Returns what reads one of them, and notes for the user on how they are read.

    truth  true frames, which tell what is ink as keys do; those of another size do not
    Raises ReadError if one of the drawings that decide cannot be read.
    """
    numbers = spread(sorted(drawings.keys() & truth.keys()) or sorted(drawings), MOST_KEYS)
    seen = {number: read_role(drawings[number], "drawing") for number in numbers}
    painted = {number: read_image(truth[number]) for number in numbers if number in truth}
    painted = {number: key for number, key in painted.items() if key.shape == seen[number].shape}
    style = judge_style(seen, painted, _SETTINGS)
    return read_by_style(lambda number: read_role(drawings[number], "drawing"), style), style.notes


def read_by_style(read: Callable[[int], Rgba], style: Style) -> ReadLine:
    """Return what reads drawings as a style says; clean digital ones stay as they are."""
    settings = style.settings
    if settings.read_paper == "white" and settings.ink in ("auto", "dark"):
        return read
    return lambda number: read_lines(number, read(number), settings)
