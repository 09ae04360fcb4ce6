"""Read from keys what the trace lines of each hue mean: which side takes their pixels, and what the smaller side is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.compositing import lay_over_color
from framecolor.core.types import Frame, Regions
from framecolor.keys.trace_sides import count_sides
from framecolor.lineart.drawn import read_lines, segment
from framecolor.lineart.region_colors import region_colors
from framecolor.lineart.trace_hues import HueVotes

Pixels = NDArray[np.uint8]

_LUMINANCE = np.array([0.299, 0.587, 0.114])


def read_votes(drawings: Mapping[int, Pixels], keys: Mapping[int, Pixels], settings: Settings) -> dict[int, HueVotes]:
    """Read from keys, uint8 HxWx4 by number, on which sides of trace lines they are darker; by hue."""
    votes: dict[int, HueVotes] = {}
    for number, painted in keys.items():
        frame = read_lines(number, drawings[number], settings)
        if painted.shape[:2] == frame.size and frame.hues is not None and frame.trace.any():
            _add_votes(votes, painted, frame, segment(frame, settings))
    return votes


def _add_votes(votes: dict[int, HueVotes], painted: Pixels, frame: Frame, regions: Regions) -> None:
    colors = region_colors(painted, frame, regions).color
    light = np.asarray(lay_over_color(colors) @ _LUMINANCE, np.float64)
    for hue, shown, other, count in count_sides(painted, frame, regions, colors).tolist():
        own = votes.setdefault(hue - 1, HueVotes())
        own.darker += count * bool(light[shown] < light[other])
        own.lighter += count * bool(light[shown] > light[other])
        # A tone is smaller than the base color that it lies in.
        tone, base = sorted((shown, other), key=lambda region: regions.area[region])
        own.shadow += count * bool(light[tone] < light[base])
        own.highlight += count * bool(light[tone] > light[base])
