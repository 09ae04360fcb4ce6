"""Drawings of levels as files: `A.tlv/A.0002a.tlv` is the path of drawing 2a of the level A.tlv.

A level is one file of many drawings; everything that reads a drawing by its path reads one of a level by such a path,
which no file on disk has.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over
from framecolor.core.drawing_number import make_number
from framecolor.core.files import open_file
from framecolor.errors import PaletteError, ReadError
from framecolor.media.broken import CUT_OFF, DAMAGED, BrokenImageError
from framecolor.media.levels.drawing import DRAWING_HEAD, Parts, decode_box, decode_drawing
from framecolor.media.levels.index import SAVE_AGAIN, LevelIndex, read_index
from framecolor.media.palettes.tpl import read_styles
from framecolor.media.still import Still

LEVEL_SUFFIX = ".tlv"
PALETTE_SUFFIX = ".tpl"

Rgba = NDArray[np.uint8]

_MEMBER = re.compile(r"(?P<level>.*)\.(?P<digits>[0-9]{4,10})(?P<letter>[a-z]?)\.tlv", re.DOTALL | re.IGNORECASE)
_HEAD = struct.Struct("<4I")
_KEPT = 16
_PAINTED_AWAY = 1


def is_level(path: Path) -> bool:
    """Tell by its name whether a path is a level, not one of its drawings."""
    return path.suffix.lower() == LEVEL_SUFFIX and not is_member(path)


def is_member(path: Path) -> bool:
    """Tell by its name whether a path is that of a drawing of a level."""
    return path.parent.suffix.lower() == LEVEL_SUFFIX and _MEMBER.fullmatch(path.name) is not None


def name_member(level: Path, number: int) -> Path:
    """Return the path of a drawing of a level."""
    return level / f"{level.stem}.{number:04d}{LEVEL_SUFFIX}"


def find_container(path: Path) -> Path:
    """Return the file on disk that holds a picture: the level of a drawing, or else `path` itself."""
    return path.parent if is_member(path) else path


def find_containers(paths: Iterable[Path]) -> list[Path]:
    """Return the files on disk that hold some pictures, each once."""
    return list(dict.fromkeys(map(find_container, paths)))


def find_frame(out: Path, name: str) -> Path:
    """Return the path of a painted frame by its name: A.0001.tlv is drawing 1 of the level A.tlv in `out`."""
    match = _MEMBER.fullmatch(name)
    return out / name if match is None else out / f"{match['level']}{LEVEL_SUFFIX}" / name


def is_there(path: Path) -> bool:
    """Tell whether a picture exists: a file, or a drawing that its level has."""
    if not is_member(path):
        return path.is_file()
    try:
        return read_number(path) in open_index(path.parent).drawings
    except ReadError:
        return False


def list_members(level: Path) -> dict[int, Path]:
    """List the drawings of a level by number. Raises ReadError if it cannot be read."""
    return {number: name_member(level, number) for number in open_index(level).drawings}


def read_number(path: Path) -> int:
    """Read the number of a drawing from its path. Raises ValueError for the path of anything else."""
    match = _MEMBER.fullmatch(path.name)
    if match is None:
        raise ValueError(f"{path} is no drawing of a level")
    return make_number(int(match["digits"]), match["letter"])


def open_index(level: Path) -> LevelIndex:
    """Read the head of a level, once while it does not change. Raises ReadError."""
    return _read_index(level, *_stamp(level))


def read_packed(path: Path) -> bytes:
    """Read a drawing of a level and the colors of its palette, packed as one file of its own. Raises ReadError.

    The bytes change if and only if the drawing, or a color of the palette, changes.
    """
    index, (colors, trace) = open_index(path.parent), _read_palette(path.parent)
    place = index.drawings.get(number := read_number(path))
    if place is None:
        raise ReadError(path.parent, f"has no drawing {number}", "name another drawing")
    return pack(index.size, colors, _read_data(path.parent, place), trace)


def read_dpi(path: Path) -> tuple[float, float]:
    """Read the dots per inch of a drawing of a level. Raises ReadError, KeyError if it is missing."""
    data = _read_data(path.parent, open_index(path.parent).drawings[read_number(path)])
    return DRAWING_HEAD.unpack_from(data)[5:]


def pack(size: tuple[int, int], colors: Rgba, data: bytes, trace: int = 0) -> bytes:
    """Pack the data of a drawing with the size of its level and the colors of all styles, uint8 [N, 4].

    trace  the style of trace lines that are painted away; 0 if there is none
    """
    return _HEAD.pack(*size, len(colors), trace) + colors.tobytes() + data


def unpack(packed: bytes) -> tuple[Parts, Rgba]:
    """Unpack what `pack` packed: the pixels, and the colors of the styles. Raises BrokenImageError."""
    height, width, count, _ = _HEAD.unpack_from(packed)
    colors = np.frombuffer(packed, np.uint8, 4 * count, _HEAD.size).reshape(-1, 4)
    parts = Parts.split(decode_drawing(packed[_HEAD.size + 4 * count :], (height, width)))
    inked, painted = parts.tone < 255, parts.tone > 0
    highest = max(parts.ink.max(where=inked, initial=0), parts.paint.max(where=painted, initial=0))
    if highest >= count:
        problem = f"a pixel has style {highest}, and the palette has only {count}"
        raise BrokenImageError(problem, "put the palette of the same name beside the level that was saved with it")
    return parts, colors


def open_packed(packed: bytes, *, ink_alone: bool) -> Still:
    """Open what `read_packed` read as an image; ink_alone: only its lines, as a drawing to be painted."""

    def decode() -> Rgba:
        parts, colors = unpack(packed)
        if ink_alone:
            return lay_ink(parts, _show_trace(parts, colors, trace))
        return lay_over(lay_ink(parts, colors), lay_paint(parts, colors))

    height, width, _, trace = _HEAD.unpack_from(packed)
    return Still((height, width), decode, decode)


def _show_trace(parts: Parts, colors: Rgba, trace: int) -> Rgba:
    """Give trace lines that were painted away their color again.

    If the palette has styles of such lines, OpenToonz gives a trace line the style of the fill beside it. As line art,
    it is a trace line as before: ink in the style of a paint, unless most of the drawing's ink has that style.
    """
    inks = np.bincount(parts.ink[parts.tone < 255], minlength=len(colors))
    away = np.bincount(parts.paint[parts.tone > 0], minlength=len(colors)).astype(bool) & (inks > 0)
    away[inks.argmax()] = False
    if not 0 < trace < len(colors) or not away.any():
        return colors
    return np.where(away[:, None], colors[trace], colors)


def lay_ink(parts: Parts, colors: Rgba) -> Rgba:
    """Make the lines of a drawing, uint8 HxWx4: the color of the ink, with the share of ink as alpha."""
    ink = _clear(colors)[np.where(parts.tone < 255, parts.ink, 0)]
    share = 255 - parts.tone.astype(np.uint16)
    ink[..., 3] = (ink[..., 3] * share + 127) // 255
    ink[ink[..., 3] == 0] = 0
    return ink


def lay_paint(parts: Parts, colors: Rgba) -> Rgba:
    """Make the paint of a drawing, uint8 HxWx4, also below its lines."""
    return _clear(colors)[np.minimum(parts.paint, len(colors) - 1)]


def read_level_paint(path: Path) -> Rgba:
    """Read the paint of a drawing of a level, uint8 HxWx4, without its lines. Raises ReadError."""
    try:
        return lay_paint(*unpack(read_packed(path)))
    except BrokenImageError as error:
        raise ReadError(path, error.problem, error.fix) from error


def is_drawn(path: Path, *, painted: bool = False) -> bool:
    """Tell whether a drawing of a level has any ink or paint; painted: any paint. Raises ReadError."""
    drawn = _find_drawn(path, *_stamp(path.parent))
    return drawn[1] if painted else any(drawn)


def _read_palette(level: Path) -> tuple[Rgba, int]:
    """Read a level's palette once while the file does not change: the colors by style, and the style of trace lines."""
    palette = find_palette(level)
    return _read_styles(palette, *_stamp(palette))


def find_palette(level: Path) -> Path:
    """Find the palette of a level: the .tpl of its name beside it. Raises ReadError if it is missing."""
    for suffix in (PALETTE_SUFFIX, PALETTE_SUFFIX.upper()):
        if (path := level.with_suffix(suffix)).is_file():
            return path
    name = level.with_suffix(PALETTE_SUFFIX).name
    raise ReadError(level, f"its palette {name} is not beside it", f"copy {name} there as well")


def _clear(colors: Rgba) -> Rgba:
    """Give transparent styles, such as style 0, no color."""
    return np.where(colors[:, 3:] > 0, colors, np.uint8(0))


def _read_data(level: Path, place: int) -> bytes:
    """Read the data of the drawing at a place of a level."""
    with _open(level) as file:
        file.seek(place)
        head = file.read(DRAWING_HEAD.size)
        if len(head) < DRAWING_HEAD.size:
            raise ReadError(level, CUT_OFF, SAVE_AGAIN)
        length = DRAWING_HEAD.unpack(head)[4]
        if length < 0 or place + len(head) + length > os.fstat(file.fileno()).st_size:
            raise ReadError(level, f"{CUT_OFF} or damaged", SAVE_AGAIN)
        return head + file.read(length)


def _open(path: Path) -> BinaryIO:
    try:
        return open_file(path)
    except FileNotFoundError:
        raise ReadError(path, "there is no such file", "check the name") from None
    except OSError as error:
        problem = f"the file cannot be read ({error.strerror or error})"
        raise ReadError(path, problem, "check its permissions and the disk") from None


def _stamp(path: Path) -> tuple[int, int]:
    """Return what changes when a file does."""
    with _open(path) as file:
        found = os.fstat(file.fileno())
        return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=_KEPT)
def _read_index(level: Path, modified_ns: int, length: int) -> LevelIndex:
    with _open(level) as file:
        try:
            return read_index(file)
        except BrokenImageError as error:
            raise ReadError(level, error.problem, error.fix) from error
        except (struct.error, ValueError, OSError) as error:
            raise ReadError(level, DAMAGED, SAVE_AGAIN) from error


@lru_cache(maxsize=_KEPT)
def _read_styles(palette: Path, modified_ns: int, length: int) -> tuple[Rgba, int]:
    try:
        styles = read_styles(palette).styles
    except PaletteError as error:
        raise ReadError(palette, error.problem, error.fix) from error
    trace = next((style.index for style in styles if style.flags & _PAINTED_AWAY), 0)
    return np.array([style.color for style in styles], np.uint8), trace


@lru_cache(maxsize=4096)
def _find_drawn(path: Path, modified_ns: int, length: int) -> tuple[bool, bool]:
    """Find whether a drawing has ink, and paint."""
    index = open_index(path.parent)
    try:
        _, _, codes = decode_box(_read_data(path.parent, index.drawings[read_number(path)]), index.size)
    except BrokenImageError as error:
        raise ReadError(path, error.problem, error.fix) from error
    return bool(((codes & 0xFF) < 0xFF).any()), bool(((codes >> 8) & 0xFFF).any())
