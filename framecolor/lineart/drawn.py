"""Read the lines and regions of a drawing as the settings say how a shot was drawn.

A setting that is still `auto` stands for a clean digital drawing: dark lines on pure white or transparent, trace lines
in pure hues, openings of two pixels. `keys.drawing_style` decides once for a shot where that is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import SETTINGS, Settings
from framecolor.config.trace_map import HUES
from framecolor.core.types import Frame, Regions
from framecolor.lineart.ink_hues import change_ink, count_hues, find_ink_hues
from framecolor.lineart.lines import extract_lines, read_drawing
from framecolor.lineart.paper import find_paper
from framecolor.lineart.regions import find_regions

_DECIDING = ("gap_px", "bridge_px", "min_region_px", "paper", "ink", "trace", "paper_border")


def find_drawing_settings(noted: Mapping[str, Any]) -> Settings:
    """Restore the settings of drawings from those that a manifest notes; missing or invalid ones are defaults."""
    valid = {name: noted[name] for name in _DECIDING if name in noted and SETTINGS[name].allows(noted[name])}
    return Settings(**valid)


def read_lines(number: int, rgba: NDArray[np.uint8], settings: Settings) -> Frame:
    """Separate a drawing of the shot, uint8 HxWx4, into ink and trace lines."""
    meanings = settings.hue_meanings
    ink_hues = change_ink("dark" if settings.ink == "auto" else settings.ink, meanings)
    trace_hues = [HUES.index(hue) for hue, meaning in meanings.items() if meaning != "ink"]
    return read_drawing(number, rgba, settings.read_paper, ink_hues, trace_hues)


def read_other_lines(number: int, rgba: NDArray[np.uint8], painted: NDArray[np.uint8]) -> Frame:
    """Separate a drawing from elsewhere, uint8 HxWx4, by what itself and its painting show."""
    paper = find_paper([rgba])
    return read_drawing(number, rgba, paper, find_ink_hues([count_hues(*extract_lines(rgba, paper), painted)]))


def segment(frame: Frame, settings: Settings) -> Regions:
    """Find the regions of a drawing of the shot."""
    return find_regions(
        frame,
        gap_px=settings.closed_gap_px,
        min_region_px=settings.min_region_px,
        bridge_px=settings.bridge_px,
        paper_border=settings.paper_border,
    )
