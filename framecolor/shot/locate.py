"""Find the files of a shot, and check that keys and drawings fit together. Reads only image headers.

A shot is a folder, a pattern, a movie, or a cel of a cut folder (`framecolor.shot.cut`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from framecolor.core.number_ranges import format_numbers
from framecolor.errors import ReadError, ShotError
from framecolor.media.decode import image_size
from framecolor.media.movies import is_movie
from framecolor.shot.cut import LINE_FOLDER, Cel, find_cel, find_folder, find_shots, is_cut, refuse_cut
from framecolor.shot.references import REFERENCE_FOLDER
from framecolor.shot.sequence import find_sequence, is_pattern, list_images, list_movies, number_files, parse_pattern

_SHOWN_SHOTS = 4


@dataclass(frozen=True)
class ShotPlace:
    """Where a shot is.

    root    the shot's folder, the parent of its pattern or movie, or the cut of a cel
    source  folder, pattern or movie of the drawings
    """

    name: str
    root: Path
    source: Path
    cel: Cel | None = None


def locate_shot(path: Path, *, has_keys: bool) -> ShotPlace:
    """Find the shot that the user named. Raises ShotError."""
    cel = find_cel(path)
    if cel is not None:
        own = cel.takes[-1]
        source = _choose_movie(own) if own == cel.takes[0] else own
        return ShotPlace(cel.title, cel.cut, source, cel)
    refuse_cut(path)
    return ShotPlace(*_locate_lines(path, has_keys))


def _locate_lines(path: Path, has_keys: bool) -> tuple[str, Path, Path]:
    if path.is_dir():
        line = find_folder(path, LINE_FOLDER)
        if not line.is_dir():
            if not has_keys or not (list_images(path) or list_movies(path)):
                _refuse_neighbor(path)
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
        raise ShotError(path, "is a single file, not a shot", fix)
    raise ShotError(path, "there is no such folder, sequence or movie", "check the name")


def _refuse_neighbor(path: Path) -> None:
    """Raise ShotError, which suggests the right folder, if `path` is a line folder or a folder of shots."""
    whole = path.resolve()
    if whole.name.casefold() == LINE_FOLDER:
        problem = f"is the folder of drawings of the {_name_kind(whole.parent)} {whole.parent.name}"
        raise ShotError(path, problem, f"name {whole.parent}")
    if find_folder(path, "keys").is_dir():
        return  # a shot that lacks its drawings
    found = (folder for folder in find_shots(path) if folder.name.casefold() != REFERENCE_FOLDER)
    inside = list(islice(found, _SHOWN_SHOTS + 1))
    if len(inside) == 1:
        problem = f"is not a shot, but holds the {_name_kind(inside[0])} {inside[0].name}"
        raise ShotError(path, problem, f"name {inside[0]}")
    if inside:
        names = [folder.name for folder in inside[:_SHOWN_SHOTS]] + ["..."] * (len(inside) > _SHOWN_SHOTS)
        problem = f"is not a shot, but holds several shots or cuts: {', '.join(names)}"
        raise ShotError(path, problem, f"name one or more of them, such as {inside[0]}")


def _name_kind(path: Path) -> str:
    return "cut" if is_cut(path) else "shot"


def _choose_movie(folder: Path) -> Path:
    """Return the folder's only movie, or the folder if it has none. Raises ShotError if it is ambiguous."""
    movies = list_movies(folder)
    if not movies:
        return folder
    others = [*(path.name for path in movies[1:]), *(file.pattern for file in list_images(folder)[:1])]
    if others:
        problem = f"holds both the movie {movies[0].name} and {others[0]}"
        raise ShotError(folder, problem, "keep one of them")
    return movies[0]


def find_lines(place: ShotPlace) -> tuple[dict[int, Path], tuple[int, ...]]:
    """Find a shot's drawings. Returns number -> file, by number, and the numbers to paint.

    Of a retake only the redrawn drawings are painted; the others come from the cel. Raises ShotError as `find_sequence`
    does.
    """
    source = place.source
    if place.cel is None:
        lines = find_sequence(source) if source.is_dir() else find_sequence(source.parent, parse_pattern(source))
        return lines, tuple(lines)
    takes = [find_sequence(folder) for folder in place.cel.takes]
    lines = {number: path for take in takes for number, path in take.items()}
    return dict(sorted(lines.items())), tuple(takes[-1])


def measure_lines(source: Path, lines: Mapping[int, Path]) -> tuple[int, int]:
    """Measure (height, width) of the first drawing that can be read. Raises ShotError if none can."""
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


# A picture of fewer pixels on a side shows too little to be aligned.
_LEAST_ALIGNED_PX = 128


def find_painted(
    role: str,
    given: str | Path | None,
    place: ShotPlace,
    lines: Mapping[int, Path],
    numbers: tuple[int, ...],
    size: tuple[int, int],
) -> dict[int, Path]:
    """Find a shot's keys, hints or stencils. Returns number -> file.

    given  a folder to use instead of the shot's own
    lines  number -> file of the drawings; a cel's keys for drawings that a retake replaced are left out

    Raises ShotError if a file fits no drawing by number or size, ReadError if one cannot be read. Keys may have any
    size: they are aligned with their drawing when they are read.
    """
    resized = role == "keys"
    if given is not None:
        if not Path(given).is_dir():
            raise ShotError(given, "there is no such folder", f"check --{role}")
        return list_painted(Path(given), numbers, size, resized=resized)
    if place.cel is None:
        return list_painted(find_folder(place.root, role), numbers, size, resized=resized)
    found: dict[int, Path] = {}
    for folder, take in zip(place.cel.find_painted(role), place.cel.takes, strict=True):
        redrawn = {number for number, path in lines.items() if path.parent == take}
        found = {number: path for number, path in found.items() if number not in redrawn}
        found |= list_painted(folder, numbers, size, resized=resized)
    return dict(sorted(found.items()))


def list_painted(
    folder: Path, numbers: Sequence[int], size: tuple[int, int], *, resized: bool = False
) -> dict[int, Path]:
    """List the painted images of a folder. Returns number -> file, empty if the folder is missing.

    resized  also list images of another size, unless they are too small to be aligned with a drawing
    Only the number in a file's name matters. Raises as `find_painted` does.
    """
    if not folder.is_dir():
        return {}
    files = number_files(list_images(folder))
    known = set(numbers)
    for number, path in files.items():
        if number not in known:
            fix = f"give it the number of a drawing ({format_numbers(numbers)}) or remove it"
            raise ShotError(path, f"there is no drawing {number}", fix)
        height, width = image_size(path)
        if (height, width) != size and not (resized and min(height, width, *size) >= _LEAST_ALIGNED_PX):
            fix = "save it at the size of the drawings"
            raise ShotError(path, f"is {width}x{height}, the drawings are {size[1]}x{size[0]}", fix)
    return files
