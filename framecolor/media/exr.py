"""The header of an OpenEXR file: its window, and whether all of its pixels are there.

Decoders fill what is missing from a cut-off file with black and say nothing, so this is looked at here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

_TILED, _MULTIPART = 0x200, 0x1000
# Lines per block of each compression: none, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB.
_BLOCK_LINES = (1, 1, 1, 16, 32, 16, 32, 32, 32, 256)
_LONGEST_NAME = 256


@dataclass(frozen=True)
class Part:
    """One part's attributes, as bytes by name."""

    attributes: dict[str, bytes]


def _read_name(file: BinaryIO) -> str:
    name = bytearray()
    while (byte := file.read(1)) != b"\0":
        if not byte or len(name) == _LONGEST_NAME:
            raise ValueError("a name without an end")
        name += byte
    return name.decode("latin-1")


def _read_part(file: BinaryIO) -> Part | None:
    attributes: dict[str, bytes] = {}
    while name := _read_name(file):
        _read_name(file)  # the type, which the name already tells
        (size,) = struct.unpack("<I", file.read(4))
        value = file.read(size)
        if len(value) < size:
            raise ValueError("an attribute is cut off")
        attributes[name] = value
    return Part(attributes) if attributes else None


def read_parts(file: BinaryIO) -> list[Part]:
    """All parts' headers; the file is left at the table of block offsets. ValueError where they are cut off."""
    file.seek(4)
    (version,) = struct.unpack("<I", file.read(4))
    parts: list[Part] = []
    while (part := _read_part(file)) is not None:
        parts.append(part)
        if not version & _MULTIPART:
            break
    if not parts or "displayWindow" not in parts[0].attributes:
        raise ValueError("no display window")
    return parts


def find_gap(data: bytes) -> bool:
    """Whether a block of pixels is missing from the file or cut off."""
    file = BytesIO(data)
    parts = read_parts(file)
    version = struct.unpack_from("<I", data, 4)[0]
    table = file.tell()
    count = _count_blocks(parts, data, table, tiled=bool(version & _TILED))
    if table + 8 * count > len(data):
        return True
    # Before a block's pixels: the part's number (only where there are several), its place, its size in bytes.
    lead = (4 if version & _MULTIPART else 0) + (16 if version & _TILED else 4)
    for offset in struct.unpack_from(f"<{count}Q", data, table):
        if offset < table or offset + lead + 4 > len(data):
            return True
        if version & _MULTIPART:
            continue  # tiles and lines may be mixed: that each block begins has to do
        if offset + lead + 4 + struct.unpack_from("<I", data, offset + lead)[0] > len(data):
            return True
    return False


def _count_blocks(parts: list[Part], data: bytes, table: int, *, tiled: bool) -> int:
    counts = [part.attributes.get("chunkCount") for part in parts]
    if all(counts):
        return sum(struct.unpack("<I", count)[0] for count in counts if count)
    if tiled:  # the first block follows the table
        return max(0, struct.unpack_from("<Q", data, table)[0] - table) // 8
    attributes = parts[0].attributes
    _, top, _, bottom = struct.unpack("<4i", attributes["dataWindow"])
    return -(-(bottom - top + 1) // _BLOCK_LINES[attributes["compression"][0]])
