"""Open the layers of a movie: painted frames of a shot, a folder or the cels of a cut, with their timing."""

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
    """The painted frames of one layer.

    name    name of the shot, cel or folder
    files   number -> file of each frame, by number; never empty
    timing  when each is shown; None without an exposure sheet
    note    note for the user about the timing, or ""
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
    """Open the painted frames in `out` of the shot or cel `path`; `path` may also be `out`, a folder of frames.

    sheet  an exposure sheet, or "none"; by default the shot's

    The shot of a folder is found by its framecolor.json, or by that of the frames that it was recolored from. A retake
    is shown with the frames of its cel that it does not replace. Raises InputError if there are no frames or the sheet
    does not fit, ReadError if the sheet cannot be read.
    """
    shot = path if path != out else find_recolored_shot(out)
    place = ShotPlace(out.resolve().name, out, out)
    with suppress(ShotError):  # its drawings may have been moved
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
    """Order the layers of a cut from bottom to top. Returns them and notes for the user.

    The sheet's first track is the bottom layer, as layer 0 in XDTS. Layers without a track are left out. Raises
    InputError if no layer has a track or sizes differ, ReadError if a frame cannot be read.
    """
    timed = [layer for layer in layers if layer.timing is not None]
    if not timed:
        problem = "has no exposure sheet to show its cels together"
        raise InputError(cut, problem, "name one with --sheet, or choose one cel with --cel")
    sizes = {layer.name: image_size(layer.first) for layer in timed}
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{name} {width}x{height}" for name, (height, width) in sizes.items())
        raise InputError(cut, f"its cels differ in size: {listed}", "choose one with --cel")
    ordered = sorted(timed, key=_find_place)
    notes = [f"{layer.name} is left out: the sheet has no track of it" for layer in layers if layer.timing is None]
    for layer in ordered[1:]:
        if read_image(layer.first)[..., 3].min() == 255:
            notes.append(f"{layer.name} hides the layers below it, as its paper is opaque; see colorize --background")
    return ordered, notes


def _find_place(layer: Layer) -> int:
    assert layer.timing is not None
    names = [name.casefold() for name in read_sheet(layer.timing.source).names]
    return names.index(layer.timing.track.name.casefold())


def _list_takes(cel: Cel, out: Path) -> dict[int, Path]:
    """List the frames of a cel, each from its latest take beside `out`, whose folders may all be recolored ones."""
    files: dict[int, Path] = {}
    ending = out.name.removeprefix(cel.name) if out.name.startswith(cel.name) else None
    for take in cel.takes[:-1] if ending is not None else ():
        folder = out.with_name(f"{take.name}{ending}")
        if folder.is_dir() and list_images(folder, PAINTED_SUFFIXES):
            files |= list_painted(folder)
    return dict(sorted((files | list_painted(out)).items()))
