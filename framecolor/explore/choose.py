"""Make a key of a shot from the chosen variation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from framecolor.core.number_ranges import format_numbers
from framecolor.errors import InputError, OutputError, ReadError
from framecolor.explore.subject import Subject
from framecolor.media import write_bytes_atomic
from framecolor.media.levels.member import find_container
from framecolor.shot.sequence import list_images, number_files
from framecolor.shot.shot import Shot


@dataclass(frozen=True)
class Place:
    """The place of a key: its file, and the existing key of the same number, None if there is none."""

    path: Path
    there: Path | None


def find_place(subject: Subject, shot: Path | None = None, number: int | None = None) -> Place:
    """Find the place of a drawing's key: SHOT/keys, with the drawing's number and name.

    shot, number  by default found from the drawing in SHOT/line

    Raises InputError if they are needed, or do not fit the drawing; ShotError or ReadError for a broken shot.
    """
    if shot is None:
        folder = subject.line.resolve().parent
        if folder.name != "line":
            raise InputError(subject.line, "is not in a shot", "name one with --shot, and the drawing with --frame")
        shot = folder.parent
    keys = shot / "keys"
    opened = Shot.open(shot, keys=keys if keys.is_dir() else None)
    if number is None:
        number = next((n for n, path in opened.lines.items() if find_container(path).samefile(subject.line)), None)
        if number is None:
            raise InputError(subject.line, f"is not a drawing of {opened.name}", "give its number with --frame")
    if number not in opened.numbers:
        fix = f"the shot has {format_numbers(opened.numbers)}"
        raise InputError(shot, f"there is no drawing {number}", fix)
    if opened.size != subject.frame.size:
        height, width = opened.size
        problem = f"is {subject.frame.size[1]}x{subject.frame.size[0]}, the shot is {width}x{height}"
        raise InputError(subject.line, problem, "choose the shot of the drawing")
    there = number_files(list_images(keys)).get(number) if keys.is_dir() else None
    return Place(keys / opened.output_name(number), there)


def add_key(picture: Path, place: Place, *, overwrite: bool = False) -> Path:
    """Copy a variation to its place atomically. Returns its path. Raises OutputError if a key would be overwritten."""
    if place.there is not None and not overwrite:
        raise OutputError(place.there, "already is a key", "replace it with --overwrite")
    try:
        data = picture.read_bytes()
    except OSError as error:
        raise ReadError(picture, f"cannot be read ({error.strerror})", "paint the variations again") from error
    # Replace the existing key, so that no number has two.
    target = place.path if place.there is None or place.there.suffix != ".png" else place.there
    write_bytes_atomic(target, data)
    if place.there is not None and place.there != target:
        place.there.unlink()
    return target
