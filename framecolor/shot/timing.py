"""A shot's timing: the track of an exposure sheet that gives the drawing shown at each frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framecolor.core.number_ranges import format_numbers
from framecolor.errors import ShotError
from framecolor.shot.locate import ShotPlace
from framecolor.shot.sheets.exposure_sheet import USUAL_FPS, Sheet, Track
from framecolor.shot.sheets.files import find_sheet, read_sheet

NO_SHEET = "none"
"""Value of the option --sheet that ignores a sheet in the shot's folder."""


@dataclass(frozen=True)
class Timing:
    """When a shot's drawings are shown.

    source  the sheet's file
    track   the shot's column in it
    fps     frames per second; `USUAL_FPS` if the sheet states none
    unused  what else the sheet holds and nothing is done with, a phrase each
    memos   its notes, dialogue and camera work, a line each
    """

    source: Path
    track: Track
    fps: float = USUAL_FPS
    unused: tuple[str, ...] = ()
    memos: tuple[str, ...] = ()

    @property
    def exposures(self) -> tuple[int | None, ...]:
        """For frame 1, 2, ... the number of the drawing that is shown, None if none is."""
        return self.track.exposures

    @property
    def seconds(self) -> float:
        return len(self.exposures) / self.fps

    def unshown(self, numbers: Sequence[int]) -> tuple[int, ...]:
        """Find which of `numbers` the sheet never shows."""
        shown = set(self.track.shown)
        return tuple(number for number in numbers if number not in shown)

    def absent(self, numbers: Sequence[int]) -> tuple[int, ...]:
        """Find the drawings that the sheet shows and that are not in `numbers`."""
        known = set(numbers)
        return tuple(number for number in self.track.shown if number not in known)

    def format_shown(self, numbers: Sequence[int]) -> str:
        """Format as a clause which of `numbers` the sheet shows; "" if it shows all of them."""
        unshown = set(self.unshown(numbers))
        shown = format_numbers(number for number in numbers if number not in unshown) or "none"
        return f", of which {self.source.name} shows {shown}" if unshown else ""

    def list_warnings(self, wanted: Sequence[int], numbers: Sequence[int]) -> list[str]:
        """List mismatches of the sheet with the drawings to paint, `wanted`, and all drawings, `numbers`."""
        name = self.source.name
        warnings = []
        if unshown := self.unshown(wanted):
            warnings.append(f"not painted, as {name} never shows them: {format_numbers(unshown)}")
        if absent := self.absent(numbers):
            warnings.append(f"{name} shows drawings that have no file: {format_numbers(absent)}")
        if self.track.strange:
            names = ", ".join(self.track.strange[:8])
            warnings.append(f"{name} shows cels whose names have no number, so they have no drawings: {names}")
        return warnings

    def list_notes(self) -> list[str]:
        """List what to tell the user about the sheet besides its mismatches: what it holds and is not used."""
        if not self.unused:
            return []
        return [f"{self.source.name} also holds what is not used: {', '.join(self.unused)}"]

    def describe(self, numbers: Sequence[int]) -> dict[str, Any]:
        """Describe the timing and its mismatches with the shot's drawings, as plain data."""
        return {
            "file": str(self.source),
            "track": self.track.name,
            "frames": len(self.exposures),
            "fps": self.fps,
            "seconds": round(self.seconds, 3),
            "shown": len(self.track.shown),
            "unshown": format_numbers(self.unshown(numbers)),
            "absent": format_numbers(self.absent(numbers)),
            "memos": list(self.memos),
        }


def find_timing(
    place: ShotPlace, given: str | Path | None, drawing: Path | None, *, is_folder: bool
) -> tuple[Timing | None, list[str]]:
    """Find the timing of a shot. Returns it, None if there is none, and warnings.

    given    a sheet; "none" for none; None for the one in the shot's folder or cut; that of an export is its own
    drawing  one of the drawings, whose name may contain the track's: A0001.png

    A cel uses the track of its name (A.R1 that of A); if the sheet has none, all drawings are painted, with a warning.
    Any other shot uses the only track, or the one with the name of the shot or of its drawings.

    Raises ReadError or InputError if the sheet cannot be read, ShotError if there are several sheets or no track fits.
    """
    if str(given) == NO_SHEET:
        return None, []
    export = None if place.cel is None else place.cel.export
    path = Path(given) if given is not None else None if export is None else export.sheet
    if path is None and is_folder:
        path = find_sheet(place.root)
    if path is None:
        return None, []
    sheet = read_sheet(path)
    track = _choose_track(sheet, place, drawing)
    if track is None:
        assert place.cel is not None
        return None, [
            f"{path.name} has no track {place.cel.layer}, only {_list_names(sheet)}: all drawings are painted"
        ]
    unused = [*_describe_hidden(sheet, is_export=export is not None), *sheet.unused]
    return Timing(path, track, sheet.fps or USUAL_FPS, tuple(unused), sheet.memos), []


def _describe_hidden(sheet: Sheet, *, is_export: bool) -> list[str]:
    """Describe the hidden layers of a sheet as a phrase, the uppermost first; none if there are none."""
    hidden = [track.name for track in sheet.tracks[::-1] if track.hidden]
    names = ", ".join(hidden[:12]) + (f" and {len(hidden) - 12} more" if len(hidden) > 12 else "")
    return [f"hidden layers{', which are not painted' if is_export else ''} ({names})"] if hidden else []


def _choose_track(sheet: Sheet, place: ShotPlace, drawing: Path | None) -> Track | None:
    if place.cel is not None:
        return sheet.track(place.cel.layer)
    if len(sheet.tracks) == 1:
        return sheet.tracks[0]
    track = sheet.track(place.name)
    if track is None and drawing is not None:
        track = sheet.track(drawing.stem.rstrip("0123456789").rstrip("._- "))
    if track is None:
        fix = f"name the shot's track {place.name}, keep only that one, or give --sheet {NO_SHEET}"
        raise ShotError(sheet.path, f"no track has the shot's name: {_list_names(sheet)}", fix)
    return track


def _list_names(sheet: Sheet) -> str:
    names = ", ".join(sheet.names[:12])
    return f"{names}, ..." if len(sheet.names) > 12 else names


def choose_shown(timing: Timing, wanted: tuple[int, ...]) -> tuple[int, ...]:
    """Choose the wanted drawings that the sheet shows. Raises ShotError if it shows none of them."""
    unshown = set(timing.unshown(wanted))
    chosen = tuple(number for number in wanted if number not in unshown)
    if not chosen:
        shown = f"it shows {format_numbers(timing.track.shown)}" if timing.track.shown else "it is empty"
        problem = f"track {timing.track.name} shows none of the drawings {format_numbers(wanted)}: {shown}"
        raise ShotError(timing.source, problem, f"check the numbers, or give --sheet {NO_SHEET}")
    return chosen
