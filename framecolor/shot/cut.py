"""Cut folders as studios keep them: every cel's drawings in a folder of their own, and retakes beside them.

    Cut-005/Line/A/a0001.png        drawings of cel A
    Cut-005/Line/A.R1/a0003.png     its first retake: only what was drawn again
    Cut-005/Keys/A/a0001.png        painted keys; Hints/ and Stencils/ likewise
    Cut-005_Cell/A/a0001.png        where the painted cel goes

Line, Keys, Hints and Stencils may be written in any letter case.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from framecolor.errors import ShotError
from framecolor.shot.sequence import list_images, list_movies

LINE_FOLDER = "line"
OUTPUT_ENDING = "_Cell"

_RETAKE = re.compile(r"(.+)\.R(\d{1,4})", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Cel:
    """One cel of a cut, or one retake of it.

    cut    the cut's folder
    name   the cel's folder in Line/: A, or A.R1
    takes  folders in Line/ that its drawings come from: A, then its retakes up to this one; later ones win
    """

    cut: Path
    name: str
    takes: tuple[Path, ...]

    def __post_init__(self) -> None:
        if not self.takes or self.takes[-1].name != self.name:
            raise ValueError(f"Cel.takes must end with its own folder {self.name}, got {self.takes}")

    @property
    def layer(self) -> str:
        """The cel without its retake: A of A.R1."""
        return split_retake(self.name)[0]

    @property
    def title(self) -> str:
        """What to call it: Cut-005/A."""
        return f"{self.cut.name}/{self.name}"

    @property
    def out(self) -> Path:
        """Folder that its painted frames go to unless told otherwise."""
        return self.cut.parent / f"{self.cut.name}{OUTPUT_ENDING}" / self.name

    def find_painted(self, role: str) -> list[Path]:
        """For each of the takes, the folder of its keys, hints or stencils; it may not exist."""
        parent = find_folder(self.cut, role)
        return [find_folder(parent, take.name) for take in self.takes]


def split_retake(name: str) -> tuple[str, int]:
    """The cel and the number of the retake that a folder's name tells: ("A", 1) for A.R1, ("A", 0) for A."""
    match = _RETAKE.fullmatch(name)
    return (name, 0) if match is None else (match[1], int(match[2]))


def find_folder(parent: Path, name: str) -> Path:
    """A folder of that name in any letter case, exactly so if there is one; parent/name, where there is none.

    Raises ShotError where several differ in nothing but letter case.
    """
    if (parent / name).is_dir():
        return parent / name
    found = [folder for folder in _list_folders(parent) if folder.name.casefold() == name.casefold()]
    if len(found) > 1:
        raise ShotError(found[0], f"stands beside {found[1].name}", "keep one of the two folders")
    return found[0] if found else parent / name


def is_cut(path: Path) -> bool:
    """Whether a folder is a cut: its line folder holds folders of cels, and no drawings itself."""
    line = find_folder(path, LINE_FOLDER)
    return line.is_dir() and bool(_list_folders(line)) and not list_images(line) and not list_movies(line)


def find_shots(parent: Path) -> Iterator[Path]:
    """The shots and cuts that lie in a folder, by name."""
    return (folder for folder in _list_folders(parent) if find_folder(folder, LINE_FOLDER).is_dir())


def refuse_cut(path: Path) -> None:
    """Raise ShotError for a cut, where one of its cels is wanted."""
    if path.is_dir() and is_cut(path):
        cels = list_cels(path)
        fix = f"name one as {cels[0].takes[-1]}, or choose with --cel where that is an option"
        raise ShotError(path, f"this is a cut of several cels: {', '.join(cel.name for cel in cels[:8])}", fix)


def list_cels(path: Path) -> list[Cel]:
    """The cels of a cut, by name, each followed by its retakes. Raises ShotError when a retake has no cel."""
    names = sorted((folder.name for folder in _list_folders(find_folder(path, LINE_FOLDER))), key=_order)
    return [_make_cel(path, name) for name in names]


def find_cel(path: Path) -> Cel | None:
    """The cel whose folder of drawings a path is, as Cut-005/Line/A; None when it is none. ShotError as `list_cels`."""
    if not path.is_dir() or find_folder(path, LINE_FOLDER).is_dir():
        return None
    path = path if len(path.parts) > 2 and ".." not in path.parts else _write_out(path)
    if path.parent.name.casefold() != LINE_FOLDER:
        return None
    return _make_cel(path.parent.parent, path.name)


def _make_cel(cut: Path, name: str) -> Cel:
    cut = cut if cut.name and cut.name != ".." else _write_out(cut)
    line = find_folder(cut, LINE_FOLDER)
    layer, retake = split_retake(name)
    folders = [folder for folder in _list_folders(line) if split_retake(folder.name)[0] == layer]
    takes = {split_retake(folder.name)[1]: folder for folder in folders}
    if 0 not in takes:
        fix = f"put the drawings that it retakes into {line / layer}, or rename it"
        raise ShotError(line / name, f"this is a retake of {layer}, and there is no {layer}", fix)
    if len(takes) < len(folders):
        names = ", ".join(folder.name for folder in folders)
        raise ShotError(line / layer, f"two retakes have the same number: {names}", "rename one of the folders")
    return Cel(cut, name, tuple(takes[number] for number in sorted(takes) if number <= retake))


def _write_out(path: Path) -> Path:
    """The whole path: "." and ".." have no name, and nothing above them."""
    return path.resolve() if ".." in path.parts else path.absolute()


def _order(name: str) -> tuple[str, str, int]:
    layer, retake = split_retake(name)
    return layer.casefold(), layer, retake


def _list_folders(parent: Path) -> list[Path]:
    try:
        with os.scandir(parent) as entries:  # which asks nothing of each of thousands of drawings
            return sorted(Path(entry.path) for entry in entries if _is_folder(entry) and not entry.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        problem = f"the folder cannot be read ({error.strerror or error})"
        raise ShotError(parent, problem, "check its name and permissions") from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links
        return False
