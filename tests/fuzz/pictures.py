"""Targets: image files of each format as they are read into a run.

How much memory the largest pictures take is what tests/media/test_picture_bombs.py measures. Here larger ones than a
megabyte are refused, so that not most of the time goes into filling memory.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import partial

import av
import numpy as np
from av.codec.context import CodecContext

from framecolor import ReadError
from framecolor.media import Mark, Picture, decode, encode_image, still
from framecolor.media.openimageio import encode
from framecolor.media.writers.flat import encode_gray
from framecolor.media.writers.psd import encode_psd
from framecolor.output.cryptomatte import draw_layers, encode_layers, read_layers
from framecolor.output.mattes import MatteIds
from framecolor.output.paint_names import PaintNames
from fuzz.mutate import mutate_png
from fuzz.target import Target, place

_SMALL_PIXELS = 1 << 18
_PERTURB = -6  # M_PERTURB of glibc's malloc.h
_TIFF_WORDS = tuple(struct.pack("<H", tag) for tag in (256, 257, 258, 259, 262, 273, 274, 277, 278, 279, 322, 338))
_EXR_WORDS = (
    b"chunkCount\0",
    b"compression\0",
    b"displayWindow\0",
    b"dataWindow\0",
    b"type\0",
    b"tiles\0",
    b"channels\0",
)
# A DPX has a header of 8192 bytes before its pixels.
_LONGEST = {"dpx": 1 << 14}
# JPEG 2000's boxes, and the markers of its codestream.
_CODE_WORDS = tuple(b"jP  |ftyp|jp2h|ihdr|colr|pclr|cmap|cdef|jp2c".split(b"|")) + tuple(
    bytes([0xFF, code]) for code in (0x4F, 0x51, 0x52, 0x53, 0x5C, 0x5D, 0x64, 0x90, 0x93, 0xD9)
)


def _draw() -> np.ndarray:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (6, 9, 4), np.uint8)
    picture[2:4] = (10, 20, 30, 255)
    return picture


def _encode(codec: str, pixels: str, **options: str) -> bytes:
    """A tiny file by libav's own encoder, for formats and kinds that we do not write."""
    context = CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt = 9, 6, pixels
    context.time_base = Fraction(1, 24)
    context.options = options
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(_draw()), format="rgba")
    if pixels in ("pal8", "monob"):  # swscale makes none of these
        frame = av.VideoFrame(9, 6, pixels)
        for plane in frame.planes:
            plane.update(np.random.default_rng(0).bytes(plane.buffer_size))
    else:
        frame = frame.reformat(format=pixels)
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


def _pngs() -> Iterator[bytes]:
    yield encode_image(_draw(), ".png")
    yield from (_encode("png", pixels) for pixels in ("rgb24", "gray", "ya8", "pal8", "monob", "rgba64be", "gray16be"))


def _tgas() -> Iterator[bytes]:
    yield encode_image(_draw(), ".tga")
    yield from (_encode("targa", pixels, rle="0") for pixels in ("bgr24", "bgra", "gray", "rgb555le"))


def _tiffs() -> Iterator[bytes]:
    yield encode_image(_draw(), ".tif")
    for packing in ("raw", "packbits", "deflate"):
        yield from (_encode("tiff", pixels, compression_algo=packing) for pixels in ("rgb24", "gray", "rgba64le"))
    yield encode(_draw(), ".tif", {"tiff:bigtiff": 1, "compression": "zip", "Orientation": 6})


def _exrs() -> Iterator[bytes]:
    for packing in ("none", "rle", "zip1", "zip16"):
        yield _encode("exr", "gbrapf32le", compression=packing)
    yield _encode("exr", "gbrpf32le", format="half")
    for packing in ("piz", "dwaa"):
        yield encode((_draw() / 255).astype(np.float16), ".exr", {"compression": packing})


def _webps() -> Iterator[bytes]:
    yield _encode("libwebp", "bgra", lossless="1")
    yield _encode("libwebp", "yuv420p")


def _bmps() -> Iterator[bytes]:
    yield from (_encode("bmp", pixels) for pixels in ("bgra", "bgr24", "pal8", "gray", "monob", "rgb555le"))


def _jpegs() -> Iterator[bytes]:
    yield from (_encode("mjpeg", pixels) for pixels in ("yuvj420p", "yuvj444p"))
    yield _encode("mjpeg", "yuvj422p", huffman="default")


def _psds() -> Iterator[bytes]:
    picture = _draw()
    yield encode_psd(Picture(picture))
    yield encode_psd(Picture(picture, picture, picture, (Mark("1: 50% sure", [[1, 1], [4, 1], [4, 4]]),)))
    header = b"8BPS" + struct.pack(">H6xHIIHH12xH", 1, 3, 6, 9, 8, 3, 0)  # three channels that are not packed
    yield header + picture[..., :3].transpose(2, 0, 1).tobytes()
    header = b"8BPS" + struct.pack(">H6xHIIHH12xH", 1, 3, 6, 9, 16, 3, 0)
    yield header + picture[..., :3].transpose(2, 0, 1).astype(">u2").tobytes()


def _gifs() -> Iterator[bytes]:
    colors = np.array([(0, 0, 0, 255), (255, 255, 255, 255), (200, 40, 50, 255)], np.uint8)
    picture = colors[np.arange(54).reshape(6, 9) % 3]
    yield encode(picture, ".gif", {})
    picture[2:4] = 0
    yield encode(picture, ".gif", {"gif:Interlacing": 1})


def _dpxs() -> Iterator[bytes]:
    yield encode(_draw(), ".dpx", {})
    yield encode(_draw().astype(np.uint16) * 257, ".dpx", {"oiio:BitsPerSample": 10})
    yield encode(_draw().astype(np.uint16) * 257, ".dpx", {})


def _sgis() -> Iterator[bytes]:
    for packed in ("0", "1"):
        yield from (_encode("sgi", pixels, rle=packed) for pixels in ("rgba", "rgb24", "gray", "rgb48be"))


def _jpegs_2000() -> Iterator[bytes]:
    yield from (_encode("jpeg2000", pixels, format="jp2", pred="1") for pixels in ("rgb24", "gray"))


def _codestreams() -> Iterator[bytes]:
    yield _encode("jpeg2000", "rgb24", format="j2k", pred="1")


def _mattes() -> Iterator[bytes]:
    ids = np.arange(54, dtype=np.uint16).reshape(6, 9)
    yield encode_gray(ids.astype(np.uint8))
    yield encode_gray(ids * 300)


_FORMATS: tuple[tuple[str, str, Callable[[], Iterator[bytes]], tuple[bytes, ...]], ...] = (
    ("png", ".png", _pngs, (b"IHDR", b"IDAT", b"PLTE", b"tRNS", b"IEND", b"acTL", b"fcTL", b"fdAT", b"iCCP")),
    ("tga", ".tga", _tgas, (b"TRUEVISION-XFILE.\0",)),
    ("tiff", ".tif", _tiffs, _TIFF_WORDS),
    ("exr", ".exr", _exrs, _EXR_WORDS),
    ("webp", ".webp", _webps, (b"VP8X", b"VP8L", b"VP8 ", b"ALPH", b"ANIM", b"ANMF")),
    ("bmp", ".bmp", _bmps, ()),
    ("psd", ".psd", _psds, (b"8BPS", b"8BIM", b"8BIMluni")),
    ("gif", ".gif", _gifs, (b"GIF87a", b"GIF89a", b"NETSCAPE2.0", b"\x21\xf9\x04", b"\x2c")),
    ("dpx", ".dpx", _dpxs, (b"SDPX", b"XPDS", b"V1.0", b"V2.0")),
    ("sgi", ".sgi", _sgis, (b"\x01\xda",)),
    ("jpeg2000", ".jp2", _jpegs_2000, _CODE_WORDS),
    ("codestream", ".j2k", _codestreams, _CODE_WORDS),
    ("jpeg", ".jpg", _jpegs, (b"\xff\xc0", b"\xff\xc2", b"\xff\xc4", b"\xff\xda", b"\xff\xdd", b"\xff\xe0", b"Adobe")),
)


def _feed_picture(data: bytes, suffix: str) -> None:
    still.MAX_PIXELS = _SMALL_PIXELS
    path = place(data, f"picture{suffix}")
    rgba = decode.read_image(path)
    assert rgba.dtype == np.uint8 and rgba.shape == (*decode.image_size(path), 4) and rgba.size
    try:
        assert decode.check_image(path)[0] == rgba.shape[:2]
    except ReadError as error:
        raise AssertionError("what can be read does not pass the check") from error
    with _filled_memory(0x5A):
        once = decode.read_image(path)
    with _filled_memory(0xC3):
        again = decode.read_image(path)
    assert np.array_equal(once, rgba) and np.array_equal(again, rgba), "pixels that nothing in the file decides"


def _feed_matte(data: bytes) -> None:
    still.MAX_PIXELS = _SMALL_PIXELS
    path = place(data, "matte.png")
    ids = decode.read_numbers(path)
    assert ids.dtype == np.uint16 and ids.shape == decode.image_size(path) and ids.size
    for byte in (0x5A, 0xC3):
        with _filled_memory(byte):
            assert np.array_equal(decode.read_numbers(path), ids), "ids that nothing in the file decides"


def _cryptomattes() -> Iterator[bytes]:
    names = PaintNames.make(MatteIds(((1, 2, 3), (4, 5, 6))), [])
    paint = np.arange(54, dtype=np.uint16).reshape(6, 9) % 3
    yield encode_layers(names, draw_layers(names, paint, None, _draw()[..., 3]))


def _feed_cryptomatte(data: bytes) -> None:
    assert read_layers(place(data, "mattes.exr"), (6, 9)).shape == (6, 9, 8)


@contextmanager
def _filled_memory(byte: int) -> Iterator[None]:
    """All memory that is allocated in C is filled with a byte, where the C library can: what is left of it shows."""
    fill = getattr(ctypes.CDLL(None), "mallopt", lambda option, value: 0)
    fill(_PERTURB, byte)
    try:
        yield
    finally:
        fill(_PERTURB, 0)


TARGETS = (
    Target("cryptomatte", "output.cryptomatte.read_layers", _feed_cryptomatte, _cryptomattes, words=_EXR_WORDS),
    Target("matte", "media.read_numbers", _feed_matte, _mattes, mutate=mutate_png, words=(b"IHDR", b"IDAT", b"IEND")),
    *(
        Target(
            name, f"media.read_image ({name})", partial(_feed_picture, suffix=suffix), seeds,
            mutate=mutate_png if name == "png" else None, words=words, most_bytes=_LONGEST.get(name, 4096),
        )
        for name, suffix, seeds, words in _FORMATS
    ),
)  # fmt: skip
