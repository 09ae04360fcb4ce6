"""List and read the pictures and movies under a folder, in groups that a split must not divide."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from av.error import FFmpegError
from numpy import uint8
from numpy.typing import NDArray

from framecolor.errors import InputError, ReadError
from framecolor.media import IMAGE_SUFFIXES, Movie, image_size, is_movie, read_image

# Larger pictures take gigabytes to decode and are not film frames: scans of posters, or wrong headers.
MOST_PIXELS = 1 << 26
# Numbered files are one sequence if they fill at least this share of their range: drawings numbered by tens do, numbers
# of a collection do not.
_DENSITY = 0.1
_NUMBERED = re.compile(r"(.*?)(\d+)")


@dataclass(frozen=True)
class Group:
    """A movie, the drawings of one sequence, or the single pictures of one folder.

    name   its path below the given folder: "cut_012/a.mov", "cut_012/color.####.png", "cut_012"
    files  in order; a movie has one
    """

    name: str
    kind: Literal["movie", "sequence", "pictures"]
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Rejected:
    """A rejected picture and the reason, in a few words."""

    name: str
    reason: str


def list_groups(folder: Path) -> list[Group]:
    """List the groups under a folder, sorted by name, without hidden files and folders and linked folders.

    Raises ReadError if the folder cannot be read.
    """
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        raise ReadError(folder, f"cannot be read ({error.strerror or error})", "name a folder of pictures") from None
    groups: list[Group] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        files = [Path(parent) / name for name in sorted(names) if not name.startswith(".")]
        groups += _group_files(Path(parent).relative_to(folder).as_posix(), [file for file in files if file.is_file()])
    return sorted(groups, key=lambda group: group.name)


def _group_files(place: str, files: list[Path]) -> Iterator[Group]:
    """Group one folder's files; `place` is its path below the given folder."""
    below = "" if place == "." else f"{place}/"
    singles = [file for file in files if file.suffix.lower() in IMAGE_SUFFIXES]
    stems: dict[tuple[str, str], dict[Path, int]] = {}
    for file in singles:
        if match := _NUMBERED.fullmatch(file.stem):
            stems.setdefault((match[1], file.suffix.lower()), {})[file] = int(match[2])
    for (base, ending), numbered in stems.items():
        numbers = numbered.values()
        if len(numbered) > 1 and len(numbered) >= _DENSITY * (max(numbers) - min(numbers) + 1):
            ordered = sorted(numbered, key=lambda file: (numbered[file], file.name))
            yield Group(f"{below}{base}####{ending}", "sequence", tuple(ordered))
            singles = [file for file in singles if file not in numbered]
    if singles:
        yield Group(place, "pictures", tuple(singles))
    yield from (Group(f"{below}{file.name}", "movie", (file,)) for file in files if is_movie(file))


def read_group(
    folder: Path, group: Group, choose: Callable[[int], set[int] | None]
) -> Iterator[tuple[str, NDArray[uint8]] | Rejected]:
    """Yield (name, straight RGBA uint8 HxWx4) of a group's pictures, in order; Rejected for unreadable ones.

    choose  maps the number of pictures to the set of indices to read; None: all
    """
    if group.kind == "movie":
        yield from _read_movie(group.name, group.files[0], choose)
        return
    chosen = choose(len(group.files))
    for place, file in enumerate(group.files):
        if chosen is None or place in chosen:
            name = file.relative_to(folder).as_posix()
            try:
                height, width = image_size(file)
                yield Rejected(name, "too large") if height * width > MOST_PIXELS else (name, read_image(file))
            except (InputError, OSError, ValueError, MemoryError):
                yield Rejected(name, "unreadable")


def _read_movie(
    name: str, file: Path, choose: Callable[[int], set[int] | None]
) -> Iterator[tuple[str, NDArray[uint8]] | Rejected]:
    try:
        movie = Movie.open(file)
        if movie.size[0] * movie.size[1] > MOST_PIXELS:
            yield Rejected(name, "too large")
            return
        chosen = choose(len(movie))
        for index, pixels in movie.frames():
            frame = f"{name}#{index + 1:06d}"
            if chosen is None or index in chosen:
                yield Rejected(frame, "unreadable") if isinstance(pixels, ReadError) else (frame, pixels)
    except (InputError, FFmpegError, OSError, ValueError, MemoryError):
        yield Rejected(name, "unreadable")
