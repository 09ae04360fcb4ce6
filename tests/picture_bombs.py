"""Small files of large pictures: of one color, so that they pack to a thousandth and less of what they unpack to."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import numpy as np
from av.codec.context import CodecContext


def pack_png(width: int, height: int, kind: int = 6, depth: int = 8) -> bytes:
    """A PNG of zeros; `kind` is PNG's own number for gray (0), RGB (2) or RGBA (6)."""
    row_bytes = 1 + -(-width * {0: 1, 2: 3, 6: 4}[kind] * depth // 8)
    packed = _deflate(row_bytes * height)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)),
        (b"IDAT", packed),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def pack_tiff(width: int, height: int) -> bytes:
    """A TIFF of 16-bit RGBA zeros in one strip, packed by deflate."""
    packed = _deflate(8 * width * height)
    values = {256: width, 257: height, 258: 16, 259: 8, 262: 2, 273: 8, 277: 4, 278: height, 279: len(packed), 338: 2}
    table = b""
    for tag, value in values.items():
        # Four samples' bits do not fit into an entry; they lie behind the table.
        count, value = (4, 8 + len(packed) + 2 + 12 * len(values) + 4) if tag == 258 else (1, value)
        table += struct.pack("<HHII", tag, 3 if tag == 258 else 4, count, value)
    ending = struct.pack("<H", len(values)) + table + bytes(4) + struct.pack("<4H", 16, 16, 16, 16)
    return b"II*\0" + struct.pack("<I", 8 + len(packed)) + packed + ending


def pack_tga(width: int, height: int) -> bytes:
    """A run-length packed TGA of 32 bits a pixel; `width` is a multiple of 128."""
    head = struct.pack("<BBBHHBHHHHBB", 0, 0, 10, 0, 0, 0, 0, 0, width, height, 32, 8)
    return head + b"\xff\1\2\3\xff" * (width // 128 * height)


def pack_webp(width: int, height: int) -> bytes:
    """A lossless WebP of one color, at most 16384 pixels a side: its pixels take no bits at all."""
    small = bytearray(_encode("libwebp", "bgra", np.full((8, 8, 4), 200, np.uint8), lossless="1"))
    at = small.index(b"VP8L") + 9
    (bits,) = struct.unpack_from("<I", small, at)
    struct.pack_into("<I", small, at, bits >> 28 << 28 | height - 1 << 14 | width - 1)
    return bytes(small)


def pack_jpeg(width: int, height: int) -> bytes:
    """A JPEG as libav packs it, with all of its colors."""
    return _encode("mjpeg", "yuvj444p", np.zeros((height, width, 4), np.uint8))


def pack_exr(width: int, height: int) -> bytes:
    """An OpenEXR of 32-bit floats, of 16 lines a block, all of them the same block."""
    small = _encode("exr", "gbrapf32le", np.zeros((16, width, 4), np.uint8), compression="zip16")
    window = struct.pack("<4i", 0, 0, width - 1, 15)
    head = small.replace(window, struct.pack("<4i", 0, 0, width - 1, height - 1))
    (table,) = (at for at in range(len(small) - 8) if small[at : at + 8] == struct.pack("<Q", at + 8))
    block = small[table + 8 :]
    blocks = -(-height // 16)
    start = table + 8 * blocks
    offsets = b"".join(struct.pack("<Q", start + number * len(block)) for number in range(blocks))
    lines = (struct.pack("<i", 16 * number) + block[4:] for number in range(blocks))
    return head[:table] + offsets + b"".join(lines)


PACKERS: dict[str, Callable[[int, int], bytes]] = {
    "png-1": lambda width, height: pack_png(width, height, 0, 1),
    "png-rgba": pack_png,
    "png-rgba64": lambda width, height: pack_png(width, height, 6, 16),
    "tiff-rgba64": pack_tiff,
    "tga": pack_tga,
    "webp": pack_webp,
    "jpeg": pack_jpeg,
    "exr": pack_exr,
}


def _deflate(count: int) -> bytes:
    """So many zeros, packed."""
    packer, block = zlib.compressobj(1), bytes(1 << 24)

    def blocks() -> Iterator[bytes]:
        for start in range(0, count, len(block)):
            yield packer.compress(block[: count - start])
        yield packer.flush()

    return b"".join(blocks())


def _encode(codec: str, pixels: str, picture: np.ndarray, **options: str) -> bytes:
    context = CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt = picture.shape[1], picture.shape[0], pixels
    context.time_base = Fraction(1, 24)
    context.options = options
    frame = av.VideoFrame.from_ndarray(picture, format="rgba").reformat(format=pixels)
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
