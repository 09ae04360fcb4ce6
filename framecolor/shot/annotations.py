"""Colors given for single regions of a shot's drawings: by strokes (hints/) and by corrections (a file)."""

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
    color    uint8 [count + 1, 4], straight RGBA; zero for a region without a label
    by       int8 [count + 1]: NOBODY, STROKE or CORRECTION
    area     pixels of each region, [count + 1]
    """

    drawing: str
    color: NDArray[np.uint8]
    by: NDArray[np.int8]
    area: NDArray[np.int64]

    @property
    def rows(self) -> NDArray[np.intp]:
        """Indices of the labeled regions, rising."""
        return np.flatnonzero(self.by)

    @property
    def corrected(self) -> int:
        """Number of corrected regions."""
        return int(np.count_nonzero(self.by == CORRECTION))

    @property
    def hash(self) -> str:
        """Hash of all labels."""
        return digest(self.color[self.rows].tobytes(), self.by.tobytes())


def read_region_labels(
    shot: Shot, number: int, regions: Regions, drawing: str
) -> tuple[RegionLabels | None, tuple[str, ...]]:
    """Read the region labels of one drawing. Returns them, None if there are none, and warnings.

    drawing  hash of its pixels

    A correction overrides a stroke in the same region. Strokes and corrections that label no region give a warning.
    Raises ReadError for an unreadable hint, InputError for a hint without transparency or a correction outside of the
    picture.
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


def join_colors(labels: Iterable[RegionLabels]) -> NDArray[np.uint8]:
    """Collect the distinct colors of all labels, uint8 [N, 4], in order of first use."""
    rows = [drawing.color[drawing.rows] for drawing in labels]
    colors = dict.fromkeys(map(tuple, np.concatenate(rows).tolist())) if rows else {}
    return np.array(list(colors), np.uint8).reshape(-1, 4)


def hash_labels(shot: Shot) -> dict[int, str]:
    """Hash the hint file and the corrections of each drawing that has any. Returns number -> hash.

    Raises ReadError for an unreadable hint.
    """
    parts: dict[int, list[str]] = {number: [hash_file(path)] for number, path in shot.hints.items()}
    for correction in shot.corrections:
        parts.setdefault(correction.number, []).append(repr(correction))
    return {number: digest(*labels) for number, labels in sorted(parts.items())}


def _take_strokes(
    shot: Shot, number: int, regions: Regions, color: NDArray[np.uint8], by: NDArray[np.int8]
) -> list[str]:
    """Write the labels of a frame's strokes into `color` and `by`. Returns warnings for strokes that label nothing."""
    path, hint = shot.hints[number], shot.read_hint(number)
    if hint[..., 3].min() == 255 and hint.size:
        raise InputError(path, "is fully opaque, so its strokes cannot be found", "save it on transparent")
    strokes = read_strokes(hint, regions)
    color[strokes.meant], by[strokes.meant] = strokes.color[strokes.meant], STROKE
    missed = [
        f"{path.name}: the stroke of frame {number} at x {x}, y {y} covers only lines; put it inside a region"
        for x, y in strokes.missed
    ]
    if not missed and not strokes.meant.any():
        return [f"{path.name}: the hint of frame {number} has no opaque stroke; paint its strokes opaque"]
    return missed


def _take_corrections(
    shot: Shot,
    number: int,
    corrections: Sequence[Correction],
    regions: Regions,
    color: NDArray[np.uint8],
    by: NDArray[np.int8],
) -> list[str]:
    """Write a frame's corrections into `color` and `by`. Returns warnings.

    A point on a line corrects the nearest region.
    """
    if not corrections:
        return []
    height, width = regions.size
    for c in corrections:
        if c.x >= width or c.y >= height:
            problem = f"x {c.x}, y {c.y} is outside the drawing, which is {width}x{height}"
            raise InputError(f"correction of frame {number}", problem, "remove it, or correct the frame again")
    if regions.count == 0:
        return [f"frame {number} has no region, so its corrections change nothing"]
    filled = fill_lines(regions.labels)
    for c in corrections:
        region = filled[c.y, c.x]
        color[region], by[region] = c.color, CORRECTION
    known = {c.drawing for c in corrections if c.drawing}
    if known and known != {shot.line_hash(number)}:
        return [
            f"frame {number} was redrawn after it was corrected: check that its corrections lie in the right regions"
        ]
    return []
