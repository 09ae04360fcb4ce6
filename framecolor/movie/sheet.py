"""Write the timing of painted frames as an exposure sheet, for the programs that come after."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from framecolor.core.files import write_text_atomic
from framecolor.core.number_ranges import format_numbers
from framecolor.errors import InputError
from framecolor.media import image_size
from framecolor.movie.tracks import Layer, Stack, open_layers
from framecolor.shot.exported_cut import list_pictures
from framecolor.shot.sheets.exposure_sheet import LONGEST_FRAMES, USUAL_FPS, Sheet, Track, check_size
from framecolor.shot.sheets.files import find_rival, read_sheet
from framecolor.shot.sheets.writers import format_csv, format_tvpaint_json, format_xdts

_SUFFIXES = (".xdts", ".csv", ".json")


@dataclass(frozen=True)
class WrittenSheet:
    """A written sheet: its file, what it holds, and notes for the user."""

    path: Path
    sheet: Sheet
    notes: tuple[str, ...]


def write_sheet(
    shots: str | Path | Sequence[str | Path],
    path: str | Path,
    *,
    sheet: str | Path | None = None,
    held: int | None = None,
    fps: Fraction | None = None,
) -> WrittenSheet:
    """Write when painted frames are shown, as an exposure sheet.

    shots  a painted shot, a folder of painted or recolored frames, a cut, or several cels of a cut
    path   the sheet: .xdts, .csv (a row for each frame) or .json (TVPaint's, with the paths of the painted frames)
    sheet  exposure sheet that has the timing; "none" for none; by default the shot's
    held   show every drawing for this many frames, without a sheet
    fps    frames per second; by default the exposure sheet's, or 24

    Without a sheet every number is shown for one frame, and a missing number repeats the one before it. A sheet that
    was written before is replaced. Raises InputError if there are no painted frames, the sheet cannot be written so, or
    it would replace another file; ReadError if the sheet cannot be read, OutputError if the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in _SUFFIXES:
        raise InputError(path, "is of no kind of sheet that is written", f"choose one of {', '.join(_SUFFIXES)}")
    stack = open_layers(shots, None if sheet is None else Path(sheet), held)
    layers, notes = stack.layers, list(stack.notes)
    _check_target(path, stack)
    made = _make_sheet(path, layers, held or 1, fps)
    notes += [note for layer, track in zip(layers, made.tracks, strict=True) if (note := _note_unpainted(layer, track))]
    write_text_atomic(path, _format(made, layers))
    return WrittenSheet(path, made, tuple(notes))


def _check_target(path: Path, stack: Stack) -> None:
    """Raise InputError if writing a sheet would destroy another file, or leave its shot with two sheets of a kind."""
    fix = "choose another name with -o"
    if any(one.timing is not None and one.timing.source.resolve() == path.resolve() for one in stack.layers):
        raise InputError(path, "is the sheet that the timing is read from", fix)
    if path.is_file():
        try:
            read_sheet(path)
        except InputError:
            raise InputError(path, "exists, and is no exposure sheet", fix) from None
        painted = {file.resolve() for layer in stack.layers for file in layer.files.values()}
        if (pictures := list_pictures(path)) and not pictures & painted:
            raise InputError(path, "exists, and is an export of other pictures than the painted frames", fix)
    if path.resolve().parent == stack.path.resolve() and (rival := find_rival(path)) is not None:
        problem = f"would be a second sheet of its kind beside {rival.name}, and the shot could not be opened"
        raise InputError(path, problem, "write it beside the painted frames")


def _make_sheet(path: Path, layers: Sequence[Layer], held: int, fps: Fraction | None) -> Sheet:
    tracks = [_make_track(layer, held) for layer in layers]
    frames = max(len(track.exposures) for track in tracks)
    check_size(path, frames, len(tracks))
    timing = layers[0].timing
    rate = float(fps) if fps is not None else USUAL_FPS if timing is None else timing.fps
    whole = (Track(one.name, one.exposures + (None,) * (frames - len(one.exposures))) for one in tracks)
    return Sheet(path, frames, tuple(whole), rate)


def _make_track(layer: Layer, held: int) -> Track:
    if layer.timing is not None:
        return Track(layer.timing.track.name, layer.timing.exposures)
    shown: list[int] = []
    numbers = sorted({*range(min(layer.files), max(layer.files) + 1), *layer.files})
    if len(numbers) * held > LONGEST_FRAMES:
        problem = f"would have {len(numbers) * held} frames, the limit is {LONGEST_FRAMES}"
        raise InputError(layer.first.parent, problem, "name an exposure sheet with --sheet")
    for number in numbers:
        shown += [number if number in layer.files else shown[-1]] * held
    return Track(layer.name.rpartition("/")[2], tuple(shown))


def _note_unpainted(layer: Layer, track: Track) -> str:
    """Note the drawings of a track that have no painted frame; "" if all have one."""
    missing = [number for number in track.shown if number not in layer.files]
    return f"{layer.name} shows drawings without a painted frame: {format_numbers(missing)}" if missing else ""


def _format(sheet: Sheet, layers: Sequence[Layer]) -> str:
    suffix, name = sheet.path.suffix.lower(), sheet.path.stem
    if suffix == ".xdts":
        return format_xdts(sheet, name)
    if suffix == ".csv":
        return format_csv(sheet)
    pictures = [_point_to(layer.files, sheet.path) for layer in layers]
    return format_tvpaint_json(sheet, name, image_size(layers[0].first), pictures)


def _point_to(files: Mapping[int, Path], sheet: Path) -> dict[int, str]:
    """Make the paths of frames relative to the folder of a sheet. Raises InputError if it is on another drive."""
    try:
        folder = sheet.absolute().parent
        return {number: Path(os.path.relpath(path.absolute(), folder)).as_posix() for number, path in files.items()}
    except ValueError:
        raise InputError(sheet, "is on another drive than the painted frames", "write it beside them") from None
