"""Exposure sheets: which drawing of which cel is shown in which frame."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from framecolor.core.text import plain_name
from framecolor.errors import InputError

LONGEST_FRAMES = 65_535
"""Frames of the longest sheet that is read: three quarters of an hour, where a cut has a few seconds."""

USUAL_FPS = 24.0
"""Frames a second where a sheet does not tell: XDTS never does."""

_MOST_TRACKS = 1000
_LARGEST = 4_000_000
# The number at the end of a cel's name, as in the names of files: "12", "A12", "a_0012"; not "12a", "-3" or "1.5".
_DRAWING = re.compile(r"(?![-+.])\D*(\d{1,9})")


@dataclass(frozen=True)
class Track:
    """One column of a sheet: a cel and its drawings.

    name       the cel's
    exposures  for frame 1, 2, ... the number of the drawing that is shown, or None where none is
    strange    cels that the sheet shows by a name that ends in no number, so that no file belongs to them
    """

    name: str
    exposures: tuple[int | None, ...]
    strange: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any(number is not None and number < 0 for number in self.shown):
            raise ValueError(f"Track.exposures must be numbers of 0 or more, or None, got {self.shown[0]}")

    @cached_property
    def shown(self) -> tuple[int, ...]:
        """Numbers of the drawings that are shown at least once, rising."""
        return tuple(sorted({number for number in self.exposures if number is not None}))

    def __repr__(self) -> str:
        return f"Track({self.name!r}, {len(self.exposures)} frames, {len(self.shown)} drawings)"


@dataclass(frozen=True)
class Sheet:
    """An exposure sheet.

    path    the file that it was read from
    frames  how long it is
    tracks  its cels, in their order; names may repeat
    fps     frames a second, where it tells
    """

    path: Path
    frames: int
    tracks: tuple[Track, ...]
    fps: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.frames <= LONGEST_FRAMES:
            raise ValueError(f"Sheet.frames must be from 1 to {LONGEST_FRAMES}, got {self.frames}")
        if any(len(track.exposures) != self.frames for track in self.tracks):
            raise ValueError("Sheet.tracks must all be as long as the sheet")
        if self.fps is not None and not 1 <= self.fps <= 1000:
            raise ValueError(f"Sheet.fps must be from 1 to 1000, got {self.fps}")

    @property
    def names(self) -> tuple[str, ...]:
        """The tracks' names."""
        return tuple(track.name for track in self.tracks)

    def track(self, name: str) -> Track | None:
        """The track of a name, in any letter case; None where there is none. Raises InputError where there are two."""
        found = [track for track in self.tracks if track.name.casefold() == name.casefold()]
        if len(found) > 1:
            raise InputError(self.path, f"has {len(found)} tracks of the name {found[0].name}", "keep one of them")
        return found[0] if found else None


def read_drawing(label: str) -> int | None:
    """Number of the drawing that a sheet names, as "12" or "A12"; None where the name does not end in a number."""
    match = _DRAWING.fullmatch(label.strip())
    return None if match is None else int(match[1])


def expose(name: str, changes: Iterable[tuple[int, str | None]], frames: int) -> Track:
    """A track from its changes: (frame, cel's name or None), frames counted from 0; each holds until the next.

    Changes may come in any order; of two in one frame the later one holds, those past the end say nothing, and what is
    before the first frame holds in it. Names lose what a terminal cannot show.
    """
    at: dict[int, str | None] = {}
    for frame, label in sorted(changes, key=lambda change: change[0]):
        at[max(0, frame)] = label
    strange: dict[str, None] = {}
    exposures: list[int | None] = []
    shown: int | None = None
    for frame in range(frames):
        if frame in at:
            label = at[frame]
            shown = None if label is None else read_drawing(label)
            if label is not None and shown is None:
                strange[plain_name(label)] = None
        exposures.append(shown)
    return Track(plain_name(name), tuple(exposures), tuple(strange))


def check_size(path: Path, frames: int, tracks: int) -> None:
    """Raise InputError unless a sheet of so many frames and tracks may be read: it could fill the memory."""
    if frames > LONGEST_FRAMES:
        fix = "check its length; cut a longer one into several"
        raise InputError(path, f"is {frames} frames long, the longest that is read has {LONGEST_FRAMES}", fix)
    if tracks > _MOST_TRACKS or frames * tracks > _LARGEST:
        fix = "leave out the tracks that are not needed"
        raise InputError(path, f"has {tracks} tracks of {frames} frames, which is more than is read", fix)
