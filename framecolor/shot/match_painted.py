"""Match painted pictures, files and drawings of levels, with a shot's drawings.

Reads the headers of images, and the drawings of levels.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from framecolor.core.number_ranges import format_numbers
from framecolor.errors import ReadError, ShotError
from framecolor.media.decode import image_size
from framecolor.media.levels.member import is_drawn, is_level, is_member, list_members, read_number
from framecolor.shot.file_names import NumberedFile, normalize_name, number_files
from framecolor.shot.sequence import list_levels, list_numbered
from framecolor.shot.unused import Unused, list_unused

# A picture of fewer pixels on a side shows too little to be aligned.
_LEAST_ALIGNED_PX = 128


@dataclass(frozen=True)
class Drawings:
    """What painted pictures have to fit: the drawings' files (none for a movie), numbers and (height, width).

    resized  whether they may have another size, unless they are too small to be aligned with a drawing
    """

    files: Mapping[int, Path]
    numbers: Sequence[int]
    size: tuple[int, int]
    resized: bool = False

    def fits(self, size: tuple[int, int]) -> bool:
        """Return whether a picture of this size can be used."""
        return size == self.size or (self.resized and min(*size, *self.size) >= _LEAST_ALIGNED_PX)


def list_painted(folder: Path, numbers: Sequence[int], size: tuple[int, int]) -> dict[int, Path]:
    """List the painted images of a folder. Returns number -> file, empty if the folder is missing.

    Only the number in a file's name matters. Raises as `find_painted` does.
    """
    return match_painted(folder, Drawings({}, numbers, size))[0]


def match_painted(folder: Path, drawings: Drawings, own: Collection[Path] = ()) -> tuple[dict[int, Path], list[Unused]]:
    """Match the pictures of a folder with drawings. Returns number -> file, and what is not used.

    A picture belongs to the drawing whose name it has or begins with, as A0001_color does with A0001, or else to that
    of the number in its name. Both are empty if the folder is missing. Raises as `find_painted` does.

    In place of a folder stands a level; of those in a folder, each painted drawing is a picture.

    own  folders that have a use of their own if they are inside
    """
    if not folder.is_dir() and not is_level(folder):
        return {}, []
    levels = [folder] if is_level(folder) else list_levels(folder)
    members, unpainted = _list_members(levels, painted=drawings.resized)
    names = {normalize_name(path.stem).casefold(): number for number, path in drawings.files.items()}
    known = set(drawings.numbers)
    listed = [] if is_level(folder) else [_follow_name(file, names) for file in list_numbered(folder)]
    listed += members
    strange = {file.path: reason for file in listed if (reason := _doubt(file, drawings, known))}
    files = number_files(file for file in listed if file.path not in strange)
    reasons = strange | explain_doubles(listed, files)
    for number, path in files.items():
        if number not in known:
            fix = f"give it the number of a drawing ({format_numbers(drawings.numbers)}) or remove it"
            raise ShotError(path, f"there is no drawing {number}", fix)
        height, width = image_size(path)
        if not drawings.fits((height, width)):
            fix = "save it at the size of the drawings"
            problem = f"is {width}x{height}, the drawings are {drawings.size[1]}x{drawings.size[0]}"
            raise ShotError(path, problem, fix)
    doubled = [Unused(path.parent, (path.name,), reason) for path, reason in reasons.items() if is_member(path)]
    unused = [] if is_level(folder) else list_unused(folder, files.values(), reasons, own=[*own, *levels])
    return dict(sorted(files.items())), [*unused, *doubled, *unpainted]


def _list_members(levels: Sequence[Path], *, painted: bool) -> tuple[list[NumberedFile], list[Unused]]:
    """List the drawings of levels that show something, as numbered files, and the others as unused.

    painted  those without paint show nothing
    """
    found: list[NumberedFile] = []
    unused: list[Unused] = []
    for level in levels:
        members = list_members(level)
        shown = [path for path in members.values() if is_drawn(path, painted=painted)]
        found += [NumberedFile(path, f"{level.stem}.", "", path.suffix, follows=read_number(path)) for path in shown]
        if others := members.keys() - set(map(read_number, shown)):
            reason = "without paint" if painted else "without ink and paint"
            unused.append(Unused(level, (format_numbers(sorted(others)),), reason, len(others)))
    return found, unused


def _follow_name(file: NumberedFile, names: Mapping[str, int]) -> NumberedFile:
    """Give a picture the number of the drawing whose name it has, or begins with before a word; names: casefolded."""
    stem = normalize_name(file.path.stem).casefold()
    if stem in names:
        return file.with_number(names[stem], file.rank & ~1)
    for end in range(len(stem) - 1, 0, -1):
        if not stem[end].isalnum() and stem[:end] in names:
            return file.with_number(names[stem[:end]], file.rank | 1)
    return file


def _doubt(file: NumberedFile, drawings: Drawings, known: Collection[int]) -> str:
    """Explain why a picture that is not named as one of a drawing may be none, such as palette_16colors.png; or ""."""
    if not file.rank % 2 or file.follows is not None:
        return ""
    if file.number not in known:
        return f"with a number in the name that no drawing has ({format_numbers(drawings.numbers)})"
    with suppress(ReadError):
        return "" if image_size(file.path) == drawings.size else "of another size than the drawings"
    return ""


def explain_doubles(listed: Sequence[NumberedFile], used: Mapping[int, Path]) -> dict[Path, str]:
    """Explain files that are not used because another one has their number."""
    doubles = [file for file in listed if used.get(file.number, file.path) != file.path]
    return {file.path: f"as drawing {file.number} has {used[file.number].name}" for file in doubles}
