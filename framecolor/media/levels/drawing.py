"""One drawing of a level (.tlv): its pixels in three parts, and the bytes that hold them.

    4 int32     box of what is drawn: left, bottom (rows count from below), width, height; 0x0 for an empty drawing
    int32       length of the data
    2 float64   dots per inch, horizontally and vertically
    data        width, height and kind (2) as int32, then the box's pixels, compressed by LZO1X

A pixel is 32 bits: style of the ink (12), style of the paint (12), tone (8): 0 is ink alone, 255 paint alone. An icon
has no box and no dpi, but the size of the whole icon.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Box
from framecolor.media.broken import CUT_OFF, DAMAGED, BrokenImageError

if TYPE_CHECKING:
    from lzallright import LZOCompressor

DRAWING_HEAD = struct.Struct("<5i2d")
ICON_HEAD = struct.Struct("<3i")
EMPTY = 0x000000FF
"""A pixel with neither ink nor paint."""

_RASTER = struct.Struct("<3i")
_KIND = 2
_PIXEL_BYTES = 4
_SAVE_AGAIN = "save the level again in OpenToonz or Tahoma2D"
# What compression adds to data that cannot be compressed, and the most that bytes of LZO1X can decode to: a zero
# continues a length by 255, and no other byte adds more than a quarter of a match of 288.
_ADDED_BYTES = 128
_PER_ZERO, _PER_BYTE = 255, 72
_MOST_RATIO, _MOST_DECODED = 128, 1 << 31

Codes = NDArray[np.uint32]
"""Pixels as in the file, uint32 HxW, the top row first."""


@dataclass(frozen=True, eq=False)
class Parts:
    """The pixels of a drawing, each HxW: style of the ink and of the paint (uint16), and tone (uint8)."""

    ink: NDArray[np.uint16]
    paint: NDArray[np.uint16]
    tone: NDArray[np.uint8]

    @classmethod
    def split(cls, codes: Codes) -> Parts:
        """Split pixels as in the file."""
        ink, paint = codes >> 20, (codes >> 8) & 0xFFF
        return cls(ink.astype(np.uint16), paint.astype(np.uint16), codes.astype(np.uint8))

    def join(self) -> Codes:
        """Join them to pixels as in the file; pixels of paint alone have ink 0."""
        ink = np.where(self.tone < 255, self.ink, 0).astype(np.uint32)
        codes = (ink << np.uint32(20)) | (self.paint.astype(np.uint32) << np.uint32(8)) | self.tone
        return codes.astype(np.uint32, copy=False)


def decode_drawing(data: bytes, size: tuple[int, int]) -> Codes:
    """Decode the data of one drawing of a level of `size`, (height, width).

    Raises BrokenImageError if they are cut off or damaged. Takes memory for the drawing, not for what the data claim.
    """
    top, left, box = decode_box(data, size)
    codes = np.full(size, EMPTY, np.uint32)
    codes[top : top + box.shape[0], left : left + box.shape[1]] = box
    return codes


def decode_box(data: bytes, size: tuple[int, int]) -> tuple[int, int, Codes]:
    """Decode the part of a drawing with ink or paint. Returns its top, its left and its pixels. Raises as above."""
    height, width = size
    if len(data) < DRAWING_HEAD.size:
        raise BrokenImageError(CUT_OFF, _SAVE_AGAIN)
    left, bottom, wide, high, length, _, _ = DRAWING_HEAD.unpack_from(data)
    if min(left, bottom, wide, high, length) < 0 or left + wide > width or bottom + high > height:
        raise BrokenImageError(DAMAGED, _SAVE_AGAIN)
    if not wide or not high:
        return 0, 0, np.zeros((0, 0), np.uint32)
    packed = memoryview(data)[DRAWING_HEAD.size :][:length]
    if len(packed) < length:
        raise BrokenImageError(CUT_OFF, _SAVE_AGAIN)
    return height - bottom - high, left, _unpack(packed, (high, wide))


def encode_drawing(codes: Codes, dpi: tuple[float, float]) -> bytes:
    """Encode pixels as the data of a drawing."""
    box = _find_box(codes)
    packed = _pack(box.crop(codes) if box is not None else codes[:0, :0])
    # Rows count from below.
    place = (0, 0, 0, 0)
    if box is not None:
        place = box.left, len(codes) - box.bottom, box.right - box.left, box.bottom - box.top
    return DRAWING_HEAD.pack(*place, len(packed), *dpi) + packed


def encode_icon(codes: Codes, most: tuple[int, int]) -> bytes:
    """Encode the icon of a drawing: of size `most`, (height, width), or of the drawing's if that is smaller.

    OpenToonz stretches a drawing to the icon, computes the place of the icon's box from that of the drawing, rounded
    down, and refuses a box that does not fit there. So cells are counted from below, as rows of the file are.
    """
    upward = codes[::-1]
    size = (min(most[0], codes.shape[0]), min(most[1], codes.shape[1]))
    icon = _shrink(upward, size)
    box = _find_box(icon)
    packed = _pack((icon[:0] if box is None else box.crop(icon))[::-1])
    return ICON_HEAD.pack(size[1], size[0], len(packed)) + packed


def _find_box(codes: Codes) -> Box | None:
    """Find the box around all pixels with ink or paint; None if there are none."""
    drawn = (codes & 0xFFFFF) != EMPTY
    return Box.around(drawn.view(np.uint8)) if drawn.any() else None


def _shrink(codes: Codes, size: tuple[int, int]) -> Codes:
    """Shrink a drawing: a pixel has the ink and paint of the most inked one that it covers, and the mean tone."""
    if codes.shape == size:
        return codes
    starts = [np.arange(small) * large // small for small, large in zip(size, codes.shape, strict=True)]
    # With the tone on top, the least code is that of the most inked pixel.
    turned = ((codes & 0xFF) << 24) | (codes >> 8)
    least = np.minimum.reduceat(np.minimum.reduceat(turned, starts[0], axis=0), starts[1], axis=1)
    sums = np.add.reduceat(np.add.reduceat((codes & 0xFF).astype(np.uint64), starts[0], axis=0), starts[1], axis=1)
    counts = [np.diff([*start, large]) for start, large in zip(starts, codes.shape, strict=True)]
    tone = (sums / np.outer(*counts)).astype(np.uint32)
    return np.asarray(((least << 8) & 0xFFFFFF00) | tone, np.uint32)


def _pack(codes: Codes) -> bytes:
    """Compress pixels; none become one empty pixel, as OpenToonz writes it."""
    pixels = codes if codes.size else np.full((1, 1), EMPTY, np.uint32)
    head = _RASTER.pack(pixels.shape[1], pixels.shape[0], _KIND)
    return head + _open_lzo().compress(np.ascontiguousarray(pixels[::-1], "<u4").tobytes())


def _unpack(packed: memoryview, size: tuple[int, int]) -> Codes:
    """Decompress the pixels of a box of `size`, (height, width)."""
    if len(packed) < _RASTER.size:
        raise BrokenImageError(CUT_OFF, _SAVE_AGAIN)
    wide, high, kind = _RASTER.unpack_from(packed)
    wanted, data = size[0] * size[1] * _PIXEL_BYTES, packed[_RASTER.size :]
    if (high, wide, kind) != (*size, _KIND) or len(data) > wanted + wanted // 16 + _ADDED_BYTES:
        raise BrokenImageError(DAMAGED, _SAVE_AGAIN)
    if wanted > _PER_ZERO * len(data) + _ADDED_BYTES:
        raise BrokenImageError(DAMAGED, _SAVE_AGAIN)  # so few bytes cannot be so many pixels
    zeros = np.count_nonzero(np.frombuffer(data, np.uint8) == 0)
    if _PER_ZERO * zeros + _PER_BYTE * len(data) > min(_MOST_RATIO * wanted + (1 << 16), _MOST_DECODED):
        raise BrokenImageError(DAMAGED, _SAVE_AGAIN)  # a bomb
    try:
        pixels = _open_lzo().decompress(data, wanted)
    except Exception as error:  # of lzallright, which is imported late
        raise BrokenImageError(DAMAGED, _SAVE_AGAIN) from error
    if len(pixels) != wanted:
        raise BrokenImageError(DAMAGED, _SAVE_AGAIN)
    return np.frombuffer(pixels, "<u4").reshape(size)[::-1]


@lru_cache(maxsize=1)
def _open_lzo() -> LZOCompressor:
    from lzallright import LZOCompressor

    return LZOCompressor()
