"""Open the layers of a movie: painted frames of a shot, a folder or the cels of a cut, with their timing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from framecolor.errors import InputError, ShotError
from framecolor.media import image_size, read_image
from framecolor.movie.timeline import list_painted
from framecolor.output.find import find_output, find_recolored_shot
from framecolor.shot.cut import Cel, find_cel, is_cut, list_cels
from framecolor.shot.locate import ShotPlace, locate_shot
from framecolor.shot.sequence import has_frames
from framecolor.shot.sheets.files import read_sheet
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


@dataclass(frozen=True)
class Stack:
    """Layers that are shown over each other, from bottom to top; the path of their shot or cut; notes for the user."""

    path: Path
    layers: tuple[Layer, ...]
    notes: tuple[str, ...]


def open_layers(shots: str | Path | Sequence[str | Path], sheet: Path | None, held: int | None) -> Stack:
    """Open what is shown together.

    shots  a painted shot, a folder of frames, a cut, or several cels of a cut, each shown with its last retake
    sheet  an exposure sheet, or "none"; by default the shot's
    held   frames for each drawing, without a sheet; None for the sheet's timing

    Raises InputError if there are no painted frames, or several cels have no sheet; ReadError if the sheet cannot be
    read.
    """
    paths = [Path(shots)] if isinstance(shots, str | Path) else list(map(Path, shots))
    sheet = Path(NO_SHEET) if held is not None else sheet
    shown = _choose_latest(paths)
    cel = find_cel(paths[0])
    cut = paths[0] if cel is None else cel.cut
    if len(shown) > 1 and held is not None:
        raise InputError(cut, "several cels cannot be shown without their sheet", "choose one cel with --cel")
    layers = [open_layer(shot, _find_frames(shot), sheet) for shot in shown]
    notes = [layer.note for layer in layers if layer.note]
    if len(layers) > 1:
        layers, notes = order_layers(cut, layers)
    return Stack(cut, tuple(layers), tuple(notes))


def _choose_latest(paths: Sequence[Path]) -> list[Path]:
    """Choose what to show: the cels of a cut, and the last named retake of each cel."""
    latest: dict[str, Path] = {}
    for path in paths:
        cels = list_cels(path) if path.is_dir() and is_cut(path) else []
        cel = find_cel(path)
        latest |= {each.layer: each.takes[-1] for each in cels} or {str(path) if cel is None else cel.layer: path}
    return list(latest.values())


def _find_frames(shot: Path) -> Path:
    """Find the folder of frames: a shot's painted frames, or any folder of numbered pictures. Raises InputError."""
    in_cut = find_cel(shot) is not None
    try:
        return find_output(shot, in_cut=in_cut)
    except InputError:
        if not in_cut and shot.is_dir() and not (shot / "line").is_dir() and has_frames(shot):
            return shot
        raise


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
    InputError if no layer has a track.
    """
    timed = [layer for layer in layers if layer.timing is not None]
    if not timed:
        problem = "has no exposure sheet to show its cels together"
        raise InputError(cut, problem, "name one with --sheet, or choose one cel with --cel")
    notes = [f"{layer.name} is left out: the sheet has no track of it" for layer in layers if layer.timing is None]
    return sorted(timed, key=_find_place), notes


def check_stack(stack: Stack) -> list[str]:
    """Check whether the layers of a stack can be shown in one picture. Returns notes for the user.

    Raises InputError if their sizes differ, ReadError if a frame cannot be read.
    """
    if len(stack.layers) < 2:
        return []
    sizes = {layer.name: image_size(layer.first) for layer in stack.layers}
    if len(set(sizes.values())) > 1:
        listed = ", ".join(f"{name} {width}x{height}" for name, (height, width) in sizes.items())
        raise InputError(stack.path, f"its cels differ in size: {listed}", "choose one with --cel")
    opaque = [layer.name for layer in stack.layers[1:] if read_image(layer.first)[..., 3].min() == 255]
    return [f"{name} hides the layers below it, as its paper is opaque; see colorize --background" for name in opaque]


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
        if folder.is_dir() and has_frames(folder):
            files |= list_painted(folder)
    return dict(sorted((files | list_painted(out)).items()))
