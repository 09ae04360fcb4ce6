"""Read image files as straight 8-bit RGBA."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import xxhash
from av.error import FFmpegError
from numpy.typing import NDArray

from framecolor.core.files import open_file
from framecolor.errors import ReadError
from framecolor.media.bmp import open_bmp
from framecolor.media.broken import DAMAGED, BrokenImageError
from framecolor.media.levels.member import is_level, is_member, open_packed, read_packed
from framecolor.media.libav import decode_frame
from framecolor.media.openimageio import open_still
from framecolor.media.pixels import Pixels, copy_gray
from framecolor.media.png import drop_metadata, open_png
from framecolor.media.still import Still
from framecolor.media.tga import is_tga, open_tga

SIDE_SUFFIXES = frozenset(
    {".psd", ".psb", ".gif", ".dpx", ".sgi", ".rgb", ".rgba", ".bw", ".jp2", ".j2k", ".j2c", ".jpf", ".jpx"}
)
"""Endings, in lower case, of files that often lie beside those that are meant: work files, previews, scans."""

_USUAL_SUFFIXES = frozenset({".png", ".tga", ".tif", ".tiff", ".exr", ".webp", ".bmp", ".jpg", ".jpeg"})
IMAGE_SUFFIXES = SIDE_SUFFIXES | _USUAL_SUFFIXES
"""Endings, in lower case, of the files that are read as drawings and keys."""

PAINTED_SUFFIXES = _USUAL_SUFFIXES | {".psd"}
"""Endings, in lower case, of painted frames."""

LINE_LAYERS = frozenset({"line", "lines", "line art", "lineart", "ink", "線画", "主線", "線", "実線"})
"""Names of the layer of a PSD, in lower case, that is read as the drawing, instead of all layers together."""

_NOT_READ = """
    .apng .avif .heic .heif .jxl .jpe .jfif .jif .dib .ico .svg .svgz .ai .eps .ps .pdf .pbm .pgm .ppm .pnm .pcx .iff
    .hdr .cin .pic .rla .dds .fits .dng .cr2 .cr3 .nef .arw .raw .clip .lip .csp .kra .ora .xcf .sai .sai2 .mdp .mdz
    .procreate .afphoto .afdesign .aseprite .ase .pdn .pxd .sketch .tlv .pli .cel .dga .tvp .tvpp .tvpaint .fla .xfl
    .tnz .scn .blend .zip .rar .7z
"""

PICTURE_SUFFIXES = IMAGE_SUFFIXES | frozenset(_NOT_READ.split())
"""Endings, in lower case, of files that hold pictures or drawings, whether they are read or not."""

# Ending of a format's files -> their signature. The content decides the format, not the name.
_SIGNATURES = {
    ".png": rb"\x89PNG\r\n\x1a\n",
    ".tif": rb"II[*+]\0|MM\0[*+]",
    ".exr": rb"v/1\x01",
    ".webp": rb"RIFF....WEBP",
    ".bmp": rb"BM....\0\0\0\0",
    ".jpg": rb"\xff\xd8\xff",
    ".psd": rb"8BPS",
    ".gif": rb"GIF8[79]a",
    ".dpx": rb"SDPX|XPDS",
    ".sgi": rb"\x01\xda[\0\x01][\x01\x02]",
    ".jp2": rb"\0\0\0\x0cjP  \r\n\x87\n",
    ".j2k": rb"\xff\x4f\xff\x51",
}
_LONGEST_SIGNATURE = 16
_MAX_BYTES = (1 << 31) - 1
_HASH_BLOCK_BYTES = 1 << 20
_EXPORT_AGAIN = "write the file again"


def read_image(path: str | Path) -> Pixels:
    """Read a PNG, TGA, TIFF, EXR, WebP, BMP, JPEG, PSD, GIF, DPX, SGI or JPEG 2000 file as straight RGBA, uint8 HxWx4.

    8-bit RGB, grey, palette and 1-bit files are exact (JPEG and lossy WebP as near as their YUV allows); 16 bits are
    rounded to 8; floats, as in EXR, are linear light and encoded as sRGB; premultiplied colors (EXR, TIFF with
    associated alpha) are divided by alpha. Alpha is 255 if missing. The orientation tag of TIFF, JPEG and WebP is
    applied; of an EXR the display window is read. Of several pages or pictures the first is read, of a PSD its merged
    image, of a drawing of a level (`media.levels.member`) its lines over its paint. Thread safe. Raises ReadError if
    the file is missing, not an image, cut off, damaged or larger than `still.MAX_PIXELS`.
    """
    path = Path(path)
    with _open_still(path, _read_file(path)) as still:
        return still.decode()


@dataclass(frozen=True, eq=False, repr=False)
class ImageFile:
    """A shot's drawing or key: the bytes of its file, not yet decoded.

    hash  XXH3-128 of the bytes, in hex
    size  (height, width) that the image must have
    role  drawing or key, for messages
    """

    path: Path
    hash: str
    size: tuple[int, int]
    role: str
    _data: bytes

    def decode(self) -> Pixels:
        """Decode the pixels: uint8 HxWx4 straight RGBA. Of a drawing as PSD only its layer of LINE_LAYERS, if it has
        one, and of one in a level only its lines.

        Raises ReadError as `read_image`, and, before decoding, if the image is not of `size`: a file of a few bytes can
        claim gigabytes of pixels.
        """
        with _open_still(self.path, self._data, _choose_layers(self.role)) as still:
            if still.size != self.size:
                (height, width), (wanted_height, wanted_width) = still.size, self.size
                problem = f"the {self.role} is {width}x{height}, the shot is {wanted_width}x{wanted_height}"
                raise ReadError(self.path, problem, "write it again at the shot's size")
            return still.decode()


def open_image(path: str | Path, size: tuple[int, int], role: str) -> ImageFile:
    """Read the file of a shot's drawing or key (`role`), which must be of `size`, without decoding it.

    Raises ReadError if it is missing or cannot be read.
    """
    path = Path(path)
    data = _read_file(path)
    return ImageFile(path, xxhash.xxh3_128_hexdigest(data), size, role, data)


def read_role(path: str | Path, role: str) -> Pixels:
    """Read an image of any size as `ImageFile.decode` does: of a drawing, only its lines. Raises as `read_image`."""
    path = Path(path)
    with _open_still(path, _read_file(path), _choose_layers(role)) as still:
        return still.decode()


def decode_bytes(path: str | Path, data: bytes, accept: Callable[[tuple[int, int]], None]) -> Pixels:
    """Decode the bytes of an image that is not on disk, uint8 HxWx4 straight RGBA; `path` names it in errors.

    accept  is called with its (height, width) before anything is decoded, and may raise

    Raises ReadError as `read_image`.
    """
    if not data:
        raise ReadError(path, "the file is empty", _EXPORT_AGAIN)
    with _open_still(Path(path), data) as still:
        accept(still.size)
        return still.decode()


def _choose_layers(role: str) -> Collection[str]:
    return LINE_LAYERS if role == "drawing" else ()


def check_image(path: str | Path) -> tuple[tuple[int, int], str]:
    """Check that an image is not cut off; return its (height, width) in pixels and the hash of its file.

    Raises ReadError as `read_image` if it is missing, not an image, too large or cut off. Damage inside may pass, as
    PNG, BMP, most TIFF, and TGA with a footer are not decoded.
    """
    path = Path(path)
    data = _read_file(path)
    with _open_still(path, data) as still:
        still.check()
        return still.size, xxhash.xxh3_128_hexdigest(data)


def read_numbers(path: str | Path) -> NDArray[np.uint16]:
    """Read the numbers of a PNG with one channel of 8 or 16 bits, unscaled: uint16 HxW.

    Raises ReadError as `read_image`, and for any other kind of image.
    """
    path = Path(path)
    data = _read_file(path)
    with _open_still(path, data) as still:
        still.check()
        return copy_gray(decode_frame("png", drop_metadata(data), still.size))


def image_size(path: str | Path) -> tuple[int, int]:
    """Read an image's (height, width) in pixels from its header. Raises ReadError as `read_image`."""
    path = Path(path)
    with _open_still(path, _read_file(path)) as still:
        return still.size


def hash_file(path: Path) -> str:
    """Compute XXH3-128 of a file's bytes, in hex. Raises ReadError if it cannot be read."""
    if is_member(path):
        return xxhash.xxh3_128_hexdigest(read_packed(path))
    digest = xxhash.xxh3_128()
    with _open(path) as file:
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def looks_like_image(path: Path) -> bool:
    """Tell whether a file begins as an image does that is read, whatever its name; not if it cannot be opened."""
    try:
        with open_file(path) as file:
            return bool(_find_kind(file.read(_LONGEST_SIGNATURE)))
    except OSError:
        return False


def _find_kind(data: bytes) -> str:
    """Find the ending of the format that a file's bytes begin as; "" if unknown."""
    return next((suffix for suffix, pattern in _SIGNATURES.items() if re.match(pattern, data, re.DOTALL)), "")


@contextmanager
def _open_still(path: Path, data: bytes, layers: Collection[str] = ()) -> Iterator[Still]:
    """Open the image in a file's bytes, and turn BrokenImageError and the libraries' errors into ReadError."""
    suffix = _find_kind(data)
    try:
        if is_member(path):
            yield open_packed(data, ink_alone=bool(layers))
        elif suffix == ".png":
            yield open_png(data)
        elif suffix == ".bmp":
            yield open_bmp(data)
        elif suffix:
            with open_still(data, suffix, layers) as still:
                yield still
        elif path.suffix.lower() == ".tga" and is_tga(data):
            yield open_tga(data)
        elif is_level(path):
            raise ReadError(path, "this is a level, not a single picture", "export the drawing as PNG or TGA")
        else:
            problem = "this is not an image that can be read, or its header is damaged"
            raise ReadError(path, problem, "export it as PNG, TGA, TIFF or EXR")
    except BrokenImageError as error:
        raise ReadError(path, error.problem, error.fix) from error
    except (FFmpegError, ValueError, LookupError, OverflowError, struct.error) as error:
        raise ReadError(path, DAMAGED, _EXPORT_AGAIN) from error
    except OSError as error:
        problem = f"there is no room for a temporary copy of it ({error.strerror or error})"
        raise ReadError(path, problem, "make room on that disk, or set TMPDIR") from error


def _read_file(path: Path) -> bytes:
    if is_member(path):
        return read_packed(path)
    with _open(path) as file:
        try:
            length = file.seek(0, 2)
            file.seek(0)
            if length > _MAX_BYTES:
                raise ReadError(path, "the file is larger than 2 GiB", "write it again, compressed")
            data = file.read()
        except OSError as error:
            raise _unreadable(path, error) from error
    if not data:
        raise ReadError(path, "the file is empty", _EXPORT_AGAIN)
    return data


def _open(path: Path) -> BinaryIO:
    try:
        return open_file(path)
    except FileNotFoundError:
        raise ReadError(path, "there is no such file", "check the name") from None
    except IsADirectoryError:
        raise ReadError(path, "this is a folder, not an image", "name an image file") from None
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> ReadError:
    problem = f"the file cannot be read ({error.strerror or error})"
    return ReadError(path, problem, "check its permissions and the disk")
