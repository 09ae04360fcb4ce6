"""What somebody said of single regions of a shot's drawings: loose strokes (hints/) and corrections (a file)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from framecolor.datatypes import Regions
from framecolor.digest import digest, hash_pixels
from framecolor.errors import InputError, ReadError
from framecolor.hints.strokes import read_strokes
from framecolor.lineart.drawing import read_drawing
from framecolor.lineart.regions import fill_lines, find_regions
from framecolor.media import Correction
from framecolor.settings import Settings
from framecolor.shot import Shot

NOBODY, STROKE, CORRECTION = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Told:
    """What was said of one drawing.

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


@dataclass(frozen=True, eq=False)
class Sayings:
    """All that was said of a shot: by drawing number, those only of which anything was said; and what went amiss."""

    by_number: Mapping[int, Told] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def colors(self) -> NDArray[np.uint8]:
        """Every color that was named, uint8 [N, 4], in the order of frames, each once."""
        rows = [told.color[told.rows] for told in self.by_number.values()]
        found = dict.fromkeys(map(tuple, np.concatenate(rows).tolist())) if rows else {}
        return np.array(list(found), np.uint8).reshape(-1, 4)


def read_told(shot: Shot, settings: Settings) -> Sayings:
    """Read all strokes and corrections of a shot; a correction outranks the strokes of its frame.

    Raises ReadError on an unreadable hint, InputError on one without transparency and on a correction that lies outside
    of the picture. A drawing that cannot be read costs what was said of it only.
    """
    corrections: dict[int, list[Correction]] = {}
    for correction in shot.corrections:
        corrections.setdefault(correction.number, []).append(correction)
    found: dict[int, Told] = {}
    warnings: list[str] = []
    for number in sorted({*shot.hints, *corrections}):
        try:
            rgba = shot.read_line(number)
        except ReadError as error:
            problem = f"its drawing cannot be read ({error.problem})"
            warnings.append(f"what was said of frame {number} is not used: {problem}")
            continue
        frame = read_drawing(number, rgba)
        regions = find_regions(frame, gap_px=settings.gap_px, min_region_px=settings.min_region_px)
        color = np.zeros((regions.count + 1, 4), np.uint8)
        by = np.zeros(regions.count + 1, np.int8)
        if number in shot.hints:
            warnings += _take_strokes(shot, number, regions, color, by)
        warnings += _take_corrections(shot, number, corrections.get(number, ()), regions, color, by)
        if by.any():
            found[number] = Told(hash_pixels(rgba), color, by, regions.area)
    return Sayings(found, tuple(warnings))


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
