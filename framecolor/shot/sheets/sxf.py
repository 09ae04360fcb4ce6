"""SXF: the exposure sheet of RETAS STUDIO (Stylos, PaintMan), which OpenToonz reads and writes as well.

Big-endian: "WBSC" and a version, then blocks of 0xFF, an id, the length of the content (uint32) and the content:

    1  properties: uint16 7, uint32 frames, uint32 layers, uint16 frames a second, scene, cut, ...
    2  a memo: uint16 length, text, uint32 large letters or not
    3  the columns of key drawings (ACTION), 4 those of all drawings (CELL); of each column
       uint32 length, uint16 length of its name, name, uint32 visible, uint32, and for each frame
       uint16 mark (1 a drawing, 2 and 4 inbetween marks, 8 nothing) and the drawing's number as eight digits and zeros
    5  sound, 6 dialogue, 7 symbols and texts, of an unknown layout
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from framecolor.core.text import plain_name
from framecolor.errors import InputError, ReadError
from framecolor.shot.sheets.exposure_sheet import Sheet, Track, check_size, expose

SIGNATURE = b"WBSC"

_EXPORT_AGAIN = "save it again, or export it as XDTS or CSV"
_PROPERTIES, _MEMO, _KEYS, _CELS, _SOUND, _DIALOGUE, _SYMBOLS = range(1, 8)
_NOTHING = 8
_CELL = struct.Struct(">H8s")
# Lengths of the blocks that a sheet without sound, dialogue and symbols has; that of sound follows from its frames.
_EMPTY_DIALOGUE, _EMPTY_SYMBOLS = 2, 8


class _Column(NamedTuple):
    name: str
    visible: bool
    cells: list[tuple[int, str]]


def parse_sxf(data: bytes, path: Path) -> Sheet:
    """Parse a file's bytes; errors name `path`.

    The columns of all drawings count, or those of the key drawings if they are empty. Raises ReadError if the file is
    cut off or damaged, InputError if it has no drawings.
    """
    if not data.startswith(SIGNATURE):
        raise ReadError(path, 'is no SXF sheet: it does not begin with "WBSC"', _EXPORT_AGAIN)
    try:
        blocks = dict(_read_blocks(data))
        _, frames, _, fps = struct.unpack_from(">HIIH", blocks[_PROPERTIES])
        keys, cels = (list(_read_columns(blocks.get(block, b""))) for block in (_KEYS, _CELS))
    except (struct.error, ValueError, KeyError):
        raise ReadError(path, "is cut off, or damaged", _EXPORT_AGAIN) from None
    check_size(path, frames, max(len(keys), len(cels)))
    columns = cels if any(_has_drawing(column) for column in cels) else keys
    tracks = [_expose(column, position, frames) for position, column in enumerate(columns, 1) if _has_drawing(column)]
    if not tracks or not frames:
        raise InputError(path, "has no column with drawings", "save the sheet of the cels")
    unused = ["the columns of key drawings (ACTION)"] if columns is cels and any(map(_has_drawing, keys)) else []
    unused += _list_unused(blocks)
    memo = _read_memo(blocks.get(_MEMO, b""))
    rate = float(fps) if 1 <= fps <= 1000 else None
    return Sheet(path, frames, tuple(tracks), rate, tuple(unused), (f"memo: {memo}",) if memo else ())


def _read_blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Read (id, content) of each block. Raises struct.error or ValueError if the file is damaged."""
    at = 8
    while at < len(data):
        start, block, length = struct.unpack_from(">BBI", data, at)
        at += 6
        if start != 0xFF or at + length > len(data):
            raise ValueError
        yield block, data[at : at + length]
        at += length


def _read_columns(block: bytes) -> Iterator[_Column]:
    """Read the columns of a block. Raises struct.error or ValueError if it is damaged."""
    at = 0
    while at < len(block):
        length, named = struct.unpack_from(">IH", block, at)
        at += 4
        column = block[at : at + length]
        if len(column) < length or named + 10 > length or (length - named - 10) % _CELL.size:
            raise ValueError
        visible, _ = struct.unpack_from(">II", column, 2 + named)
        cells = [(mark, _decode(digits).strip()) for mark, digits in _CELL.iter_unpack(column[10 + named :])]
        yield _Column(_decode(column[2 : 2 + named]), visible != 0, cells)
        at += length


def _decode(text: bytes) -> str:
    """Decode text up to its first zero: in UTF-8, or in code page 932 as on Japanese Windows."""
    text = text.split(b"\0", 1)[0]
    for encoding in ("utf-8", "cp932"):
        try:
            return text.decode(encoding)
        except UnicodeDecodeError:
            continue
    return text.decode("utf-8", "replace")


def _has_drawing(column: _Column) -> bool:
    return any(digits for _, digits in column.cells)


def _expose(column: _Column, position: int, frames: int) -> Track:
    changes: list[tuple[int, str | None]] = []
    for frame, (mark, digits) in enumerate(column.cells):
        if digits or mark & _NOTHING:
            changes.append((frame, digits or None))
    return replace(expose(column.name.strip() or f"track {position}", changes, frames), hidden=not column.visible)


def _read_memo(block: bytes) -> str:
    length = struct.unpack_from(">H", block)[0] if len(block) > 1 else 0
    return plain_name(" ".join(_decode(block[2 : 2 + length]).split()))


def _list_unused(blocks: dict[int, bytes]) -> Sequence[str]:
    sound = blocks.get(_SOUND, b"")[4:]
    found = ["sound"] if any(sound) else []
    found += ["dialogue"] if len(blocks.get(_DIALOGUE, b"")) > _EMPTY_DIALOGUE else []
    return found + (["symbols and texts"] if len(blocks.get(_SYMBOLS, b"")) > _EMPTY_SYMBOLS else [])
