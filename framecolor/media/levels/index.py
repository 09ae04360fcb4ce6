"""Read the head of a level (.tlv) of OpenToonz and Tahoma2D: its size, and where each drawing is in the file.

    8 bytes     TLV10B1a to TLV15B1a
    40 bytes    name of the program, since version 14
    int32       length of the following head, width, height, number of drawings
    2 int32     places of the table of drawings and of the table of icons, since version 11
    4 bytes     "LZO ", the compression

An entry of a table is the number of a drawing (int32), its letter (one byte, 0 for none; since version 15 a text after
its length as int32), the place of its data (int32) and, in later versions, their length (int32). In version 10 there is
no table: drawings 1, 2, ... follow each other. All numbers are little endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from framecolor.core.drawing_number import make_number
from framecolor.media.broken import CUT_OFF, BrokenImageError
from framecolor.media.levels.drawing import DRAWING_HEAD
from framecolor.media.still import check_size

SAVE_AGAIN = "save the level again in OpenToonz or Tahoma2D"
CREATOR_BYTES = 40
MOST_DRAWINGS = 60_000
"""OpenToonz's own limit."""

_VERSIONS = {b"TLV1%d" % digit: 10 + digit for digit in range(6)}
_MAGIC_BYTES = 8
_LONGEST_SUFFIX = 64
_INT = struct.Struct("<i")


@dataclass(frozen=True)
class LevelIndex:
    """The head of a level.

    size      (height, width) of its drawings, in pixels
    drawings  number of each drawing -> place of its data in the file, by number
    icons     number of each drawing -> place of its icon; empty before version 13
    """

    version: int
    size: tuple[int, int]
    drawings: dict[int, int]
    icons: dict[int, int]


def read_index(file: BinaryIO) -> LevelIndex:
    """Read the head and the tables of a level. Raises BrokenImageError; reads no more than they take."""
    file.seek(0)
    version = _VERSIONS.get(file.read(_MAGIC_BYTES)[:5])
    if version is None:
        raise BrokenImageError("this is not a level of OpenToonz that can be read, or its head is damaged", SAVE_AGAIN)
    length = file.seek(0, 2)
    file.seek(_MAGIC_BYTES + (CREATOR_BYTES if version >= 14 else 0))
    _, width, height, count = struct.unpack("<4i", _take(file, 16))
    drawings_at, icons_at = struct.unpack("<2i", _take(file, 8)) if version > 10 else (0, 0)
    codec = _take(file, 4)
    check_size((height, width))
    if not 0 < count <= MOST_DRAWINGS:
        raise BrokenImageError(f"the level claims {count} drawings", SAVE_AGAIN)
    if codec != b"LZO ":
        raise BrokenImageError(f"the level is compressed by {codec!r}, and only LZO is read", SAVE_AGAIN)
    if version == 10:
        return LevelIndex(version, (height, width), dict(_walk(file, count, length)), {})
    drawings = _read_table(file, drawings_at, count, version, length)
    icons = _read_table(file, icons_at, count, version, length) if version >= 13 else {}
    return LevelIndex(version, (height, width), dict(sorted(drawings.items())), icons)


def _walk(file: BinaryIO, count: int, length: int) -> Iterator[tuple[int, int]]:
    """Find the drawings of version 10, which follow each other."""
    at = file.tell()
    for number in range(1, count + 1):
        file.seek(at)
        head = DRAWING_HEAD.unpack(_take(file, DRAWING_HEAD.size))
        yield number, at
        at += DRAWING_HEAD.size + max(0, head[4])
        if at > length:
            raise BrokenImageError(CUT_OFF, SAVE_AGAIN)


def _read_table(file: BinaryIO, at: int, count: int, version: int, length: int) -> dict[int, int]:
    """Read a table of `count` entries: number -> place."""
    if not 0 < at < length:
        raise BrokenImageError(f"{CUT_OFF}, or was not saved to its end: it has no table of drawings", SAVE_AGAIN)
    file.seek(at)
    longest = 12 + (4 + _LONGEST_SUFFIX if version >= 15 else 1)
    table = BytesIO(file.read(count * longest))
    found: dict[int, int] = {}
    for _ in range(count):
        number = _INT.unpack(_take(table, 4))[0]
        number = _join(number, _read_suffix(table, version))
        place = _INT.unpack(_take(table, 4))[0]
        if version >= 12:
            _take(table, 4)
        if not 0 < place < length:
            raise BrokenImageError(f"{CUT_OFF} or damaged: drawing {number} lies outside of it", SAVE_AGAIN)
        if number in found:
            raise BrokenImageError(f"two of its drawings have the number {number}", "renumber them in OpenToonz")
        found[number] = place
    return found


def _read_suffix(table: BinaryIO, version: int) -> bytes:
    if version < 15:
        return _take(table, 1).rstrip(b"\0")
    size = _INT.unpack(_take(table, 4))[0]
    if not 0 <= size <= _LONGEST_SUFFIX:
        raise BrokenImageError("its table of drawings is damaged", SAVE_AGAIN)
    return _take(table, size).rstrip(b"\0")


def _join(number: int, suffix: bytes) -> int:
    """Make the number of a drawing. Raises BrokenImageError if it has none, or more than one letter."""
    fix = "renumber its drawings in OpenToonz, such as 1, 2, 2a"
    if number < 0:
        raise BrokenImageError("it has a drawing without a number", fix)
    try:
        return make_number(number, suffix.decode("ascii"))
    except ValueError:
        shown = suffix.decode("utf-8", "backslashreplace")
        raise BrokenImageError(f"its drawing {number}{shown!r:.20} has more than one letter", fix) from None


def _take(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise BrokenImageError(CUT_OFF, SAVE_AGAIN)
    return data
