"""Find the files of a shot, and check that keys and drawings fit together. Reads only image headers.

A shot is a folder, a pattern, a movie, or a cel of a cut folder (`framecolor.shot.cut`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from framecolor.errors import ReadError, ShotError
from framecolor.media.decode import image_size
from framecolor.media.levels.member import find_container, is_level
from framecolor.media.movies import is_movie
from framecolor.shot.cut import LINE_FOLDER, Cel, find_cel, find_folder, find_shots, is_cut, list_cels, refuse_cut
from framecolor.shot.file_names import normalize_name
from framecolor.shot.match_painted import Drawings, explain_doubles, match_painted
from framecolor.shot.references import REFERENCE_FOLDER
from framecolor.shot.sequence import (
    find_sequence,
    is_pattern,
    list_images,
    list_levels,
    list_movies,
    list_numbered,
    parse_pattern,
)
from framecolor.shot.sheets.files import list_other_sheets
from framecolor.shot.unused import list_misplaced, list_unused, scan

ROLES = ("keys", "hints", "stencils")
"""What a shot's folders of painted pictures are called."""

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
        source = _choose_movie(own) if own == cel.takes[0] and cel.export is None else own
        return ShotPlace(cel.title, cel.cut, source, cel)
    refuse_cut(path)
    return ShotPlace(*_locate_lines(path, has_keys))


def _locate_lines(path: Path, has_keys: bool) -> tuple[str, Path, Path]:
    if path.is_dir():
        line = find_folder(path, LINE_FOLDER)
        if not line.is_dir():
            if not has_keys or not (list_images(path) or list_movies(path) or list_levels(path)):
                _refuse_neighbor(path)
                fix = "put the drawings into a folder of that name, or name a sequence or movie with --keys"
                raise ShotError(line, "there is no such folder", fix)
            line = path
        return path.resolve().name, path, _choose_movie(line)
    if is_pattern(path):
        name = parse_pattern(path).base.rstrip("._- ")
        return name or path.parent.resolve().name, path.parent, path
    if is_movie(path) or (is_level(path) and path.is_file()):
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
    others += [path.name for path in list_levels(folder)[:1]]
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
    if place.cel is not None and place.cel.files is not None:
        return dict(place.cel.files), tuple(place.cel.files)
    if place.cel is None:
        is_whole = source.is_dir() or is_level(source)
        lines = find_sequence(source) if is_whole else find_sequence(source.parent, parse_pattern(source))
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


def find_painted(
    role: str,
    given: str | Path | None,
    place: ShotPlace,
    lines: Mapping[int, Path],
    numbers: tuple[int, ...],
    size: tuple[int, int],
) -> tuple[dict[int, Path], list[str]]:
    """Find a shot's keys, hints or stencils. Returns number -> file, and warnings that name what is not used.

    given  a folder to use instead of the shot's own
    lines  number -> file of the drawings; a cel's keys for drawings that a retake replaced are left out

    Raises ShotError if a file fits no drawing by number or size, or the given folder holds none, ReadError if one
    cannot be read. Keys may have any size: they are aligned with their drawing when they are read.
    """
    drawings = Drawings(lines, numbers, size, resized=role == "keys")
    if given is not None:
        if not Path(given).is_dir() and not is_level(Path(given)):
            raise ShotError(given, "there is no such folder", f"check --{role}")
        own = [find_container(path).parent for path in lines.values()]
        files, unused = match_painted(Path(given), drawings, own=own)
        if not files and (unused or role != "stencils"):  # a run with stencils says which one it lacks
            what = "level holds no painted drawing" if is_level(Path(given)) else "folder holds no picture"
            problem = f"the {what} with the number of a drawing"
            problem += "".join(f", but {one.text}" for one in unused)
            raise ShotError(given, problem, f"put numbered pictures there, or leave out --{role}")
        return files, [str(one) for one in unused]
    if place.cel is None:
        files, unused = match_painted(find_folder(place.root, role), drawings)
        return files, [str(one) for one in unused]
    found: dict[int, Path] = {}
    unused = []
    for folder, take in zip(place.cel.find_painted(role), place.cel.takes, strict=True):
        redrawn = {number for number, path in lines.items() if find_container(path).parent == take}
        found = {number: path for number, path in found.items() if number not in redrawn}
        files, unused = match_painted(folder, drawings)  # of an earlier take, its own shot names what is not used
        found |= files
    return dict(sorted(found.items())), [str(one) for one in unused]


def list_unused_lines(place: ShotPlace, lines: Mapping[int, Path]) -> list[str]:
    """List warnings of what the folders of a shot's drawings hold and is not used; none for a pattern or movie."""
    source = place.source
    if is_movie(source) and source.parent != place.root:  # the only movie in line/
        return [str(one) for one in list_unused(source.parent, [source], default="beside the movie")]
    if not source.is_dir():
        return []
    # A folder of drawings without line/ may hold those of keys and painted frames, each with a use of its own.
    own = [source / entry.name for entry in scan(source) if entry.is_dir()] if source == place.root else ()
    reasons = explain_doubles(list_numbered(source), lines)
    return [str(one) for one in list_unused(source, lines.values(), reasons, own=own)]


def find_stray(place: ShotPlace, *, is_folder: bool) -> list[str]:
    """Find what lies beside the folders of a shot or the cels of a cut, and is not used. Returns warnings.

    Of a cut, the first cel has them, so that each is named once.

    is_folder  whether the user named a folder, not a pattern or movie
    """
    if not is_folder or not is_first(place):
        return []
    export = None if place.cel is None else place.cel.export
    warnings = list_misplaced(place.root, (*ROLES, REFERENCE_FOLDER))
    warnings += list_other_sheets(place.root, None if export is None else export.sheet)
    warnings += [] if export is None else export.list_warnings()
    return warnings + ([] if place.cel is None else _list_beside_cels(list_cels(place.cel.cut)))


def is_first(place: ShotPlace) -> bool:
    """Tell whether a shot names what concerns its whole cut: it is the first cel, or no cel."""
    if place.cel is None:
        return True
    cels: list[Cel] = []
    with suppress(ShotError):  # a fault of another cel is none of this one
        cels = list_cels(place.cel.cut)
    return bool(cels) and cels[0].name == place.cel.name


def _list_beside_cels(cels: Sequence[Cel]) -> list[str]:
    """List warnings of what the folders of a cut hold and belongs to none of its cels."""
    names = {normalize_name(cel.name).casefold() for cel in cels}
    warnings: list[str] = []
    for role in (LINE_FOLDER, *ROLES):
        folder = find_folder(cels[0].cut, role)
        if folder.is_dir():
            folders = [folder / entry.name for entry in scan(folder) if entry.is_dir()]
            own = [path for path in folders if normalize_name(path.name).casefold() in names]
            others = dict.fromkeys(folders, f"that is a folder, of a cel that is not in {LINE_FOLDER}/")
            reason = "that lies beside the folders of the cels, not in one of them"
            warnings += map(str, list_unused(folder, (), others, own=own, default=reason))
    return warnings
