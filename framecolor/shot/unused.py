"""Find what a shot's folders hold that is not used, and say why: nothing is passed over in silence.

Hidden files, texts and tables are no pictures, and are not named.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from framecolor.core.text import count_of
from framecolor.errors import ShotError
from framecolor.media.decode import IMAGE_SUFFIXES, PICTURE_SUFFIXES, looks_like_image
from framecolor.media.levels.member import find_containers, is_level
from framecolor.media.movies import is_movie
from framecolor.shot.file_names import normalize_name, split_name

_SHOWN_NAMES = 100
_NOT_READ = "of a kind that is not read; export PNG, TGA, TIFF or EXR"
_NO_NUMBER = "without a number in the name; the number of its drawing has to be there, as in name.0001.png"


@dataclass(frozen=True)
class Unused:
    """Entries of a folder, or drawings of a level, that are not used, for one reason.

    names  of files; of drawings, their numbers in one text
    count  number of drawings; 0 for files
    """

    folder: Path
    names: tuple[str, ...]
    reason: str
    count: int = 0

    @property
    def text(self) -> str:
        """The entries and the reason, for a message that names the folder."""
        more = len(self.names) - _SHOWN_NAMES
        names = ", ".join(self.names[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")
        what = count_of(self.count, "drawing") if self.count else count_of(len(self.names), "file")
        return f"{what} {self.reason}: {names}"

    def __str__(self) -> str:
        return f"{self.folder}: not used: {self.text}"


def list_unused(
    folder: Path,
    used: Collection[Path],
    reasons: Mapping[Path, str] | None = None,
    *,
    own: Collection[Path] = (),
    default: str = "",
) -> list[Unused]:
    """List the entries of a folder that look like pictures, links or folders and are not used, by their reason.

    used     files that are used
    reasons  why a file is not used, if its name and kind do not say it
    own      folders in it that have a use of their own
    default  why other pictures with numbers are not used; by default they are those of another sequence

    Raises ShotError if the folder cannot be read.
    """
    kept = {path.name for path in find_containers((*used, *own)) if path.parent == folder}
    grouped: dict[str, list[str]] = {}
    for entry in scan(folder):
        path = folder / entry.name
        if entry.name in kept or entry.name.startswith("."):
            continue
        reason = (reasons or {}).get(path) or _explain(entry, path, default)
        if reason:
            grouped.setdefault(reason, []).append(entry.name + "/" * (reason == _FOLDER))
    return [Unused(folder, tuple(names), reason) for reason, names in grouped.items()]


_FOLDER = "that is a folder, and folders are not searched"


def scan(folder: Path) -> list[os.DirEntry[str]]:
    """List the entries of a folder by name. Raises ShotError if it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        problem = f"the folder cannot be read ({error.strerror or error})"
        raise ShotError(folder, problem, "check its name and permissions") from error


def _explain(entry: os.DirEntry[str], path: Path, default: str) -> str:
    """Explain why an entry is not used; "" if it is no picture, link or folder."""
    broken = explain_entry(path)
    if broken or entry.is_dir():
        return broken or _FOLDER
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return (default or "of another sequence than the drawings") if split_name(path) else _NO_NUMBER
    if is_movie(path):
        return "that is a movie, which is read in line/ alone, as its only file"
    if is_level(path):
        return "that is a level, which is read in line/ as its only file, and in keys/"
    if suffix in PICTURE_SUFFIXES:
        return _NOT_READ
    return "that is a picture, but its name does not end as one; rename it" if looks_like_image(path) else ""


def explain_entry(path: Path) -> str:
    """Explain why a path is neither a file nor a folder, "" if it is one: a link to nothing, a pipe, a device."""
    with suppress(OSError):
        if path.is_dir() or path.is_file():
            return ""
        if path.exists():
            return "that is no regular file"
    return "that is a link to nothing; restore what it names" if path.is_symlink() else ""


def list_misplaced(root: Path, roles: Iterable[str]) -> list[str]:
    """List warnings of entries of a shot's folder that are named like its folders, and are none."""
    wanted = set(roles)
    warnings: list[str] = []
    for entry in scan(root) if root.is_dir() else ():
        role = normalize_name(entry.name).casefold()
        if role in wanted and not (root / entry.name).is_dir():
            reason = explain_entry(root / entry.name) or "that is a file, where a folder is expected"
            warnings.append(f"{root}: not used: {entry.name} {reason}")
    return warnings
