"""What a movie shows: painted frames of a shot, of a folder, or of the cels of a cut, and the sheet that times them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from framecolor.errors import InputError, ShotError
from framecolor.media import PAINTED_SUFFIXES, image_size, read_image
from framecolor.movie.timeline import list_painted
from framecolor.output.find import find_recolored_shot
from framecolor.shot.cut import Cel
from framecolor.shot.locate import ShotPlace, locate_shot
from framecolor.shot.sequence import list_images
from framecolor.shot.sheet_files import read_sheet
from framecolor.shot.timing import NO_SHEET, Timing, find_timing

_EVERY = "every drawing is shown for one frame"


@dataclass(frozen=True)
class Layer:
    """Painted frames that are shown one after the other.

    name    what to call it: the shot's, cel's or folder's name
    files   number -> file of each frame, by number; never empty
    timing  when each is shown; None where no exposure sheet tells
    note    what the user should know of its timing, or ""
    """

    name: str
    files: Mapping[int, Path]
    timing: Timing | None
    note: str = ""

    def __post_init__(self) -> None:
        if not self.files:
            raise ValueError("Layer.files must not be empty")

    @property
    def first(self) -> Path:
        return next(iter(self.files.values()))


def open_layer(path: Path, out: Path, sheet: Path | None = None) -> Layer:
    """The painted frames in `out` of the shot or cel that `path` is; `path` may be `out`, a folder of frames, too.

    sheet  an exposure sheet, or "none"; that of the shot if not given

    A folder's shot is found by its framecolor.json, or by that of the folder which its frames were recolored from. With
    a retake those frames of its cel are shown that it does not replace. Raises InputError where there are no frames or
    the sheet cannot be used, ReadError where it cannot be read.
    """
    shot = path if path != out else find_recolored_shot(out)
    place = ShotPlace(out.resolve().name, out, out)
    with suppress(ShotError):  # its drawings may be elsewhere by now
        place = place if shot is None else locate_shot(shot, has_keys=False)
    files = list_painted(out) if place.cel is None else _list_takes(place.cel, out)
    first = next(iter(files.values()))
    timing, warnings = find_timing(place, sheet, first, is_folder=place.source != out)
    note = ""
    if timing is None and str(sheet) != NO_SHEET and (path == out or place.cel is not None):
        note = f"no exposure sheet: {_EVERY}; name it with --sheet"
        if warnings:
            note = f"the exposure sheet has no track of {place.name}: {_EVERY}; name another one with --sheet"
    return Layer(place.name, files, timing, note)


def order_layers(cut: Path, layers: Sequence[Layer]) -> tuple[list[Layer], list[str]]:
    """The layers of a cut as they lie over each other, the lowest first, and what the user should know.

    The sheet's first track is the lowest, as in XDTS, where layer 0 is the bottom one. Layers without a track are left
    out. Raises InputError where nothing is timed, or frames differ in size; ReadError where one cannot be read.
    """
    timed = [layer for layer in layers if layer.timing is not None]
    if not timed:
        problem = "no exposure sheet tells which drawings of its cels are shown together"
        raise InputError(cut, problem, "name one with --sheet, or choose one cel with --cel")
    sizes = {layer.name: image_size(layer.first) for layer in timed}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{name} {width}x{height}" for name, (height, width) in sizes.items())
        raise InputError(cut, f"its cels differ in size: {told}", "choose one with --cel")
    ordered = sorted(timed, key=_find_place)
    notes = [f"{layer.name} is left out: the sheet has no track of it" for layer in layers if layer.timing is None]
    for layer in ordered[1:]:
        if read_image(layer.first)[..., 3].min() == 255:
            notes.append(f"{layer.name} hides what lies below, as its paper is opaque; see colorize --background")
    return ordered, notes


def _find_place(layer: Layer) -> int:
    assert layer.timing is not None
    names = [name.casefold() for name in read_sheet(layer.timing.source).names]
    return names.index(layer.timing.track.name.casefold())


def _list_takes(cel: Cel, out: Path) -> dict[int, Path]:
    """The frames of a cel, each of the latest take that was painted beside `out`, also where all were recolored."""
    files: dict[int, Path] = {}
    ending = out.name.removeprefix(cel.name) if out.name.startswith(cel.name) else None
    for take in cel.takes[:-1] if ending is not None else ():
        folder = out.with_name(f"{take.name}{ending}")
        if folder.is_dir() and list_images(folder, PAINTED_SUFFIXES):
            files |= list_painted(folder)
    return dict(sorted((files | list_painted(out)).items()))
