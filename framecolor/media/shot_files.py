"""Where the files of a shot are: its drawings, its keys, and whether they fit together. Only headers are read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from framecolor.errors import ReadError, ShotError
from framecolor.media.decode import image_size
from framecolor.media.movies import is_movie
from framecolor.media.sequence import (
    find_sequence,
    format_numbers,
    is_pattern,
    list_images,
    list_movies,
    number_files,
    parse_pattern,
)


def locate_lines(path: Path, *, has_keys: bool) -> tuple[str, Path, Path]:
    """Name, root and line source (folder, pattern or movie) of what the user gave. Raises ShotError."""
    if path.is_dir():
        line = path / "line"
        if not line.is_dir():
            if not has_keys or not (list_images(path) or list_movies(path)):
                fix = "put the drawings into a folder of that name, or name a sequence or movie with --keys"
                raise ShotError(line, "there is no such folder", fix)
            line = path
        return path.resolve().name, path, _choose_movie(line)
    if is_pattern(path):
        name = parse_pattern(path).base.rstrip("._- ")
        return name or path.parent.resolve().name, path.parent, path
    if is_movie(path):
        return path.stem, path.parent, path
    if path.exists():
        fix = "name the folder, or the whole sequence as in name.####.png, with --keys"
        raise ShotError(path, "this is a single file, not a shot", fix)
    raise ShotError(path, "there is no such folder, sequence or movie", "check the name")


def _choose_movie(folder: Path) -> Path:
    """The folder's only movie, or the folder when it holds images."""
    movies = list_movies(folder)
    if not movies:
        return folder
    others = [*(path.name for path in movies[1:]), *(file.pattern for file in list_images(folder)[:1])]
    if others:
        problem = f"the folder holds a movie, {movies[0].name}, and beside it {others[0]}"
        raise ShotError(folder, problem, "keep one of them")
    return movies[0]


def find_lines(source: Path) -> dict[int, Path]:
    """Number -> file of the drawings in a folder or of a pattern, by number; ShotError as `find_sequence`."""
    return find_sequence(source) if source.is_dir() else find_sequence(source.parent, parse_pattern(source))


def measure_lines(source: Path, lines: Mapping[int, Path]) -> tuple[int, int]:
    """(height, width) of the first drawing that can be read. Raises ShotError when none can."""
    first: ReadError | None = None
    for path in lines.values():
        try:
            return image_size(path)
        except ReadError as error:
            first = first or error
    if first is None:
        raise ShotError(source, "there are no drawings", "put numbered images there")
    problem = f"none of the {len(lines)} drawings can be read, the first ({first.subject}) because {first.problem}"
    raise ShotError(source, problem, first.fix)


def find_painted(
    role: str, given: str | Path | None, root: Path, numbers: tuple[int, ...], size: tuple[int, int]
) -> dict[int, Path]:
    """Number -> file of the shot's keys, hints or stencils; file names are free, the number is what counts.

    Raises ShotError when one fits no drawing by number or size, ReadError when one cannot be read.
    """
    folder = Path(given) if given is not None else root / role
    if not folder.is_dir():
        if given is not None:
            raise ShotError(folder, "there is no such folder", f"check --{role}")
        return {}
    files = number_files(list_images(folder))
    known = set(numbers)
    for number, path in files.items():
        if number not in known:
            fix = f"give it the number of a drawing ({format_numbers(numbers)}) or remove it"
            raise ShotError(path, f"there is no drawing {number}", fix)
        height, width = image_size(path)
        if (height, width) != size:
            fix = "write it again at the size of the drawings"
            raise ShotError(path, f"it is {width}x{height}, the drawings are {size[1]}x{size[0]}", fix)
    return files
