"""What an image file says about itself: its codec and size, from a few hundred bytes and without decoding."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from framecolor.media import exr, psd, tiff
from framecolor.media.broken import CUT_OFF, BrokenImageError

IMAGE_SUFFIXES = frozenset({".png", ".tga", ".tif", ".tiff", ".exr", ".webp", ".bmp", ".jpg", ".jpeg"})
"""Endings, in lower case, of the files that are taken as drawings and keys."""

PAINTED_SUFFIXES = IMAGE_SUFFIXES | {".psd"}
"""Endings, in lower case, of all files that `read_image` reads: those, and what is written with layers."""


_PLAIN_BMP_PACKINGS = (0, 3)  # no compression, and none with bit masks
_GREY_TGA_KINDS = (3, 11)


@dataclass(frozen=True)
class Header:
    """Codec (libav's name) and size in pixels of one image file, what its alpha means, and whether it holds floats."""

    codec: str
    width: int
    height: int
    premultiplied: bool = False
    over_white: bool = False
    alpha_unused: bool = False
    floats: bool = False


def read_header(file: BinaryIO, suffix: str) -> Header | None:
    """The header of an image; None when the file is none of the formats that are read here.

    The format is told by content, not by name; only TGA, which has no signature, also needs its ending (`suffix`).
    Raises BrokenImageError when the format is known but the header is cut off or senseless.
    """
    file.seek(0)
    start = file.read(32)
    parse = _find_parser(start, suffix)
    if parse is None:
        return None
    try:
        header = parse(file, start)
    except (struct.error, LookupError, OverflowError, ValueError) as error:
        raise BrokenImageError("the file is cut off or damaged in its header") from error
    if header.width < 1 or header.height < 1:
        raise BrokenImageError(f"the file says that the image is {header.width}x{header.height} pixels")
    return header


_Parser = Callable[[BinaryIO, bytes], Header]


def _find_parser(start: bytes, suffix: str) -> _Parser | None:
    if start[:8] == b"\x89PNG\r\n\x1a\n":
        return _parse_png
    if start[:4] in (b"II*\0", b"MM\0*"):
        return _parse_tiff
    if start[:4] == b"\x76\x2f\x31\x01":
        return _parse_exr
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return _parse_webp
    if start[:2] == b"BM" and start[6:10] == b"\0\0\0\0":
        return _parse_bmp
    if start[:3] == b"\xff\xd8\xff":
        return _parse_jpeg
    if start[:4] == b"8BPS":
        return _parse_psd
    return _parse_tga if suffix.lower() == ".tga" and _is_tga(start) else None


def _parse_png(_file: BinaryIO, start: bytes) -> Header:
    if start[12:16] != b"IHDR":
        raise ValueError("no IHDR")
    width, height = struct.unpack(">II", start[16:24])
    return Header("png", width, height)


def _parse_tiff(file: BinaryIO, _start: bytes) -> Header:
    tags = tiff.read_tags(file)
    height, width = tags.size
    return Header("tiff", width, height, premultiplied=tags.premultiplied, floats=tags.floats)


def _parse_exr(file: BinaryIO, _start: bytes) -> Header:
    parts = exr.read_parts(file)
    left, top, right, bottom = struct.unpack("<4i", parts[0]["displayWindow"])
    return Header("exr", right - left + 1, bottom - top + 1, premultiplied=True, floats=True)


def _parse_psd(file: BinaryIO, _start: bytes) -> Header:
    height, width = psd.read_size(file)
    return Header("psd", width, height, over_white=True)


def _parse_webp(_file: BinaryIO, start: bytes) -> Header:
    kind = start[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(start[24:27], "little") + 1
        return Header("webp", width, struct.unpack("<I", start[27:30] + b"\0")[0] + 1)
    if kind == b"VP8L":
        bits = struct.unpack("<I", start[21:25])[0]
        return Header("webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    width, height = struct.unpack("<HH", start[26:30])
    return Header("webp", width & 0x3FFF, height & 0x3FFF)


def _parse_bmp(file: BinaryIO, start: bytes) -> Header:
    if struct.unpack("<I", start[14:18])[0] == 12:  # the header of OS/2 1.x
        width, height = struct.unpack("<HH", start[18:22])
    else:
        width, height, _, depth, packing = struct.unpack("<iiHHH", start[18:32])
        row_bytes = (width * depth + 31) // 32 * 4
        (offset,) = struct.unpack("<I", start[10:14])
        if packing in _PLAIN_BMP_PACKINGS and file.seek(0, 2) < offset + row_bytes * abs(height):
            raise BrokenImageError(CUT_OFF)
    return Header("bmp", width, abs(height))


def _parse_jpeg(file: BinaryIO, _start: bytes) -> Header:
    file.seek(2)
    while True:
        marker, kind, length = struct.unpack(">BBH", file.read(4))
        if marker != 0xFF:
            raise ValueError("no marker where one has to be")
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">xHH", file.read(5))
            return Header("mjpeg", width, height)
        file.seek(length - 2, 1)


def _is_tga(start: bytes) -> bool:
    """Whether the 18 bytes of a TGA header hold values that a TGA header can have."""
    if len(start) < 18:
        return False
    color_map, kind, depth = start[1], start[2], start[16]
    return color_map in (0, 1) and kind in (1, 2, 3, 9, 10, 11) and depth in (8, 15, 16, 24, 32)


def _parse_tga(_file: BinaryIO, start: bytes) -> Header:
    width, height, depth, descriptor = struct.unpack("<HHBB", start[12:18])
    if start[2] in _GREY_TGA_KINDS and depth != 8:
        raise BrokenImageError("TGA of grey with alpha is not read", "write it as RGBA or PNG")
    # The low four bits count the alpha bits; 0 with 32 bits a pixel means that the fourth byte says nothing.
    return Header("targa", width, height, alpha_unused=depth == 32 and not descriptor & 15)
