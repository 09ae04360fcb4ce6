"""Cuts as TVPaint, Krita and OpenToonz export them: a sheet, JSON or CSV, and the pictures of its layers beside it.

Cut-005/clip.json                       the layers and their timing
Cut-005/[001] A/[0001] A.png            TVPaint's JSON: a folder for each layer
Cut-005/clip.layers/[001] A/[001][00001] A.png   TVPaint's CSV
Cut-005/clip.frames/frame00001-00000.png         Krita's CSV: one folder for all layers
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from framecolor.core.text import plain_name
from framecolor.errors import InputError, ShotError
from framecolor.shot.sheets.files import find_export, read_export
from framecolor.shot.sheets.layered import LayeredSheet
from framecolor.shot.unused import list_unused

_ENDINGS = (".layers", ".frames", "")
_MANY = 8


@dataclass(frozen=True)
class ExportedCut:
    """An export and the pictures that lie beside it.

    sheet    its file
    layers   name of each layer that is painted -> number -> picture, by number; the lowest layer first
    missing layers that are shown, but without a single picture beside the sheet
    """

    sheet: Path
    layers: Mapping[str, Mapping[int, Path]]
    missing: tuple[str, ...] = ()

    def list_warnings(self) -> list[str]:
        """List warnings of layers without pictures, and of pictures beside those of the layers that are not named."""
        used = {path for files in self.layers.values() for path in files.values()}
        folders = sorted({path.parent for path in used} - {self.sheet.parent})
        reason = f"that no layer shows in {self.sheet.name}"
        warnings = [str(one) for folder in folders for one in list_unused(folder, used, default=reason)]
        if self.missing:
            names = ", ".join(self.missing[::-1][:_MANY])
            warnings.append(f"{self.sheet}: layers without a picture beside it are not painted: {names}")
        return warnings


def find_exported_cut(folder: Path) -> ExportedCut | None:
    """Find the export in a folder; None if it has none.

    Raises ReadError or InputError if its sheet is damaged, ShotError if there are several, or its pictures are missing.
    """
    sheet = find_export(folder) if folder.is_dir() else None
    if sheet is None:
        return None
    state = sheet.stat()
    export = _read(sheet, state.st_mtime_ns, state.st_size)
    layers: dict[str, Mapping[int, Path]] = {}
    missing: list[str] = []
    root = _find_root(sheet, [picture for pictures in export.pictures for picture in pictures.values()])
    for track, pictures in zip(export.sheet.tracks, export.pictures, strict=True):
        found = {number: path for number, picture in pictures.items() if (path := root / picture).is_file()}
        if track.hidden:
            continue  # their timing is known, and nobody sees them
        if found:
            layers[track.name] = found
        elif pictures:
            missing.append(track.name)
    if not layers:
        fix = "copy the pictures that were exported with it beside it, or show its layers and export again"
        raise ShotError(sheet, "none of the pictures that it names is beside it, in a layer that is shown", fix)
    return ExportedCut(sheet, layers, tuple(missing))


def list_pictures(sheet: Path) -> set[Path]:
    """List the pictures that lie beside an export, hidden layers' too; empty if the file is no export."""
    with suppress(InputError, OSError):
        names = [picture for pictures in read_export(sheet).pictures for picture in pictures.values()]
        root = _find_root(sheet, names)
        return {path.resolve() for name in names if (path := root / name).is_file()}
    return set()


@lru_cache(maxsize=4)
def _read(sheet: Path, changed: int, size: int) -> LayeredSheet:
    """Read an export; `changed` and `size` are its file's, so that a changed one is read again."""
    return read_export(sheet)


def _find_root(sheet: Path, pictures: list[str]) -> Path:
    """Find the folder where the paths of a sheet's pictures begin. Raises InputError if one leads out of it."""
    for picture in pictures:
        place = PurePosixPath(picture)
        if place.is_absolute() or ".." in place.parts or ":" in place.parts[0] or "\0" in picture:
            problem = f"names a picture outside of its folder: {plain_name(picture)}"
            raise InputError(sheet, problem, "export it again, with its pictures beside it")
    places = [sheet.parent, *(sheet.with_name(f"{sheet.stem}{ending}") for ending in _ENDINGS)]
    counts = [sum((place / picture).is_file() for picture in pictures[:_MANY]) for place in places]
    return places[counts.index(max(counts))]
