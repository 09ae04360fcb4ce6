"""The tags of a TIFF file: its size, what its alpha means, whether all of its pixels are there."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from framecolor.media.broken import CUT_OFF, BrokenImageError

_WIDTH, _HEIGHT, _BITS, _PACKING, _MEANING = 256, 257, 258, 259, 262
_STRIP_OFFSETS, _ORIENTATION, _SAMPLES, _STRIP_ROWS, _STRIP_SIZES = 273, 274, 277, 278, 279
_PLANES, _TILE_WIDTH, _EXTRA_SAMPLES = 284, 322, 338
# Of a file's tags only these are kept: thousands of others may all point to the same megabytes.
_READ_TAGS = frozenset(
    {_WIDTH, _HEIGHT, _BITS, _PACKING, _MEANING, _STRIP_OFFSETS, _ORIENTATION, _SAMPLES, _STRIP_ROWS, _STRIP_SIZES}
    | {_PLANES, _TILE_WIDTH, _EXTRA_SAMPLES}
)
_ASSOCIATED_ALPHA = 1
_DEFLATE, _LZMA = (8, 32946), 34925
_SEPARATE_PLANES = 2
_YCBCR = 6
_INFLATED_AT_ONCE = 1 << 20

# The tags that decide pixels. The decoder gets no others: when it is told to be strict about damaged pixels,
# it is strict about tags that it does not know as well.
_PIXEL_TAGS = frozenset(
    {256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 347} | {529, 530, 531, 532}
)
_ITEM_TYPES = {1: "u1", 3: "u2", 4: "u4"}
_ENTRY_BYTES = 12


@dataclass(frozen=True)
class Tags:
    """The first page's entries: tag -> its numbers, of those tags that are looked at here."""

    values: dict[int, tuple[int, ...]]
    position: int
    order: str

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels; ValueError when the file does not say."""
        if not self.values.get(_HEIGHT) or not self.values.get(_WIDTH):
            raise ValueError("no size")
        return self.values[_HEIGHT][0], self.values[_WIDTH][0]

    @property
    def premultiplied(self) -> bool:
        """Whether the colors are multiplied with alpha ("associated alpha")."""
        return _ASSOCIATED_ALPHA in self.values.get(_EXTRA_SAMPLES, ())

    @property
    def floats(self) -> bool:
        """Whether its samples have 32 bits."""
        return self._value(_BITS, 1) > 16

    def check(self, length: int) -> None:
        """Raise BrokenImageError when pixels lie outside of a file of `length` bytes, or libav would misplace them."""
        if _TILE_WIDTH in self.values:
            raise BrokenImageError("TIFF in tiles is not read", "write it in strips, or as PNG")
        if self.values.get(_ORIENTATION, (1,))[0] not in (0, 1):
            raise BrokenImageError("a TIFF that is to be shown turned or mirrored is not read", "write it upright")
        offsets, sizes = (np.array(self.values.get(tag, ()), np.int64) for tag in (_STRIP_OFFSETS, _STRIP_SIZES))
        if not len(offsets) or (len(sizes) == len(offsets) and (offsets + sizes).max() > length):
            raise BrokenImageError(CUT_OFF)
        if self._value(_PACKING, 1) == _LZMA or (self._value(_PACKING, 1) in _DEFLATE and self._is_ycbcr):
            raise BrokenImageError("a TIFF that is packed in this way is not read", "write it with LZW")

    def check_strips(self, data: bytes) -> None:
        """Raise BrokenImageError where a strip that is packed by deflate holds less than its rows.

        libav takes what happens to be in memory for what is missing there, and says nothing.
        """
        if self._value(_PACKING, 1) not in _DEFLATE:
            return
        height, width = self.size
        separate = self._value(_PLANES, 1) == _SEPARATE_PLANES
        samples = 1 if separate else self._value(_SAMPLES, 1)
        row_bytes = -(-width * samples * self._value(_BITS, 1) // 8)
        rows = min(self._value(_STRIP_ROWS, height) or height, height)
        strips = list(zip(self.values[_STRIP_OFFSETS], self.values.get(_STRIP_SIZES, ()), strict=True))
        for number, (offset, size) in enumerate(strips):
            first = number * rows % (-(-height // rows) * rows)
            needed = min(rows, height - first) * row_bytes
            if _measure_inflated(data[offset : offset + size], needed) < needed:
                raise BrokenImageError(CUT_OFF)

    def _value(self, tag: int, default: int) -> int:
        """A tag's first number."""
        return (self.values.get(tag) or (default,))[0]

    @property
    def _is_ycbcr(self) -> bool:
        return self._value(_MEANING, 0) == _YCBCR


def read_tags(file: BinaryIO) -> Tags:
    """The entries of a TIFF's first page. Raises ValueError or struct.error where they are cut off."""
    file.seek(0)
    order = "<" if file.read(4)[:2] == b"II" else ">"
    (position,) = struct.unpack(order + "I", file.read(4))
    file.seek(position)
    (count,) = struct.unpack(order + "H", file.read(2))
    table = file.read(count * _ENTRY_BYTES)
    if len(table) < count * _ENTRY_BYTES:
        raise ValueError("the table of tags is cut off")
    values: dict[int, tuple[int, ...]] = {}
    for start in range(0, len(table), _ENTRY_BYTES):
        tag, kind, number = struct.unpack_from(order + "HHI", table, start)
        if tag not in _READ_TAGS or tag in values or kind not in _ITEM_TYPES or number > 1 << 22:
            continue
        dtype = np.dtype(order + _ITEM_TYPES[kind])
        data = table[start + 8 : start + 12]
        if number * dtype.itemsize > len(data):
            file.seek(struct.unpack(order + "I", data)[0])
            data = file.read(number * dtype.itemsize)
        values[tag] = tuple(np.frombuffer(data, dtype, number).tolist())
    return Tags(values, position, order)


def _measure_inflated(packed: bytes, most: int) -> int:
    """How many bytes deflated ones hold, counted up to about `most`; zlib.error where they are damaged."""
    inflater, found = zlib.decompressobj(), 0
    while found < most:
        block = inflater.decompress(packed, _INFLATED_AT_ONCE)
        packed = inflater.unconsumed_tail
        if not block:
            break
        found += len(block)
    return found


def keep_pixel_tags(data: bytes, tags: Tags) -> bytes:
    """The same file with one page and only those tags that decide its pixels."""
    out = bytearray(data)
    first = tags.position + 2
    (count,) = struct.unpack_from(tags.order + "H", out, tags.position)
    entries = [data[at : at + _ENTRY_BYTES] for at in range(first, first + count * _ENTRY_BYTES, _ENTRY_BYTES)]
    kept = [entry for entry in entries if struct.unpack(tags.order + "H", entry[:2])[0] in _PIXEL_TAGS]
    table = struct.pack(tags.order + "H", len(kept)) + b"".join(kept) + bytes(4)
    out[tags.position : tags.position + len(table)] = table
    return bytes(out)
