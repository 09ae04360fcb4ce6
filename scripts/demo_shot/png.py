"""Small PNG files without loss: a palette where 256 colors do, RGBA else. The same pixels give the same bytes."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def write_png(path: Path, rgba: NDArray[np.uint8]) -> None:
    """Write uint8 HxWx4 straight RGBA; what is fully transparent comes back as black."""
    pixels = np.where(rgba[..., 3:] > 0, rgba, 0).astype(np.uint8)
    height, width = pixels.shape[:2]
    colors, index = np.unique(pixels.reshape(-1, 4).view(np.uint32).ravel(), return_inverse=True)
    if len(colors) <= 256:
        table = colors.view(np.uint8).reshape(-1, 4)
        header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
        extra = _chunk(b"PLTE", table[:, :3].tobytes()) + _chunk(b"tRNS", table[:, 3].tobytes())
        rows = np.hstack([np.zeros((height, 1), np.uint8), index.reshape(height, width).astype(np.uint8)])
    else:
        header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
        extra = b""
        rows = _filtered(pixels)
    body = _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + extra + body + _chunk(b"IEND", b""))


def _filtered(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Rows with the PNG filter (none, sub, up) that leaves the fewest non-zero bytes in each."""
    height, width = pixels.shape[:2]
    flat = pixels.reshape(height, width * 4)
    left = np.hstack([np.zeros((height, 4), np.uint8), flat[:, :-4]])
    above = np.vstack([np.zeros((1, width * 4), np.uint8), flat[:-1]])
    candidates = np.stack([flat, flat - left, flat - above])
    best = (candidates != 0).sum(2).argmin(0).astype(np.uint8)
    return np.hstack([best[:, None], candidates[best, np.arange(height)]])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
