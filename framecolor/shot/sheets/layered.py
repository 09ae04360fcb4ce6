"""Sheets of programs that export pictures beside them, layer by layer: what their parsers share.

Such a sheet names a picture for each frame and layer. The pictures of a layer are its drawings; their numbers are those
of their names or, if these do not tell them apart, the frames in which they appear first, counted from 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from framecolor.core.text import plain_name
from framecolor.shot.file_names import normalize_name, number_names
from framecolor.shot.sheets.exposure_sheet import Sheet, Track

_HIGHEST = 2**31 - 1
_FORBIDDEN = str.maketrans('/\\:*?"<>|', "_________")


@dataclass(frozen=True)
class SheetLayer:
    """One layer as a file describes it.

    name      its name there; names may repeat
    pictures  for each frame of the sheet the picture that is shown, as the file names it; None if none is
    hidden    whether it is hidden
    opacity   from 0 to 1
    blending  its blending mode, "" for the usual one
    """

    name: str
    pictures: Sequence[str | None]
    hidden: bool = False
    opacity: float = 1.0
    blending: str = ""


@dataclass(frozen=True)
class LayeredSheet:
    """A sheet with its pictures.

    sheet     the tracks have the names of the layers, each of them once, so that folders can have them as well
    pictures  for each track number -> picture as the file names it, by number
    """

    sheet: Sheet
    pictures: tuple[Mapping[int, str], ...]


def build_sheet(
    path: Path, frames: int, fps: float | None, layers: Sequence[SheetLayer], unused: Sequence[str] = ()
) -> LayeredSheet:
    """Build the sheet of layers, the lowest first; `unused` are phrases about what else the file holds."""
    tracks: list[Track] = []
    drawings: list[Mapping[int, str]] = []
    for name, layer in zip(_name_apart(layers), layers, strict=True):
        numbers = _number(layer.pictures)
        exposures = tuple(None if picture is None else numbers[picture] for picture in layer.pictures)
        tracks.append(Track(name, exposures, hidden=layer.hidden))
        drawings.append(dict(sorted((number, picture) for picture, number in numbers.items())))
    about = [*unused, *_describe(tracks, layers)]
    return LayeredSheet(Sheet(path, frames, tuple(tracks), fps, tuple(about)), tuple(drawings))


def _name_apart(layers: Sequence[SheetLayer]) -> list[str]:
    """Give each layer a name that a folder can have; of several with one name the upper ones keep it."""
    taken: set[str] = set()
    names: list[str] = []
    for position, layer in reversed(list(enumerate(layers, 1))):
        name = plain_name(layer.name.translate(_FORBIDDEN)).strip(". ") or f"layer {position}"
        count, first = 1, name
        while normalize_name(name).casefold() in taken:
            count += 1
            name = f"{first} {count}"
        taken.add(normalize_name(name).casefold())
        names.append(name)
    return names[::-1]


def _number(pictures: Sequence[str | None]) -> dict[str, int]:
    """Number the pictures of a layer. Returns picture -> number."""
    starts: dict[str, int] = {}
    for frame, picture in enumerate(pictures, 1):
        if picture is not None:
            starts.setdefault(picture, frame)
    names = {Path(picture): picture for picture in starts}
    numbers = {names[file.path]: file.number for file in number_names(names) if file.number <= _HIGHEST}
    return numbers if len(numbers) == len(starts) == len(set(numbers.values())) else starts


def _describe(tracks: Sequence[Track], layers: Sequence[SheetLayer]) -> list[str]:
    """Describe what layers have and colors do not depend on, the uppermost first."""
    found: list[str] = []
    for track, layer in reversed(list(zip(tracks, layers, strict=True))):
        if layer.opacity < 1:
            found.append(f"opacity of {track.name} ({layer.opacity:.0%})")
        if layer.blending:
            found.append(f"blending mode of {track.name} ({plain_name(layer.blending)})")
    return found
