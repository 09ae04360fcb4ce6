"""References: painted drawings of other cuts, or color design sheets, whose regions a shot is also compared with.

cut_012/references/anna.png            a painted picture; its name is free
cut_012/references/line/anna.png       its line art, if there is any
show/references/                       beside the shots of a show: for all of them
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from framecolor.errors import ShotError
from framecolor.media.decode import PAINTED_SUFFIXES
from framecolor.shot.cut import find_folder
from framecolor.shot.sequence import list_files

REFERENCE_FOLDER = "references"
LINE_FOLDER = "line"
NO_REFERENCES = "none"
"""In place of a folder: the shot's own folders are not searched."""

_SHOWN_FILES = 3
# Files of systems and notes, which no warning names.
_NOT_PICTURES = frozenset({".txt", ".md", ".json", ".toml", ".db", ".ini"})


@dataclass(frozen=True)
class Reference:
    """A reference: its painted picture, and its line art, None if missing.

    is_given  whether the user named its folder, not only put it where it is found
    """

    painted: Path
    line: Path | None = None
    is_given: bool = False

    @property
    def folder(self) -> Path:
        """The folder of its painted picture."""
        return self.painted.parent


def find_references(
    root: Path, given: str | Path | Sequence[str | Path] | None = None
) -> tuple[tuple[Reference, ...], list[str]]:
    """Find the references of a shot, by folder and name. Returns them, and warnings that name files without use.

    root   the shot's folder, or the cut of a cel
    given  folders to use instead of `references` in `root` and in the folder above it; "none": no references

    Raises ShotError if a given folder is missing or has no picture.
    """
    if given is None:
        listed = [_list_references(folder, is_given=False) for folder in _find_folders(root)]
    else:
        named = [given] if isinstance(given, str | Path) else given
        listed = [_list_given(Path(folder)) for folder in named if str(folder) != NO_REFERENCES]
    return tuple(one for found, _ in listed for one in found), [text for _, unused in listed for text in unused]


def _find_folders(root: Path) -> list[Path]:
    """Find the folders of references of a shot: its own, and that of its show."""
    own, show = find_folder(root, REFERENCE_FOLDER), find_show(root)
    # Only by two names: to list a folder of thousands of shots takes long, and may not be permitted.
    shared = (show / name for name in (REFERENCE_FOLDER, REFERENCE_FOLDER.capitalize()))
    found = [own, *shared] if show != root.resolve() else [own]
    return list({folder.resolve(): folder for folder in reversed(found) if folder.is_dir()}.values())[::-1]


def find_show(root: Path) -> Path:
    """Return the folder above a shot or cut. Links are resolved: a shot has the same show by every path."""
    return root.resolve().parent


def _list_given(folder: Path) -> tuple[list[Reference], list[str]]:
    if not folder.is_dir():
        raise ShotError(folder, "there is no such folder", "check --references")
    found, unused = _list_references(folder, is_given=True)
    if not found:
        raise ShotError(folder, "the folder holds no picture", "put painted drawings there, or leave out --references")
    return found, unused


def _list_references(folder: Path, *, is_given: bool) -> tuple[list[Reference], list[str]]:
    line_folder = find_folder(folder, LINE_FOLDER)
    lines = {path.stem: path for path in _list_pictures(line_folder)} if line_folder.is_dir() else {}
    painted = _list_pictures(folder)
    others = [path.name for path in list_files(folder) if path not in painted and path.suffix not in _NOT_PICTURES]
    warnings = []
    if others:
        warnings.append(f"{folder}: not used, as no picture that can be read: {_name_some(others)}")
    if alone := sorted(lines.keys() - {path.stem for path in painted}):
        warnings.append(f"{line_folder}: line art without a painting of the same name: {_name_some(alone)}")
    return [Reference(path, lines.get(path.stem), is_given) for path in painted], warnings


def _list_pictures(folder: Path) -> list[Path]:
    return [path for path in list_files(folder) if path.suffix.lower() in PAINTED_SUFFIXES]


def _name_some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN_FILES
    return ", ".join(names[:_SHOWN_FILES]) + (f" and {more} more" if more > 0 else "")
