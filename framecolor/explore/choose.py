"""The chosen variation becomes a key of a shot."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from framecolor.core.number_ranges import format_numbers
from framecolor.errors import InputError, OutputError, ReadError
from framecolor.explore.subject import Subject
from framecolor.media import write_bytes_atomic
from framecolor.shot.sequence import list_images, number_files
from framecolor.shot.shot import Shot


@dataclass(frozen=True)
class Place:
    """Where a key goes: its file, and the key of that number that is there already, if any."""

    path: Path
    there: Path | None


def find_place(subject: Subject, shot: Path | None = None, number: int | None = None) -> Place:
    """Where the key of a drawing goes: SHOT/keys, under the drawing's number and name.

    shot, number  asked for only where the drawing does not lie in SHOT/line, or is to be a key elsewhere
    Raises InputError when they are needed, or do not fit the drawing; ShotError and ReadError for a broken shot.
    """
    if shot is None:
        folder = subject.line.resolve().parent
        if folder.name != "line":
            raise InputError(subject.line, "lies in no shot", "name one with --shot, and the drawing with --frame")
        shot = folder.parent
    keys = shot / "keys"
    opened = Shot.open(shot, keys=keys if keys.is_dir() else None)
    if number is None:
        number = next((n for n, path in opened.lines.items() if path.samefile(subject.line)), None)
        if number is None:
            raise InputError(subject.line, f"is no drawing of {opened.name}", "tell its number with --frame")
    if number not in opened.numbers:
        fix = f"the shot has {format_numbers(opened.numbers)}"
        raise InputError(shot, f"there is no drawing {number}", fix)
    if opened.size != subject.frame.size:
        height, width = opened.size
        problem = f"is {subject.frame.size[1]}x{subject.frame.size[0]}, the shot {width}x{height}"
        raise InputError(subject.line, problem, "choose the shot that the drawing is from")
    there = number_files(list_images(keys)).get(number) if keys.is_dir() else None
    return Place(keys / opened.output_name(number), there)


def add_key(picture: Path, place: Place, *, overwrite: bool = False) -> Path:
    """Copy a variation to its place, whole or not at all. OutputError where a key is and `overwrite` is off."""
    if place.there is not None and not overwrite:
        raise OutputError(place.there, "is a key already", "replace it with --overwrite")
    try:
        data = picture.read_bytes()
    except OSError as error:
        raise ReadError(picture, f"cannot be read ({error.strerror})", "paint the variations again") from error
    # Into the key that is there, so that no number has two.
    target = place.path if place.there is None or place.there.suffix != ".png" else place.there
    write_bytes_atomic(target, data)
    if place.there is not None and place.there != target:
        place.there.unlink()
    return target
