"""PNG with a palette: a byte a pixel, and every color exactly as it is."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from framecolor.media.writers.flat import encode_flat
from framecolor.runs import Runs

_MOST_COLORS = 256
_INDEXED = 3
_LEVEL = 6


def encode_indexed(rgba: NDArray[np.uint8]) -> bytes:
    """A PNG of uint8 HxWx4 straight RGBA with up to 256 entries of RGBA, in the order of their values.

    No color is ever changed: a frame of more colors (soft lines over many paints) becomes a plain 32-bit PNG.
    """
    runs = Runs.pack(np.ascontiguousarray(rgba).view(np.uint32)[..., 0])
    colors, index = np.unique(runs.values, return_inverse=True)
    if len(colors) > _MOST_COLORS:
        return encode_flat(rgba, "png")
    pixels = np.repeat(index.ravel().astype(np.uint8), runs.lengths).reshape(runs.shape)
    table = np.ascontiguousarray(colors.astype(np.uint32)).view(np.uint8).reshape(-1, 4)
    height, width = pixels.shape
    rows = np.zeros((height, width + 1), np.uint8)  # a zero before each row: it is not filtered
    rows[:, 1:] = pixels
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, _INDEXED, 0, 0, 0))]
    chunks.append((b"PLTE", table[:, :3].tobytes()))
    if (table[:, 3] < 255).any():
        chunks.append((b"tRNS", table[:, 3].tobytes()))
    chunks += [(b"IDAT", zlib.compress(rows.tobytes(), _LEVEL)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_pack_chunk(name, data) for name, data in chunks)


def _pack_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
