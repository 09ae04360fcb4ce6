"""Choose the gap of a shot: the least one at which the paint of its keys stays in its regions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.types import Frame, Regions
from framecolor.keys.checks.parts import SCALED_MARGIN_PX
from framecolor.lineart.drawn import segment
from framecolor.lineart.region_colors import RegionColors, region_colors
from framecolor.lineart.regions import outside_regions

Pixels = NDArray[np.uint8]

# Gaps that are tried, in pixels of a picture of this height; bridges along strokes are twice as long.
_GAPS_PX, _GAP_HEIGHT_PX, _BRIDGE = (4, 6, 8, 12), 1080, 2
# Paint leaks where a region's pixels differ by so many levels from its color. A wider gap is for leaks of at least this
# share of the paint, and this many pixels, and has to stop this share of them.
_LEAK_LEVELS = 16
_LEAK_SHARE, _LEAK_PX, _STOPPED_SHARE = 0.003, 64, 0.5
# A gap stops leaks as well as the best one if it leaves no more than this share of what that stops.
_AS_GOOD_SHARE = 0.02


@dataclass(eq=False)
class ShownKey:
    """The drawing of a key, and its paint, uint8 HxWx4, aligned.

    is_scaled  whether it was scaled for that, so that its borders are not exact
    """

    frame: Frame
    painted: Pixels
    is_scaled: bool
    _segmented: tuple[Settings, Regions, RegionColors] | None = None

    def segment(self, settings: Settings) -> tuple[Regions, RegionColors]:
        """Find its regions and their colors, anew only for other settings than before."""
        if self._segmented is None or self._segmented[0] != settings:
            regions = segment(self.frame, settings)
            self._segmented = settings, regions, region_colors(self.painted, self.frame, regions)
        return self._segmented[1:]

    def count_leaked(self, settings: Settings) -> int:
        """Count the pixels that have another color than their region; of a scaled key, not those beside lines."""
        regions, colors = self.segment(settings)
        color, box = colors.color, self.frame.box  # outside of it is one region of paper
        labels, shown = box.crop(regions.labels), box.crop(self.painted)
        differs = cv2.absdiff(np.take(color[:, :3], labels, axis=0), np.ascontiguousarray(shown[..., :3])).max(axis=2)
        solid = shown[..., 3] >= 128
        leaked = np.where(solid, differs > _LEAK_LEVELS, color[labels, 3] > 0) | (solid & (color[labels, 3] == 0))
        leaked &= (labels > 0) & (box.crop(self.frame.ink)[..., 3] == 0)
        if self.is_scaled:
            side = 2 * SCALED_MARGIN_PX + 1
            lines = np.ascontiguousarray(box.crop(self.frame.lines)).view(np.uint8)
            leaked &= cv2.dilate(lines, np.ones((side, side), np.uint8)) == 0
        return int(np.count_nonzero(leaked))

    def is_cut_by_border(self, settings: Settings) -> bool:
        """Tell whether a key shows that the figure is cut: of the regions along the border, it paints some but not all.

        If it paints all of them, they are a background.
        """
        regions, colors = self.segment(settings)
        color = colors.color[outside_regions(regions)]
        paper = (color[:, 3] == 0) | (color[:, :3] == 255).all(axis=1)
        return bool(paper.any() and not paper.all())


def choose_gap(keys: Sequence[ShownKey], settings: Settings) -> tuple[Settings, Iterable[str]]:
    """Choose the least gap at which the paint of the keys stays in its regions."""
    by_key = [key.count_leaked(settings) for key in keys]
    leaked = sum(by_key)
    paint = sum(int(np.count_nonzero(_is_paint(key.painted))) for key in keys)
    if leaked < max(_LEAK_PX, _LEAK_SHARE * paint):
        return settings, ()
    scale = max(1.0, keys[0].frame.size[0] / _GAP_HEIGHT_PX)
    gaps = [round(scale * gap) for gap in _GAPS_PX]
    tried = [settings.updated({"gap_px": float(gap), "bridge_px": float(_BRIDGE * gap)}) for gap in gaps]
    worst = int(np.argmax(by_key))
    leaks = [keys[worst].count_leaked(one) for one in tried]
    if not _is_stopped(by_key[worst], leaks):  # most leaks of clean drawings are two tones: one key tells
        return settings, ()
    others = [key for i, key in enumerate(keys) if i != worst]
    leaks = [left + sum(key.count_leaked(one) for key in others) for left, one in zip(leaks, tried, strict=True)]
    if not _is_stopped(leaked, leaks):
        return settings, ()
    best = next(i for i, leak in enumerate(leaks) if leak <= min(leaks) + _AS_GOOD_SHARE * (leaked - min(leaks)))
    share = f"{leaked / max(1, paint):.0%}" if leaked >= 0.01 * paint else "a part"
    note = (
        f"the lines have openings: gaps up to {gaps[best]} pixels are closed, {gaps[best] * _BRIDGE} along strokes, as "
        f"{share} of the keys' paint would leak with {settings.closed_gap_px:g}; --gap PX sets another limit"
    )
    return tried[best], (note,)


def _is_stopped(leaked: int, left: Sequence[int]) -> bool:
    """Tell whether the best gap stops enough of a leak, of which each gap leaves some."""
    return leaked - min(left) >= max(_LEAK_PX, _STOPPED_SHARE * leaked)


def _is_paint(key: Pixels) -> NDArray[np.bool_]:
    """Find the pixels of a key that are neither transparent nor white, bool HxW."""
    return (key[..., 3] >= 128) & (key[..., :3].min(axis=2) < 255)
