"""Exposure sheets: which drawing of each cel is shown in each frame."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from framecolor.core.drawing_number import make_number
from framecolor.core.text import plain_name, quote
from framecolor.errors import InputError
from framecolor.shot.file_names import normalize_name

LONGEST_FRAMES = 65_535
"""Frames of the longest sheet that is read: three quarters of an hour at 24 fps."""

USUAL_FPS = 24.0
"""Frames per second of a sheet that does not state them, as none in XDTS does."""

_MOST_TRACKS = 1000
_LARGEST = 4_000_000
# The number at the end of a cel's name: "12", "A12", "a_0012", "12a"; not "-3" or "1.5".
_DRAWING = re.compile(r"(?![-+.])\D*(\d{1,9})([a-zA-Z]?)")


@dataclass(frozen=True)
class Track:
    """One column of a sheet: a cel and its drawings.

    name       name of the cel
    exposures  for frame 1, 2, ... the number of the drawing that is shown, None if none is
    strange    shown labels that do not end in a number, so that no file has them
    hidden     whether the program that wrote the sheet hides it
    """

    name: str
    exposures: tuple[int | None, ...]
    strange: tuple[str, ...] = ()
    hidden: bool = False

    def __post_init__(self) -> None:
        if any(number is not None and number < 0 for number in self.shown):
            raise ValueError(f"Track.exposures must be numbers of 0 or more, or None, got {self.shown[0]}")

    @cached_property
    def shown(self) -> tuple[int, ...]:
        """Numbers of the drawings that are shown, rising."""
        return tuple(sorted({number for number in self.exposures if number is not None}))

    def __repr__(self) -> str:
        return f"Track({self.name!r}, {len(self.exposures)} frames, {len(self.shown)} drawings)"


@dataclass(frozen=True)
class Sheet:
    """An exposure sheet.

    path    its file
    frames  its length
    tracks  its cels, in order; names may repeat
    fps     frames per second, None if not stated
    unused  what else its file holds and nothing is done with, a phrase each: "camera work"
    memos   its notes, dialogue and camera work, a line each
    """

    path: Path
    frames: int
    tracks: tuple[Track, ...]
    fps: float | None = None
    unused: tuple[str, ...] = ()
    memos: tuple[str, ...] = ()

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
        """Find a track by its name in any letter case and Unicode form; None if missing.

        Raises InputError if there are several.
        """
        wanted = normalize_name(name).casefold()
        found = [track for track in self.tracks if normalize_name(track.name).casefold() == wanted]
        if len(found) > 1:
            raise InputError(self.path, f"has {len(found)} tracks of the name {found[0].name}", "keep one of them")
        return found[0] if found else None


def read_drawing(label: str) -> int | None:
    """Read the drawing's number from a sheet's label, such as "12", "A12" or "12a"; None if it does not end in one."""
    match = _DRAWING.fullmatch(label.strip())
    return None if match is None else make_number(int(match[1]), match[2])


def expose(name: str, changes: Iterable[tuple[int, str | None]], frames: int) -> Track:
    """Make a track from its changes: (frame, label or None), frames counted from 0; each holds until the next.

    Changes may come in any order, and the last one of a frame wins. Changes past the end are dropped, those before the
    first frame apply to it. Characters that a terminal cannot show are removed from names.
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


def read_rate(rate: object, path: Path, name: str, fix: str) -> float | None:
    """Read the frames per second that a sheet's JSON names `name`; None if a file states none, or 0.

    Raises InputError if they are no rate.
    """
    if rate is None or rate == 0:
        return None
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not 1 <= rate <= 1000:
        raise InputError(path, f"has a {name} of {quote(rate)}, not one from 1 to 1000", fix)
    return float(rate)


def check_size(path: Path, frames: int, tracks: int) -> None:
    """Raise InputError if a sheet has so many frames and tracks that it could fill the memory."""
    if frames > LONGEST_FRAMES:
        fix = "check its length, or split it"
        raise InputError(path, f"has {frames} frames, the limit is {LONGEST_FRAMES}", fix)
    if tracks > _MOST_TRACKS or frames * tracks > _LARGEST:
        fix = "remove the tracks that are not needed"
        limit = f"the limit is {_MOST_TRACKS} tracks, {_LARGEST} cells"
        raise InputError(path, f"has {tracks} tracks of {frames} frames, {limit}", fix)
