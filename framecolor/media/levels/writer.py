"""Write a level (.tlv) of version 14, which all versions of OpenToonz and Tahoma2D read."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from framecolor.core.drawing_number import order_number
from framecolor.core.files import name_draft, put_in_place
from framecolor.errors import OutputError
from framecolor.media.levels.drawing import Codes, encode_drawing, encode_icon
from framecolor.media.levels.index import CREATOR_BYTES, MOST_DRAWINGS
from framecolor.version import VERSION

ICON_SIZE = (60, 80)
"""(height, width) of the icons, as OpenToonz writes them by default."""

_MAGIC = b"TLV14B1a"
_HEAD = struct.Struct("<6i4s")
_HEAD_BYTES = 16  # from the width on, as OpenToonz counts it
_ENTRY = struct.Struct("<ic2i")

Table = list[tuple[int, int, int]]


def write_level(
    path: Path,
    size: tuple[int, int],
    numbers: Iterable[int],
    read: Callable[[int], Codes],
    dpi: tuple[float, float],
) -> None:
    """Write a level of the drawings `numbers`, atomically, with icons. One drawing is in memory at a time.

    size  (height, width) of all drawings
    read  returns the pixels of a drawing, uint32 HxW

    Raises OutputError if it cannot be written, or has too many drawings or bytes for a level.
    """
    wanted = sorted(numbers)
    if not 0 < len(wanted) <= MOST_DRAWINGS:
        problem = f"{len(wanted)} drawings are not the 1 to {MOST_DRAWINGS} that a level holds"
        raise OutputError(path, problem, "choose fewer with --frames, or another --format")
    draft = name_draft(path)
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as file:
                _write(file, size, wanted, read, dpi)
            put_in_place(draft, path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except struct.error:  # a place beyond 31 bits
        raise OutputError(path, "the level would be larger than 2 GiB", "choose another --format") from None
    except OSError as error:
        fix = "check that the folder may be written to and has room, or choose another one with -o"
        raise OutputError(path, f"the file cannot be written ({error.strerror or error})", fix) from error


def _write(
    file: BinaryIO,
    size: tuple[int, int],
    numbers: list[int],
    read: Callable[[int], Codes],
    dpi: tuple[float, float],
) -> None:
    def head(drawings_at: int, icons_at: int) -> bytes:
        creator = f"framecolor {VERSION}".encode()[: CREATOR_BYTES - 1].ljust(CREATOR_BYTES, b"\0")
        numbers_of_head = (_HEAD_BYTES, size[1], size[0], len(numbers), drawings_at, icons_at)
        return _MAGIC + creator + _HEAD.pack(*numbers_of_head, b"LZO ")

    file.write(head(0, 0))
    drawings: Table = []
    icons: Table = []
    for number in numbers:
        codes = read(number)
        for table, data in ((drawings, encode_drawing(codes, dpi)), (icons, encode_icon(codes, ICON_SIZE))):
            table.append((number, file.tell(), len(data)))
            file.write(data)
    places = []
    for table in (drawings, icons):
        places.append(file.tell())
        file.write(b"".join(_format_entry(*entry) for entry in table))
    file.seek(0)
    file.write(head(*places))


def _format_entry(number: int, at: int, length: int) -> bytes:
    plain, letter = order_number(number)
    return _ENTRY.pack(int(plain), letter.encode() or b"\0", at, length)
