"""One key: its drawing and what is painted or told of its regions, read and segmented once.

Everything else that is asked of keys follows from these: palette, gallery, samples to fit to, checks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.hashing import hash_pixels
from framecolor.errors import ReadError
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.packed import PackedDrawing
from framecolor.lineart.region_colors import RegionColors, region_colors
from framecolor.lineart.regions import find_regions
from framecolor.networks.view import figure_box
from framecolor.shot.annotations import RegionLabels, read_region_labels
from framecolor.shot.shot import Shot

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class KeyDrawing:
    """A drawing whose colors are known, all or in part.

    drawing   its lines and regions
    box       (left, top, right, bottom) of its figure in pixels
    area      pixels of each region, int64 [count + 1]
    colors    of each region, where it is painted
    labels    regions that strokes and corrections label, None if none
    warnings  what of it could not be used as it was meant
    """

    drawing: PackedDrawing
    box: tuple[int, int, int, int]
    area: NDArray[np.int64]
    colors: RegionColors | None = None
    labels: RegionLabels | None = None
    warnings: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        return self.drawing.number


@dataclass(frozen=True, eq=False)
class KeyDrawings:
    """All key drawings of a shot by number, rising, and those that cannot be read, with the reason."""

    by_number: Mapping[int, KeyDrawing] = field(default_factory=dict)
    broken: Mapping[int, ReadError] = field(default_factory=dict)


def read_key_drawings(shot: Shot, settings: Settings, pool: ThreadPoolExecutor | None = None) -> KeyDrawings:
    """Every key, and every drawing of which strokes or corrections tell something, in the pool's threads.

    A drawing that cannot be read costs itself only, and is listed. Raises ReadError on an unreadable key or hint,
    InputError on a hint without transparency and on a correction that lies outside of the picture.
    """
    asked = sorted({*shot.keys, *shot.hints, *(c.number for c in shot.corrections)})

    def read(number: int) -> KeyDrawing | ReadError:
        try:
            rgba = shot.read_line(number)
        except ReadError as error:
            return error
        return read_key_drawing(shot, number, rgba, settings)

    found = dict(zip(asked, map_in_pool(read, asked, pool), strict=True))
    return KeyDrawings(
        {number: one for number, one in found.items() if isinstance(one, KeyDrawing)},
        {number: one for number, one in found.items() if isinstance(one, ReadError)},
    )


def read_key_drawing(shot: Shot, number: int, rgba: NDArray[np.uint8], settings: Settings) -> KeyDrawing:
    """A drawing (uint8 HxWx4), its key if it has one, and its labels. Errors as `read_key_drawings`."""
    key = make_key_drawing(number, rgba, shot.read_key(number) if number in shot.keys else None, settings)
    labels, warnings = read_region_labels(shot, number, key.drawing.regions(), key.drawing.digest)
    return replace(key, labels=labels, warnings=warnings)


def make_key_drawing(
    number: int, rgba: NDArray[np.uint8], painted: NDArray[np.uint8] | None, settings: Settings
) -> KeyDrawing:
    """A drawing and the same drawing painted, if it is, both uint8 HxWx4."""
    frame = read_drawing(number, rgba)
    regions = find_regions(frame, gap_px=settings.gap_px, min_region_px=settings.min_region_px)
    colors = None if painted is None else region_colors(painted, frame, regions)
    return KeyDrawing(PackedDrawing.pack(frame, regions, hash_pixels(rgba)), figure_box(frame), regions.area, colors)


def map_in_pool(
    work: Callable[[Item], Result], items: Iterable[Item] | Collection[Item], pool: ThreadPoolExecutor | None
) -> list[Result]:
    """`work` of each item, in order: in the pool's threads if there is one. Raises what the first that fails raises."""
    if pool is None:
        return [work(item) for item in items]
    waiting = [pool.submit(work, item) for item in items]
    try:
        return [future.result() for future in waiting]
    finally:
        for future in waiting:
            future.cancel()
