"""The header of an OpenEXR file: its window, and whether all of its pixels are there.

Decoders fill what is missing from a cut-off file with black and say nothing, so this is looked at here.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import BinaryIO

from framecolor.media.broken import CUT_OFF, BrokenImageError

_TILED, _MULTIPART = 0x200, 0x1000
# Lines per block of each compression: none, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB.
_BLOCK_LINES = (1, 1, 1, 16, 32, 16, 32, 32, 32, 256)
_DWA, _FLOAT = (8, 9), 2
_LONGEST_NAME = 256


Part = dict[str, bytes]
"""One part's attributes, as bytes by name."""


def _read_name(file: BinaryIO) -> str:
    name = bytearray()
    while (byte := file.read(1)) != b"\0":
        if not byte or len(name) == _LONGEST_NAME:
            raise ValueError("a name without an end")
        name += byte
    return name.decode("latin-1")


def _read_part(file: BinaryIO) -> Part | None:
    attributes: Part = {}
    while name := _read_name(file):
        _read_name(file)  # the type, which the name already tells
        (size,) = struct.unpack("<I", file.read(4))
        value = file.read(size)
        if len(value) < size:
            raise ValueError("an attribute is cut off")
        attributes[name] = value
    return attributes or None


def read_parts(file: BinaryIO) -> list[Part]:
    """All parts' headers; the file is left at the table of block offsets. ValueError where they are cut off."""
    file.seek(4)
    (version,) = struct.unpack("<I", file.read(4))
    parts: list[Part] = []
    while (part := _read_part(file)) is not None:
        parts.append(part)
        if not version & _MULTIPART:
            break
    if not parts or "displayWindow" not in parts[0]:
        raise ValueError("no display window")
    return parts


def check(data: bytes) -> None:
    """Raise BrokenImageError when a block of pixels is missing or cut off, or libav would decode them wrongly."""
    file = BytesIO(data)
    parts = read_parts(file)
    for part in parts:
        if part["compression"][0] in _DWA and _has_float_channel(part["channels"]):
            problem = "EXR of 32-bit floats with DWA compression is not read"
            raise BrokenImageError(problem, "write it with ZIP compression or as half")
    version = struct.unpack_from("<I", data, 4)[0]
    table = file.tell()
    count = _count_blocks(parts, data, table, tiled=bool(version & _TILED))
    if table + 8 * count > len(data):
        raise BrokenImageError(CUT_OFF)
    for offset in struct.unpack_from(f"<{count}Q", data, table):
        if offset < table or _find_block_end(data, offset, parts, version) > len(data):
            raise BrokenImageError(CUT_OFF)


def _find_block_end(data: bytes, offset: int, parts: list[Part], version: int) -> int:
    """Where a block of pixels ends; beyond the file when it is cut off."""
    tiled = bool(version & _TILED)
    if version & _MULTIPART:
        if offset + 4 > len(data):
            return offset + 4
        tiled = parts[struct.unpack_from("<I", data, offset)[0]].get("type", b"").startswith(b"tiled")
        offset += 4
    offset += 16 if tiled else 4  # the tile's or line's place
    return offset + 4 + (struct.unpack_from("<I", data, offset)[0] if offset + 4 <= len(data) else 0)


def _has_float_channel(channels: bytes) -> bool:
    file = BytesIO(channels)
    while _read_name(file):
        if struct.unpack("<I", file.read(16)[:4])[0] == _FLOAT:
            return True
    return False


def _count_blocks(parts: list[Part], data: bytes, table: int, *, tiled: bool) -> int:
    counts = [part["chunkCount"] for part in parts if "chunkCount" in part]
    if len(counts) == len(parts):
        return sum(struct.unpack("<I", count)[0] for count in counts)
    if tiled:  # the first block follows the table
        return max(0, struct.unpack_from("<Q", data, table)[0] - table) // 8
    _, top, _, bottom = struct.unpack("<4i", parts[0]["dataWindow"])
    return -(-(bottom - top + 1) // _BLOCK_LINES[parts[0]["compression"][0]])
