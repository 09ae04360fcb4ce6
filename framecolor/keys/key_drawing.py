"""Read key drawings: the drawing of each key or partial key and its colors, read and segmented once.

Palette, gallery, samples of a fit and checks are all made from these.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.faults import Fault
from framecolor.core.hashing import hash_pixels
from framecolor.core.memory import NO_MEMORY, Memory
from framecolor.core.run_length import Runs
from framecolor.core.types import Frame, Regions
from framecolor.errors import ReadError
from framecolor.keys.alignment.align import Alignment, align, find_alignment
from framecolor.keys.checks.blur import find_blur
from framecolor.keys.checks.faults import (
    check_alignment,
    find_bare_trace,
    find_left_trace,
    judge_key,
    name_moved,
    refuse_size,
)
from framecolor.keys.checks.parts import Part, find_parts
from framecolor.keys.line_colors import KeyLines, find_key_lines, hides_lines
from framecolor.keys.trace_sides import Votes, count_sides
from framecolor.lineart.drawn import read_lines, segment
from framecolor.lineart.packed import PackedDrawing
from framecolor.lineart.region_colors import RegionColors, region_colors
from framecolor.lineart.soft_colors import SoftColors, find_soft_colors
from framecolor.networks.view import figure_box, working_scale
from framecolor.shot.annotations import RegionLabels, hash_labels, read_region_labels
from framecolor.shot.shot import Shot

# Working pixels of the figure, for all networks: enough to distinguish its parts, in a tenth of a second per core.
WORKING_AREA_PX = 82_000

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class KeyDrawing:
    """The drawing of a key or partial key.

    drawing   its lines and regions
    box       (left, top, right, bottom) of its figure in pixels
    area      pixels of each region, int64 [count + 1]
    colors    of each region, its most frequent one; None if it is not painted
    labels    of strokes and corrections; None if none
    warnings  about labels that cannot be used
    moved     how the key was moved onto its drawing; None if it lies right
    soft      the colors of a key that is not flat; None if it is
    parts     parts of regions in another color
    left      flat indices of forgotten pixels of trace lines, intp [N]
    bare      pixels of trace lines that the key leaves unpainted, bool HxW
    sides     votes for the side that pixels of trace lines belong to (`trace_sides.count_sides`)
    lines     its lines, if it recolors some; None if not
    is_over   whether it is painted over its lines
    faults    faults that one key shows without the others
    """

    drawing: PackedDrawing
    box: tuple[int, int, int, int]
    area: NDArray[np.int64]
    colors: RegionColors | None = None
    labels: RegionLabels | None = None
    warnings: tuple[str, ...] = ()
    moved: Alignment | None = None
    soft: SoftColors | None = None
    parts: tuple[Part, ...] = ()
    left: NDArray[np.intp] | None = None
    bare: Runs[np.bool_] | None = None
    sides: Votes | None = None
    lines: KeyLines | None = None
    is_over: bool = False
    faults: tuple[Fault, ...] = ()

    @property
    def number(self) -> int:
        return self.drawing.number


@dataclass(frozen=True, eq=False)
class KeyDrawings:
    """All key drawings of a shot by number, rising, and the errors of those that cannot be read."""

    by_number: Mapping[int, KeyDrawing] = field(default_factory=dict)
    broken: Mapping[int, ReadError] = field(default_factory=dict)


def read_key_drawings(
    shot: Shot, settings: Settings, pool: ThreadPoolExecutor | None = None, memory: Memory = NO_MEMORY
) -> KeyDrawings:
    """Read the drawings of all keys, strokes and corrections, in the pool's threads.

    memory  keeps them for later runs

    A drawing that cannot be read is listed as broken. Raises ReadError for an unreadable key or hint, InputError for a
    hint without transparency or a correction outside of the picture.
    """
    numbers = sorted({*shot.keys, *shot.hints, *(c.number for c in shot.corrections)})

    hashes = hash_labels(shot)

    def read(number: int) -> KeyDrawing | ReadError:
        painted = shot.key_hash(number) if number in shot.keys else ""
        try:
            name = "key", number, shot.source_hash(number), painted
            key: KeyDrawing | None = memory.find(name)
            rgba = shot.read_line(number) if key is None else None
        except ReadError as error:
            return error
        if key is None:
            assert rgba is not None
            key = make_key_drawing(number, rgba, shot.read_key(number) if painted else None, settings)
            memory.keep(name, key)
        return memory.recall(("labels", *name, hashes.get(number)), lambda: add_labels(shot, key))

    drawings = dict(zip(numbers, map_in_pool(read, numbers, pool), strict=True))
    return KeyDrawings(
        {number: key for number, key in drawings.items() if isinstance(key, KeyDrawing)},
        {number: error for number, error in drawings.items() if isinstance(error, ReadError)},
    )


def add_labels(shot: Shot, key: KeyDrawing) -> KeyDrawing:
    """Read the labels of a key drawing. Errors as `read_key_drawings`."""
    labels, warnings = read_region_labels(shot, key.number, key.drawing.regions(), key.drawing.digest)
    return replace(key, labels=labels, warnings=warnings)


def make_key_drawing(
    number: int, rgba: NDArray[np.uint8], painted: NDArray[np.uint8] | None, settings: Settings
) -> KeyDrawing:
    """Make a key drawing of a drawing and its key, both uint8 HxWx4; painted: None for a partial key.

    A key that is moved or scaled against its drawing is aligned. Raises ShotError if it does not fit its drawing.
    """
    frame = read_lines(number, rgba, settings)
    regions = segment(frame, settings)
    key = KeyDrawing(PackedDrawing.pack(frame, regions, hash_pixels(rgba)), figure_box(frame), regions.area)
    return key if painted is None else _add_paint(key, rgba, painted, frame, regions, settings)


def _add_paint(
    key: KeyDrawing,
    rgba: NDArray[np.uint8],
    painted: NDArray[np.uint8],
    frame: Frame,
    regions: Regions,
    settings: Settings,
) -> KeyDrawing:
    """Add the colors of a painted key, and its faults."""
    moved, aligned = find_alignment(painted, frame), []
    if moved is not None:
        check_alignment(key.number, moved, painted, frame)
        aligned = [name_moved(key.number, moved, painted, frame)]
        painted = align(painted, moved, frame.size)
    elif painted.shape[:2] != frame.size:
        raise refuse_size(key.number, painted, frame)
    colors = region_colors(painted, frame, regions)
    is_scaled = moved is not None and moved.is_resampled
    blur_px = 0.0 if is_scaled else find_blur(painted, frame, regions, colors.color)
    soft = find_soft_colors(painted, frame, regions, colors, blur_px)
    parts = find_parts(painted, frame, regions, colors, soft, is_scaled=is_scaled)
    trace = find_left_trace(rgba, painted, frame, regions, colors.color)
    parts, faults = judge_key(key.number, painted, frame, regions, parts, soft, trace, settings)
    bare = Runs.pack(find_bare_trace(rgba, painted, frame))
    kept = None if soft is None else replace(soft, gradient=None)
    found = {"parts": tuple(parts), "faults": (*aligned, *faults), "left": np.flatnonzero(trace), "bare": bare}
    found["sides"] = count_sides(painted, frame, regions, colors.color)
    found["lines"] = find_key_lines(painted, frame, regions, colors.color, is_soft=is_scaled or soft is not None)
    found["is_over"] = found["lines"] is None and hides_lines(painted, frame, regions, colors.color)
    return replace(key, colors=colors, moved=moved, soft=kept, **found)


def measure_scale(drawings: Sequence[KeyDrawing]) -> float:
    """Measure the working scale of a shot by some of its drawings, at least one; blank ones count only if all are."""
    drawn = [key for key in drawings if not key.drawing.blank] or drawings
    return working_scale([key.box for key in drawn], WORKING_AREA_PX)


def map_in_pool(
    work: Callable[[Item], Result], items: Iterable[Item] | Collection[Item], pool: ThreadPoolExecutor | None
) -> list[Result]:
    """Apply `work` to each item, in the pool's threads if there is one; results in order. Raises the first error."""
    if pool is None:
        return [work(item) for item in items]
    waiting = [pool.submit(work, item) for item in items]
    try:
        return [future.result() for future in waiting]
    finally:
        for future in waiting:
            future.cancel()
