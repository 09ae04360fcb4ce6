"""One image file -> straight 8-bit RGBA."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeVar

import av
import numpy as np
import xxhash
from av.codec.context import CodecContext
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from framecolor.core.files import open_file
from framecolor.errors import ReadError
from framecolor.media import exr, psd, tiff
from framecolor.media.broken import CUT_OFF, DAMAGED, BrokenImageError
from framecolor.media.headers import Header, read_header
from framecolor.media.pixels import Pixels, convert_bands, convert_frame, copy_gray
from framecolor.media.png import decode_png

MAX_PIXELS = 1 << 28
"""Larger images are refused from their header: a few bytes can claim to be terabytes.

16000x16000: 16K fits. Reading one takes at most 4 GiB, its 1 GiB of RGBA among them, however small the file; of EXR
and other floats, which libav decodes to 16 bytes a pixel, five eighths as many pixels are read (15360x8640 fits).
"""

# libav counts pixels with so many at each edge, and reads no 2**28 of them.
_EDGE_PX = 128

Array = TypeVar("Array", Pixels, NDArray[np.uint16])
Content = TypeVar("Content")

_MAX_BYTES = (1 << 31) - 1
_HASH_BLOCK_BYTES = 1 << 20
_PNG_END = b"IEND\xaeB`\x82"
_JPEG_END = b"\xff\xd9"
_TGA_END = b"TRUEVISION-XFILE.\0"
_TGA_RUN_LENGTH_KINDS = (9, 10, 11)
_LONGEST_TGA_PACKET = 1 + 128 * 4
_BLOCK_PX = 64
_EXPORT_AGAIN = "write the file again"


def read_image(path: str | Path) -> Pixels:
    """The pixels of a PNG, TGA, TIFF, EXR, WebP, BMP, JPEG or PSD file: straight RGBA, uint8 HxWx4.

    8-bit RGB, grey, palette and 1-bit files come out exactly (JPEG and lossy WebP as near as their YUV allows);
    16 bits are rounded to the nearest of 8; EXR is taken as linear light and encoded as sRGB; colors that are
    multiplied with alpha (EXR, TIFF with associated alpha) are divided by it. Alpha is 255 where a file has none.
    Of several pages or pictures the first is read, of a PSD its merged image (8-bit RGB). Safe to call from several
    threads at once.
    Raises ReadError when the file is missing, not an image, cut off, damaged or larger than `MAX_PIXELS`.
    """
    return _read(Path(path), _decode)


@dataclass(frozen=True, eq=False, repr=False)
class ImageFile:
    """An image whose file was read once, as a whole; hash: XXH3-128 of its bytes, in hex."""

    path: Path
    hash: str
    _data: bytes
    _header: Header

    def decode(self) -> Pixels:
        """The pixels, uint8 HxWx4 straight RGBA. Raises ReadError as `read_image`."""
        return _decode_whole(self.path, self._data, self._header, _decode)


def open_image(path: str | Path, size: tuple[int, int], role: str) -> ImageFile:
    """Read the file of a shot's drawing or key (`role`), without decoding it.

    Raises ReadError as `read_image`, also where it is not of `size`, (height, width): a few bytes can claim to be
    gigabytes of pixels.
    """
    path = Path(path)
    with _open(path) as file:
        header = _check_header(path, file)
        if (header.height, header.width) != size:
            problem = f"the {role} is {header.width}x{header.height}, the shot is {size[1]}x{size[0]}"
            raise ReadError(path, problem, "write it again at the shot's size")
        file.seek(0)
        data = file.read()
    return ImageFile(path, xxhash.xxh3_128_hexdigest(data), data, header)


def check_image(path: str | Path) -> tuple[tuple[int, int], str]:
    """(height, width) in pixels of an image, and the hash of its file, which is read to its end but not decoded.

    Raises ReadError as `read_image` does where the file is missing, no image, too large, or lacks its end. What only
    decoding finds passes, as damage in its middle.
    """
    path = Path(path)
    header, data = _read_file(path)
    _decode_whole(path, data, header, lambda whole, _: whole)
    return (header.height, header.width), xxhash.xxh3_128_hexdigest(data)


def read_numbers(path: str | Path) -> NDArray[np.uint16]:
    """The numbers of a PNG of one channel of 8 or 16 bits, as they are: uint16 HxW.

    Raises ReadError as `read_image` does, and for any other kind of image.
    """
    return _read(Path(path), lambda data, header: copy_gray(_decode_frame(data, header)))


def _read(path: Path, decode: Callable[[bytes, Header], Array]) -> Array:
    header, data = _read_file(path)
    return _decode_whole(path, data, header, decode)


def _read_file(path: Path) -> tuple[Header, bytes]:
    with _open(path) as file:
        header = _check_header(path, file)
        file.seek(0)
        return header, file.read()


def _decode_whole(path: Path, data: bytes, header: Header, decode: Callable[[bytes, Header], Content]) -> Content:
    try:
        return decode(_check_whole(data, header), header)
    except BrokenImageError as error:
        raise ReadError(path, error.problem, error.fix) from error
    except (FFmpegError, ValueError, LookupError, OverflowError, struct.error, zlib.error) as error:
        raise ReadError(path, DAMAGED, _EXPORT_AGAIN) from error


def image_size(path: str | Path) -> tuple[int, int]:
    """(height, width) in pixels, from the file's header alone. Raises ReadError as `read_image` does."""
    path = Path(path)
    with _open(path) as file:
        header = _check_header(path, file)
    return header.height, header.width


def hash_file(path: Path) -> str:
    """XXH3-128 of a file's bytes, in hex. Raises ReadError when it cannot be read."""
    digest = xxhash.xxh3_128()
    with _open(path) as file:
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _open(path: Path) -> BinaryIO:
    try:
        return open_file(path)
    except FileNotFoundError:
        raise ReadError(path, "there is no such file", "check the name") from None
    except IsADirectoryError:
        raise ReadError(path, "this is a folder, not an image", "name an image file") from None
    except OSError as error:
        problem = f"the file cannot be read ({error.strerror or error})"
        raise ReadError(path, problem, "check its permissions and the disk") from None


def _check_header(path: Path, file: BinaryIO) -> Header:
    try:
        length = file.seek(0, 2)
        if length == 0:
            raise ReadError(path, "the file is empty", _EXPORT_AGAIN)
        header = read_header(file, path.suffix)
    except BrokenImageError as error:
        raise ReadError(path, error.problem, error.fix) from error
    except OSError as error:
        problem = f"the file cannot be read ({error.strerror or error})"
        raise ReadError(path, problem, "check its permissions and the disk") from error
    if header is None:
        fix = "export it as PNG, TGA, TIFF or EXR"
        raise ReadError(path, "this is not an image that can be read, or its header is damaged", fix)
    most = MAX_PIXELS * 5 // 8 if header.floats else MAX_PIXELS
    if length > _MAX_BYTES:
        raise ReadError(path, "the file is larger than 2 GiB", "write it again, compressed")
    if (header.width + _EDGE_PX) * (header.height + _EDGE_PX) >= most:
        problem = f"{header.width}x{header.height} pixels are more than the {most} that are read"
        raise ReadError(path, problem, "scale it down, or write the file again if it is smaller than that")
    return header


def _check_whole(data: bytes, header: Header) -> bytes:
    """The bytes to decode. Raises BrokenImageError where libav would fill what is missing and say nothing."""
    whole = True
    if header.codec == "png":
        whole = _PNG_END in data[-4096:] or _PNG_END in data
    elif header.codec == "mjpeg":
        whole = _JPEG_END in data[-4096:]
    elif header.codec == "exr":
        exr.check(data)
    elif header.codec == "psd":
        psd.check(data)
    elif header.codec == "tiff":
        tags = tiff.read_tags(BytesIO(data))
        tags.check(len(data))
        tags.check_strips(data)
        data = tiff.keep_pixel_tags(data, tags)
    elif header.codec == "targa" and data[2] in _TGA_RUN_LENGTH_KINDS and not data.endswith(_TGA_END):
        # A last packet that is cut off reads whatever follows the file: two endings give two images then.
        endings = (bytes(_LONGEST_TGA_PACKET), b"\x55" * _LONGEST_TGA_PACKET)
        whole = len({xxhash.xxh3_128_digest(_decode(data + ending, header).data) for ending in endings}) == 1
    if not whole:
        raise BrokenImageError(CUT_OFF)
    return data


def _decode(data: bytes, header: Header) -> Pixels:
    if header.codec == "png" and (pixels := decode_png(data)) is not None:
        return pixels
    rgba = convert_frame(_decode_frame(data, header), premultiplied=header.premultiplied)
    if header.over_white:
        merged = rgba
        rgba = convert_bands(merged, lambda band: psd.take_out_white(merged[band]))
    if header.alpha_unused and not rgba[..., 3].any():
        rgba[..., 3] = 255
    return rgba


def _decode_frame(data: bytes, header: Header) -> av.VideoFrame:
    context = CodecContext.create(header.codec, "r")
    assert isinstance(context, VideoCodecContext)
    # Callers decode several files at once: threads inside of one file would only get in their way.
    context.thread_count = 1
    # What is inside may claim to be larger than the header. Some codecs allocate whole blocks.
    most = (header.width + _BLOCK_PX) * (header.height + _BLOCK_PX)
    context.options = {"err_detect": "crccheck+bitstream+buffer+explode", "max_pixels": str(most)}
    packet = av.Packet(data)
    frames = context.decode(packet) or context.decode(None)
    if not frames or frames[0].is_corrupt or (frames[0].width, frames[0].height) != (header.width, header.height):
        raise BrokenImageError(DAMAGED)
    return frames[0]
