"""What somebody said of single regions of a shot's drawings: loose strokes (hints/) and corrections (a file)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.core.hashing import digest
from framecolor.core.types import Regions
from framecolor.errors import InputError
from framecolor.lineart.regions import fill_lines
from framecolor.media import hash_file
from framecolor.shot.corrections import Correction
from framecolor.shot.shot import Shot
from framecolor.shot.strokes import read_strokes

NOBODY, STROKE, CORRECTION = 0, 1, 2


@dataclass(frozen=True, eq=False)
class RegionLabels:
    """The regions of one drawing whose color is given, by strokes or corrections.

    drawing  hash of its pixels
    color    uint8 [count + 1, 4]: of the regions that somebody spoke of, to the bit
    by       int8 [count + 1]: NOBODY, STROKE or CORRECTION
    area     pixels of each region, [count + 1]
    """

    drawing: str
    color: NDArray[np.uint8]
    by: NDArray[np.int8]
    area: NDArray[np.int64]

    @property
    def rows(self) -> NDArray[np.intp]:
        """The regions that somebody spoke of, rising."""
        return np.flatnonzero(self.by)

    @property
    def corrected(self) -> int:
        """How many of its regions are corrected."""
        return int(np.count_nonzero(self.by == CORRECTION))

    @property
    def hash(self) -> str:
        """Of all that was said."""
        return digest(self.color[self.rows].tobytes(), self.by.tobytes())


def read_region_labels(
    shot: Shot, number: int, regions: Regions, drawing: str
) -> tuple[RegionLabels | None, tuple[str, ...]]:
    """The regions that strokes and corrections label, None if there is none, and warnings of those that label nothing.

    drawing  hash of its pixels. A correction outranks the strokes of its frame.
    Raises ReadError on an unreadable hint, InputError on one without transparency and on a correction that lies outside
    of the picture.
    """
    corrections = [correction for correction in shot.corrections if correction.number == number]
    if number not in shot.hints and not corrections:
        return None, ()
    color = np.zeros((regions.count + 1, 4), np.uint8)
    by = np.zeros(regions.count + 1, np.int8)
    warnings: list[str] = []
    if number in shot.hints:
        warnings += _take_strokes(shot, number, regions, color, by)
    warnings += _take_corrections(shot, number, corrections, regions, color, by)
    return RegionLabels(drawing, color, by, regions.area) if by.any() else None, tuple(warnings)


def join_colors(told: Iterable[RegionLabels]) -> NDArray[np.uint8]:
    """Every color that was named, uint8 [N, 4], in the order of frames, each once."""
    rows = [one.color[one.rows] for one in told]
    found = dict.fromkeys(map(tuple, np.concatenate(rows).tolist())) if rows else {}
    return np.array(list(found), np.uint8).reshape(-1, 4)


def hash_labels(shot: Shot) -> dict[int, str]:
    """Of each drawing of which anything is told, a hash of it: of the hint's file and of the corrections.

    Raises ReadError on an unreadable hint.
    """
    parts: dict[int, list[str]] = {number: [hash_file(path)] for number, path in shot.hints.items()}
    for correction in shot.corrections:
        parts.setdefault(correction.number, []).append(repr(correction))
    return {number: digest(*told) for number, told in sorted(parts.items())}


def _take_strokes(
    shot: Shot, number: int, regions: Regions, color: NDArray[np.uint8], by: NDArray[np.int8]
) -> list[str]:
    """Write what a frame's strokes say into `color` and `by`; what they fail to say comes back."""
    path, hint = shot.hints[number], shot.read_hint(number)
    if hint[..., 3].min() == 255 and hint.size:
        raise InputError(path, "is opaque all over, so no stroke can be told apart", "save it with transparent paper")
    strokes = read_strokes(hint, regions)
    color[strokes.meant], by[strokes.meant] = strokes.color[strokes.meant], STROKE
    missed = [
        f"{path.name}: the stroke of frame {number} at x {x}, y {y} lies on lines only; put it inside of a region"
        for x, y in strokes.missed
    ]
    if not missed and not strokes.meant.any():
        return [f"{path.name}: there is no stroke in the hint of frame {number}; paint it opaque"]
    return missed


def _take_corrections(
    shot: Shot,
    number: int,
    corrections: Sequence[Correction],
    regions: Regions,
    color: NDArray[np.uint8],
    by: NDArray[np.int8],
) -> list[str]:
    """Write a frame's corrections into `color` and `by`; of a point on a line the nearest region is meant."""
    if not corrections:
        return []
    height, width = regions.size
    for c in corrections:
        if c.x >= width or c.y >= height:
            problem = f"x {c.x}, y {c.y} lies outside of the drawing, which is {width}x{height}"
            raise InputError(f"correction of frame {number}", problem, "remove it, or correct the frame again")
    if regions.count == 0:
        return [f"frame {number} has no region, so its corrections change nothing"]
    filled = fill_lines(regions.labels)
    for c in corrections:
        region = filled[c.y, c.x]
        color[region], by[region] = c.color, CORRECTION
    known = {c.drawing for c in corrections if c.drawing}
    if known and known != {shot.line_hash(number)}:
        return [f"frame {number} was drawn anew since it was corrected: check that the right regions are meant"]
    return []
