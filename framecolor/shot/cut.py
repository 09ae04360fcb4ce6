"""Cut folders as studios keep them: one folder of drawings for each cel, with its retakes beside it.

    Cut-005/Line/A/a0001.png        drawings of cel A
    Cut-005/Line/A.R1/a0003.png     its first retake: only the redrawn drawings
    Cut-005/Keys/A/a0001.png        painted keys; Hints/ and Stencils/ likewise
    Cut-005_Cell/A/a0001.png        painted frames of cel A

Line, Keys, Hints and Stencils may have any letter case. In place of Line/ a cut may have an export of TVPaint or Krita
(`framecolor.shot.exported_cut`): its layers are the cels, and Cut-005/line/A still names cel A.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from framecolor.errors import ShotError
from framecolor.shot.exported_cut import ExportedCut, find_exported_cut
from framecolor.shot.file_names import normalize_name
from framecolor.shot.sequence import list_images, list_movies
from framecolor.shot.sheets.files import find_export

LINE_FOLDER = "line"
OUTPUT_ENDING = "_Cell"

_RETAKE = re.compile(r"(.+)\.R(\d{1,4})", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Cel:
    """One cel of a cut, or one retake of it.

    cut    the cut's folder
    name   the cel's folder in Line/: A, or A.R1
    takes  folders of its drawings in Line/: A, then its retakes up to this one; later ones win
    export  the export of which it is a layer; None for a cel with a folder in Line/
    """

    cut: Path
    name: str
    takes: tuple[Path, ...]
    export: ExportedCut | None = None

    def __post_init__(self) -> None:
        if not self.takes or self.takes[-1].name != self.name:
            raise ValueError(f"Cel.takes must end with its own folder {self.name}, got {self.takes}")

    @property
    def layer(self) -> str:
        """The cel without its retake: A of A.R1; a layer of an export is no retake, however it is named."""
        return split_retake(self.name)[0] if self.export is None else self.name

    @property
    def files(self) -> Mapping[int, Path] | None:
        """Number -> drawing of a layer of an export; None for a cel with a folder in Line/."""
        return None if self.export is None else self.export.layers[self.name]

    @property
    def title(self) -> str:
        """Name for messages: Cut-005/A."""
        return f"{self.cut.name}/{self.name}"

    @property
    def out(self) -> Path:
        """Default folder of its painted frames."""
        return self.cut.parent / f"{self.cut.name}{OUTPUT_ENDING}" / self.name

    def find_painted(self, role: str) -> list[Path]:
        """Find the folder of keys, hints or stencils of each take; it may not exist."""
        parent = find_folder(self.cut, role)
        return [find_folder(parent, take.name) for take in self.takes]


def split_retake(name: str) -> tuple[str, int]:
    """Split a folder's name into cel and retake number: ("A", 1) for A.R1, ("A", 0) for A."""
    match = _RETAKE.fullmatch(name)
    return (name, 0) if match is None else (match[1], int(match[2]))


def find_folder(parent: Path, name: str) -> Path:
    """Find a folder by its name: exactly, else in any letter case and Unicode form. Returns parent/name if missing.

    Raises ShotError if several names differ only in letter case.
    """
    if (parent / name).is_dir():
        return parent / name
    wanted = normalize_name(name).casefold()
    found = [folder for folder in _list_folders(parent) if normalize_name(folder.name).casefold() == wanted]
    if len(found) > 1:
        problem = f"differs from {found[1].name} only in letter case or Unicode form"
        raise ShotError(found[0], problem, "keep one of the two folders")
    return found[0] if found else parent / name


def is_cut(path: Path) -> bool:
    """Check whether a folder is a cut: its line folder holds folders of cels and no drawings, or it is an export.

    Raises an InputError if it is an export that cannot be read.
    """
    line = find_folder(path, LINE_FOLDER)
    if not line.is_dir():
        return find_exported_cut(path) is not None
    if not _list_folders(line) or list_movies(line):
        return False
    return all(image.rank for image in list_images(line))  # a PSD of all cels may lie beside their folders


def find_shots(parent: Path) -> Iterator[Path]:
    """Find the shots and cuts in a folder, by name."""
    return (folder for folder in _list_folders(parent) if _holds_drawings(folder))


def _holds_drawings(folder: Path) -> bool:
    if find_folder(folder, LINE_FOLDER).is_dir():
        return True
    with suppress(ShotError):
        return find_export(folder) is not None
    return True  # several exports


def find_cut_of(path: Path) -> Path:
    """Return the folder of an export if `path` is its sheet; any other path as it is. Raises as `is_cut`."""
    if path.suffix.casefold() in (".json", ".csv") and path.is_file():
        export = _find_export(path.parent)
        if export is not None and export.sheet.name == path.name:
            return path.parent
    return path


def refuse_cut(path: Path) -> None:
    """Raise ShotError if a path is a cut, or the sheet of one, instead of one of its cels."""
    path = find_cut_of(path)
    if path.is_dir() and is_cut(path):
        cels = list_cels(path)
        fix = f"name one, such as {cels[0].takes[-1]}, or use --cel if the command has it"
        raise ShotError(path, f"is a cut of several cels: {', '.join(cel.name for cel in cels[:8])}", fix)


def list_cels(path: Path) -> list[Cel]:
    """List the cels of a cut by name, each followed by its retakes, or the layers of an export, the lowest first.

    Raises ShotError if a retake has no cel.
    """
    if (export := _find_export(path)) is not None:
        return [_make_layer(path, export, name) for name in export.layers]
    names = sorted((folder.name for folder in _list_folders(find_folder(path, LINE_FOLDER))), key=_order)
    return [_make_cel(path, name) for name in names]


def find_cel(path: Path) -> Cel | None:
    """Find the cel whose folder of drawings is `path`, such as Cut-005/Line/A; None if there is none.

    Raises ShotError as `list_cels` does.
    """
    if not path.is_dir():
        return _find_layer(path)
    if find_folder(path, LINE_FOLDER).is_dir():
        return None
    path = path if len(path.parts) > 2 and ".." not in path.parts else _write_out(path)
    if path.parent.name.casefold() != LINE_FOLDER:
        return None
    return _make_cel(path.parent.parent, path.name)


def _find_export(cut: Path) -> ExportedCut | None:
    return None if find_folder(cut, LINE_FOLDER).is_dir() else find_exported_cut(cut)


def _find_layer(path: Path) -> Cel | None:
    """Find the layer of an export that Cut-005/line/A names, a path that does not exist; None if there is none."""
    if path.parent.name.casefold() != LINE_FOLDER or path.exists():
        return None
    export = _find_export(path.parent.parent)
    if export is None:
        return None
    for name in export.layers:
        if normalize_name(name) == normalize_name(path.name):
            return _make_layer(path.parent.parent, export, name)
    raise ShotError(path, f"{export.sheet.name} has no layer of that name", f"it has {', '.join(export.layers)}")


def _make_layer(cut: Path, export: ExportedCut, name: str) -> Cel:
    cut = cut if cut.name and cut.name != ".." else _write_out(cut)
    return Cel(cut, name, (cut / LINE_FOLDER / name,), export)


def _make_cel(cut: Path, name: str) -> Cel:
    cut = cut if cut.name and cut.name != ".." else _write_out(cut)
    line = find_folder(cut, LINE_FOLDER)
    layer, retake = split_retake(name)
    folders = [folder for folder in _list_folders(line) if split_retake(folder.name)[0] == layer]
    takes = {split_retake(folder.name)[1]: folder for folder in folders}
    if 0 not in takes:
        fix = f"put the drawings that it retakes into {line / layer}, or rename it"
        raise ShotError(line / name, f"is a retake of {layer}, and there is no {layer}", fix)
    if len(takes) < len(folders):
        names = ", ".join(folder.name for folder in folders)
        raise ShotError(line / layer, f"two retakes have the same number: {names}", "rename one of the folders")
    return Cel(cut, name, tuple(takes[number] for number in sorted(takes) if number <= retake))


def _write_out(path: Path) -> Path:
    """Make a path absolute, as "." and ".." have neither name nor parent."""
    return path.resolve() if ".." in path.parts else path.absolute()


def _order(name: str) -> tuple[str, str, int]:
    layer, retake = split_retake(name)
    return layer.casefold(), layer, retake


def _list_folders(parent: Path) -> list[Path]:
    try:
        with os.scandir(parent) as entries:  # no system call for each of thousands of drawings
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
