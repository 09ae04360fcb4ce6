"""Read tags of a TIFF's first page that OpenImageIO does not give: the meaning of alpha, and where the pixels are."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

_EXTRA_SAMPLES, _ASSOCIATED = 338, 1
_PLACES = ((273, 279), (324, 325))  # (offsets, byte counts) of strips and of tiles
_BIG = 43
_ITEMS = {1: "u1", 3: "u2", 4: "u4", 16: "u8"}  # TIFF's type -> NumPy's


def is_premultiplied(data: bytes) -> bool:
    """Tell whether the file declares its colors as multiplied with alpha."""
    return _ASSOCIATED in _read_numbers(data, _EXTRA_SAMPLES)


def is_whole(data: bytes) -> bool:
    """Tell whether all strips or tiles end within the file; False if their tags are missing."""
    for places in _PLACES:
        offsets, counts = (_read_numbers(data, tag) for tag in places)
        if len(offsets) and len(offsets) == len(counts):
            return bool(counts.all() and (offsets + counts).max() <= len(data))
    return False


def _read_numbers(data: bytes, tag: int) -> NDArray[np.float64]:
    """Read a tag's numbers, as floats, which do not overflow; empty if it is missing or cut off.

    Raises struct.error if the page is cut off.
    """
    order = "<" if data.startswith(b"II") else ">"
    big = struct.unpack_from(order + "H", data, 2) == (_BIG,)
    start, number, count, first, inside = (8, "Q", "Q", 8, 8) if big else (4, "I", "H", 2, 4)
    entry = struct.Struct(f"{order}HH{number}")
    (page,) = struct.unpack_from(order + number, data, start)
    (entries,) = struct.unpack_from(order + count, data, page)
    for k in range(entries):
        at = page + first + k * (entry.size + inside)
        found, kind, length = entry.unpack_from(data, at)
        if found == tag and kind in _ITEMS:
            item = np.dtype(order + _ITEMS[kind])
            at += entry.size
            if length * item.itemsize > inside:
                (at,) = struct.unpack_from(order + number, data, at)
            if at + length * item.itemsize <= len(data):
                return np.frombuffer(data, item, length, at).astype(np.float64)
    return np.zeros(0)
