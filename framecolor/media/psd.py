"""The sections of a Photoshop file: its size, whether its merged image is whole, and what that was laid over.

The merged image is what a file looks like; its layers are not looked at here.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from framecolor.media.broken import CUT_OFF, BrokenImageError

_RGB, _DEPTH = 3, 8
_RAW, _RUN_LENGTHS = 0, 1
_HEADER_BYTES = 26
_SECTIONS = 3  # colors of indexed files, resources, layers: each is as long as its first four bytes say


def read_size(file: BinaryIO) -> tuple[int, int]:
    """(height, width) in pixels. Raises BrokenImageError for kinds that are not read, struct.error where cut off."""
    file.seek(0)
    version, channels, height, width, depth, mode = struct.unpack(">4xH6xHIIHH", file.read(_HEADER_BYTES))
    if version != 1 or mode != _RGB or depth != _DEPTH or channels not in (3, 4):
        raise BrokenImageError("only PSD of 8-bit RGB, with or without transparency, is read", "convert it, or use PNG")
    return height, width


def check(data: bytes) -> None:
    """Raise BrokenImageError when the merged image is missing or cut off, struct.error when the file ends before."""
    channels, height, width = struct.unpack_from(">HII", data, 12)
    position = _HEADER_BYTES
    for _ in range(_SECTIONS):
        position += 4 + struct.unpack_from(">I", data, position)[0]
    (packing,) = struct.unpack_from(">H", data, position)
    position += 2
    needed = channels * height * width
    if packing == _RUN_LENGTHS:
        rows = channels * height
        needed = 2 * rows + int(np.frombuffer(data, ">u2", rows, position).sum(dtype=np.int64))
    elif packing != _RAW:
        raise BrokenImageError("the merged image is packed in a way that is not read", "write the file again")
    if position + needed > len(data):
        raise BrokenImageError(CUT_OFF)


def take_out_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Straight colors of a merged image, uint8 HxWx4, which Photoshop lays over white where it is half transparent.

    Laid over white again they give the same image.
    """
    out = rgba.copy()
    soft = (out[..., 3] > 0) & (out[..., 3] < 255)
    alpha = out[soft, 3:].astype(np.int32)
    color = out[soft, :3].astype(np.int32) - (255 - alpha)
    out[soft, :3] = np.clip((2 * 255 * color + alpha) // np.maximum(2 * alpha, 1), 0, 255)
    return out
