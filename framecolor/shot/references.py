"""References: painted drawings of other cuts, or color design sheets, whose regions a shot is also compared with.

cut_012/references/anna.png            a painted picture; its name is free
cut_012/references/line/anna.png       its line art, if there is any
show/references/                       beside the shots of a show: for all of them
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from framecolor.errors import ShotError
from framecolor.media.decode import IMAGE_SUFFIXES
from framecolor.shot.cut import find_folder
from framecolor.shot.file_names import normalize_name
from framecolor.shot.sequence import list_files
from framecolor.shot.unused import list_unused

REFERENCE_FOLDER = "references"
LINE_FOLDER = "line"
NO_REFERENCES = "none"
"""In place of a folder: the shot's own folders are not searched."""

MOST_READ = 32
"""References of a shot that are read, at most: all of them are read before the first frame is painted."""

_SHOWN_FILES = 3
# Files of systems and notes, which no warning names.
_NOT_PICTURES = frozenset({".txt", ".md", ".json", ".toml", ".db", ".ini"})


Scope = Literal["given", "shot", "show"]


@dataclass(frozen=True)
class Reference:
    """A reference: its painted picture, and its line art, None if missing.

    scope  given: in a folder that the user named; shot: in that of the shot; show: in that for all shots of a show
    """

    painted: Path
    line: Path | None = None
    scope: Scope = "given"

    @property
    def folder(self) -> Path:
        """The folder of its painted picture."""
        return self.painted.parent


def find_references(root: Path, given: str | Path | None = None) -> tuple[tuple[Reference, ...], list[str]]:
    """Find the references of a shot, by folder and name. Returns them, and warnings that name files without use.

    root   the shot's folder, or the cut of a cel
    given  a folder to use instead of `references` in `root` and in the folder above it; "none": no references

    Raises ShotError if the given folder is missing or has no picture.
    """
    if str(given) == NO_REFERENCES:
        return (), []
    folders: list[tuple[Path, Scope]] = _find_folders(root) if given is None else [(Path(given), "given")]
    if given is not None and not Path(given).is_dir():
        raise ShotError(given, "there is no such folder", "check --references")
    references: list[Reference] = []
    warnings: list[str] = []
    for folder, scope in folders:
        found, unused = _list_references(folder, scope)
        references += found
        warnings += unused
    if given is not None and not references:
        raise ShotError(given, "the folder holds no picture", "put painted drawings there, or leave out --references")
    if (more := len(references) - MOST_READ) > 0:
        first = references[MOST_READ].painted
        warnings.append(f"{more} references are not used, from {first} on: at most {MOST_READ} are read; remove others")
    return tuple(references[:MOST_READ]), warnings


def _find_folders(root: Path) -> list[tuple[Path, Scope]]:
    """Find the folders of references of a shot: its own, and that of its show."""
    own, show = find_folder(root, REFERENCE_FOLDER), find_show(root)
    found: list[tuple[Path, Scope]] = [(own, "shot")] if own.is_dir() else []
    # Only by two names: to list a folder of thousands of shots takes long, and may not be permitted.
    for folder in (show / REFERENCE_FOLDER, show / REFERENCE_FOLDER.capitalize()):
        if folder.is_dir() and not any(folder.samefile(other) for other, _ in found):
            found.append((folder, "show"))
    return found


def find_show(root: Path) -> Path:
    """Return the folder above a shot or cut. Links are resolved: a shot has the same show by every path."""
    return root.resolve().parent


def _list_references(folder: Path, scope: Scope) -> tuple[list[Reference], list[str]]:
    line_folder = find_folder(folder, LINE_FOLDER)
    drawn = list_pictures(line_folder) if line_folder.is_dir() else []
    lines = {name_reference(path): path for path in reversed(drawn)}
    painted = list_pictures(folder)
    kinds = _NOT_PICTURES | IMAGE_SUFFIXES
    others = [path.name for path in list_files(folder) if path.suffix.lower() not in kinds]
    warnings: list[str] = []
    if others:
        warnings.append(f"{folder}: not used, as no picture that can be read: {_name_some(others)}")
    for place in (folder, line_folder):
        if place.is_dir():
            files = list_files(place) if place == folder else [*list_pictures(place)]
            warnings += map(str, list_unused(place, files, own=[line_folder]))
    if unused := [path.name for path in drawn if path not in lines.values()]:
        warnings.append(f"{line_folder}: not used, as other line art has the same name: {_name_some(unused)}")
    if alone := sorted(lines.keys() - set(map(name_reference, painted))):
        warnings.append(f"{line_folder}: line art without a painting of the same name: {_name_some(alone)}")
    return [Reference(path, lines.get(name_reference(path)), scope) for path in painted], warnings


def name_reference(path: Path) -> str:
    """Name a painting or its line art: the file without its ending. macOS writes accents otherwise than others do."""
    return normalize_name(path.stem)


def list_pictures(folder: Path) -> list[Path]:
    """List the pictures of a folder that can be references, by name. Raises ShotError if it cannot be read."""
    return [path for path in list_files(folder) if path.suffix.lower() in IMAGE_SUFFIXES]


def _name_some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN_FILES
    return ", ".join(names[:_SHOWN_FILES]) + (f" and {more} more" if more > 0 else "")
