"""Read TIFF, EXR, WebP, JPEG, PSD, GIF, DPX, SGI and JPEG 2000, and write TGA, TIFF and EXR, with OpenImageIO.

It reads only from paths with a format's ending: the bytes go into a temporary file, which is unlinked once it is open.
It is imported when it is first needed, as PNG does without it.

Measured on one core with 1920x1080 pixels: LZW TIFF 24 ms, PSD 58.
"""

from __future__ import annotations

import os
import re
import struct
import sys
import tempfile
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from framecolor.errors import OutputError
from framecolor.media import tiff
from framecolor.media.broken import DAMAGED, BrokenImageError
from framecolor.media.libav import decode_frame
from framecolor.media.light import divide_by_alpha, encode_light, round_again
from framecolor.media.pixels import Pixels, convert_bands, convert_frame, to_rgba, turn_pixels
from framecolor.media.still import MAX_FLOAT_PIXELS, Still, check_size

if TYPE_CHECKING:
    from OpenImageIO import ImageInput, ImageSpec

# For the whole process. Callers decode several files in parallel: more threads for each would only slow that down. And
# a damaged file is not tried as each of twenty other formats.
_ATTRIBUTES = {"threads": 1, "exr_threads": 1, "try_all_readers": 0}

_FLOATS = {"half": "half", "float": "float", "double": "float"}  # type in the file -> type that it is read as
_NOT_PACKED, _DEFLATE, _PALETTE = 1, 8, 3  # values of TIFF's tags
# TIFF's byte order -> its tag of deflate under the older number, and under the one whose checksums are checked.
_OLD_DEFLATE = {
    b"II": (b"\x03\x01\x03\0\1\0\0\0\xb2\x80", b"\x03\x01\x03\0\1\0\0\0\x08\0"),
    b"MM": (b"\x01\x03\0\x03\0\0\0\1\x80\xb2", b"\x01\x03\0\x03\0\0\0\1\0\x08"),
}
# Resource 1057 of a Photoshop file: its length, a version, and a flag that there is no merged image.
_NO_MERGED_IMAGE = re.compile(rb"8BIM\x04\x21\0\0.{8}\0", re.DOTALL)
_CODESTREAM = b"\xff\x4f\xff\x51"  # how that of JPEG 2000 begins
_TURNED = (".tif", ".jpg", ".webp")
# EXIF's orientation -> whether rows are columns, and the steps through rows and columns that show it upright.
_TURNS = {
    2: (False, 1, -1), 3: (False, -1, -1), 4: (False, -1, 1),
    5: (True, 1, 1), 6: (True, 1, -1), 7: (True, -1, -1), 8: (True, -1, 1),
}  # fmt: skip


@cache
def _load() -> Any:
    import OpenImageIO as oiio  # noqa: N813 (as in its own documentation)

    for name, value in _ATTRIBUTES.items():
        oiio.attribute(name, value)
    return oiio


@contextmanager
def open_still(data: bytes, suffix: str, layers: Collection[str] = ()) -> Iterator[Still]:
    """Open the image of a file of the format `suffix`: the first of several pages, or the merged image of a PSD.

    layers  names of layers, in lower case, of which a PSD's first is read alone, if it has one
    Raises BrokenImageError if its header is damaged or of a kind that is not read, OSError if there is no room for a
    temporary file.
    """
    oiio = _load()
    if suffix == ".psd" and _NO_MERGED_IMAGE.search(data):
        problem = "the PSD holds layers alone, and no image of what they look like together"
        raise BrokenImageError(problem, "save it with 'Maximize compatibility'")
    if suffix in (".gif", ".jp2", ".j2k"):
        check_size(_read_size(data, suffix))  # their readers take memory for all pixels when they open a file
    if suffix == ".tif":
        data = data.replace(*_OLD_DEFLATE[data[:2]])
    config = oiio.ImageSpec()
    config.attribute("oiio:UnassociatedAlpha", 1)
    with ExitStack() as names:
        path = Path(names.enter_context(tempfile.TemporaryDirectory(prefix="framecolor-")), f"image{suffix}")
        path.write_bytes(data)
        file = oiio.ImageInput.open(str(path), config)
        if os.name == "posix":
            names.close()  # an open file needs no name, and a run that is killed then leaves no file
        if file is None:
            oiio.geterror()  # an error that is not fetched is printed when the process ends
            raise BrokenImageError(DAMAGED)
        try:
            layer = _find_layer(file, layers) if suffix == ".psd" and layers else None
            picture = _Picture(file, data, suffix, layer)
            yield Still(picture.size, picture.decode, picture.check)
        finally:
            file.geterror()
            file.close()


def _find_layer(file: ImageInput, names: Collection[str]) -> tuple[int, int, int] | None:
    """Turn to the first layer of a PSD with one of these names. Returns its index, and the merged height and width.

    None if there is no such layer: then it turns to the merged image.
    """
    size = file.spec().height, file.spec().width
    index = 1  # the merged image is 0
    while file.seek_subimage(index, 0):
        name = file.spec().getattribute("oiio:subimagename")
        if isinstance(name, str) and unicodedata.normalize("NFC", name).strip().casefold() in names:
            return index, *size
        index += 1
    file.geterror()
    file.seek_subimage(0, 0)
    return None


def _read_size(data: bytes, suffix: str) -> tuple[int, int]:
    """Read the (height, width) that the header of a GIF or JPEG 2000 file claims. Raises BrokenImageError."""
    try:
        if suffix == ".gif":
            width, height = struct.unpack_from("<HH", data, 6)
        else:
            right, bottom, left, top = struct.unpack_from(">IIII", data, data.index(_CODESTREAM) + 8)
            width, height = right - left, bottom - top
    except (ValueError, struct.error):
        raise BrokenImageError(DAMAGED) from None
    return height, width


def encode(pixels: NDArray[Any], suffix: str, attributes: Mapping[str, Any], channels: Sequence[str] = ()) -> bytes:
    """Encode pixels, uint8, uint16, float16 or float32 HxWxC, as the bytes of a file; deterministic.

    attributes  OpenImageIO's, name -> value or (type, value)
    channels    their C names; RGBA if not given
    Raises OutputError if there is no room for it.
    """
    oiio = _load()
    kind = {"float16": "half", "float32": "float"}.get(pixels.dtype.name, pixels.dtype.name)
    spec = oiio.ImageSpec(pixels.shape[1], pixels.shape[0], pixels.shape[2], kind)
    if channels:
        spec.channelnames = tuple(channels)
    spec.attribute("DateTime", "")  # the default is the time of writing
    for name, value in attributes.items():
        spec.attribute(name, *(value if isinstance(value, tuple) else (value,)))
    try:
        with _make_file() as path:
            out = oiio.ImageOutput.create(suffix[1:])
            if not (out.open(str(path), spec) and out.write_image(pixels) and out.close()):
                raise OSError(out.geterror())
            return path.read_bytes()
    except OSError as error:
        problem = f"a frame cannot be encoded in memory or in this folder ({error.strerror or error})"
        raise OutputError(tempfile.gettempdir(), problem, "make room there, or set TMPDIR") from error


def read_channels(path: Path, channels: Sequence[str], size: tuple[int, int]) -> NDArray[np.float32]:
    """Read channels of an EXR file by their names, as stored, float32 HxWxC.

    Raises BrokenImageError, also if its size is not `size`, (height, width).
    """
    file = None
    try:
        file = _load().ImageInput.open(str(path))
        if file is None:
            _load().geterror()
            raise BrokenImageError(DAMAGED)
        spec = file.spec()
        if (spec.height, spec.width) != size or spec.deep:
            raise BrokenImageError(f"it is {spec.width}x{spec.height}, not {size[1]}x{size[0]}")
        names = list(spec.channelnames)
        if missing := [name for name in channels if name not in names]:
            raise BrokenImageError(f"it has no channel {missing[0]}")
        pixels = file.read_image(0, 0, 0, len(names), "float")
        if pixels is None or file.geterror():
            raise BrokenImageError(DAMAGED)
        return np.ascontiguousarray(pixels[..., [names.index(name) for name in channels]])
    except UnicodeDecodeError:  # of a damaged name, or of the error about it
        raise BrokenImageError(DAMAGED) from None
    finally:
        if file is not None:
            file.close()


@contextmanager
def _make_file() -> Iterator[Path]:
    """Make a file in memory, of which a killed run leaves nothing, or a temporary one on other systems than Linux."""
    if sys.platform == "linux":
        with os.fdopen(os.memfd_create("framecolor"), "wb") as file:
            yield Path(f"/proc/self/fd/{file.fileno()}")
    else:
        with tempfile.TemporaryDirectory(prefix="framecolor-") as folder:
            yield Path(folder, "frame")


class _Picture:
    """An image that OpenImageIO has opened."""

    def __init__(self, file: ImageInput, data: bytes, suffix: str, layer: tuple[int, int, int] | None = None) -> None:
        """Take an open file; layer: index of the layer of a PSD to read, and (height, width) of the canvas."""
        self._file, self._data, self._suffix = file, data, suffix
        self._spec = spec = file.spec()
        self._window: tuple[int, int, int, int] | None = None  # left, top, width, height of the picture
        self._index = 0 if layer is None else layer[0]
        if layer is not None:
            self._window = 0, 0, layer[2], layer[1]
        elif suffix == ".exr":
            self._window = spec.full_x, spec.full_y, spec.full_width, spec.full_height
        stored_type = str(spec.format)
        self._stored = spec.height, spec.width
        check_size(self._stored, None if stored_type in ("uint8", "uint16") else MAX_FLOAT_PIXELS)
        self._channels, indices = _choose_channels(spec, suffix)
        self._range = first, end = min(indices), max(indices) + 1
        self._places = None if indices == list(range(first, end)) else [index - first for index in indices]
        self._type = _FLOATS.get(stored_type) or (stored_type if stored_type == "uint16" else "uint8")
        self._premultiplied = spec.alpha_channel >= 0 and (
            suffix == ".exr" or (suffix == ".tif" and tiff.is_premultiplied(data))
        )
        self._turn = _TURNS.get(spec.get_int_attribute("Orientation")) if suffix in _TURNED else None

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels, as it is shown."""
        if self._window is not None:
            return self._window[3], self._window[2]
        height, width = self._stored
        return (width, height) if self._turn and self._turn[0] else (height, width)

    def check(self) -> None:
        """Check that the file is not cut off. The last bytes of a file hold its last row, or its first."""
        top, bottom = self._spec.y, self._spec.y + self._spec.height
        if self._suffix == ".tif" and tiff.is_whole(self._data):
            return
        if self._suffix == ".tif" or self._spec.tile_width:
            self._read_all()
        else:
            self._read_row(top)
            self._read_row(bottom - 1)

    def decode(self) -> Pixels:
        """Decode the pixels: uint8 HxWx4 straight RGBA."""
        pixels = self._read_all()
        if self._spec.get_int_attribute("tiff:PhotometricInterpretation") == _PALETTE:
            # OpenImageIO rounds the palette's 16 bits, but some files use only the upper 8.
            return turn_pixels(convert_frame(decode_frame("tiff", self._data, self._stored, strict=False)), self._turn)
        rgba = convert_bands(pixels, lambda band: self._convert(pixels[band]))
        if self._window is not None:
            return _fit_window(rgba, self._spec, self._window, "a" in self._channels)
        return turn_pixels(rgba, self._turn)

    def _read_all(self) -> NDArray[Any]:
        """Read the channels of all rows, HxWxC."""
        spec = self._spec
        packing = spec.get_int_attribute("tiff:Compression", _NOT_PACKED)
        reports_damage = packing in (_NOT_PACKED, _DEFLATE) and spec.getattribute("planarconfig") != "separate"
        if reports_damage or spec.tile_width:
            return self._check_read(self._file.read_image(self._index, 0, *self._range, self._type))
        # Read row by row: OpenImageIO does not report damage in strips that libtiff unpacks as a whole.
        first = self._read_row(spec.y)
        pixels = np.empty((spec.height, *first.shape[1:]), first.dtype)
        pixels[0] = first
        for row in range(1, spec.height):
            pixels[row] = self._read_row(spec.y + row)
        return pixels

    def _read_row(self, row: int) -> NDArray[Any]:
        """Read the channels of one row, 1xWxC."""
        return self._check_read(self._file.read_scanlines(self._index, 0, row, row + 1, 0, *self._range, self._type))

    def _check_read(self, pixels: NDArray[Any] | None) -> NDArray[Any]:
        if pixels is None or self._file.geterror():
            raise BrokenImageError(DAMAGED)
        return pixels[..., self._places] if self._places is not None else pixels

    def _convert(self, pixels: NDArray[Any]) -> Pixels:
        if pixels.dtype.kind == "f":
            return encode_light(pixels.astype(np.float32), self._channels, premultiplied=self._premultiplied)
        if self._premultiplied:
            pixels = divide_by_alpha(pixels)
        elif self._suffix == ".psd" and "a" in self._channels:
            pixels = round_again(pixels)
        return to_rgba(pixels, self._channels)


def _choose_channels(spec: ImageSpec, suffix: str) -> tuple[str, list[int]]:
    """Choose the channels to read: one letter each (r, g, b, a, y for grey), and their indices in the file."""
    names, alpha = list(spec.channelnames), spec.alpha_channel
    if alpha >= len(names):  # as its reader of GIF says
        alpha = names.index("A") if "A" in names else -1
    if suffix == ".tif" and len(names) in (2, 4):
        alpha = len(names) - 1  # also if no tag marks it as alpha
        names = ["Y", "A"] if len(names) == 2 else names
    channels = "rgb" if {"R", "G", "B"} <= set(names) else "y"
    if spec.deep or spec.depth > 1 or (channels == "y" and "Y" not in names):
        raise BrokenImageError("it has no color in channels R, G and B, or Y", "write it as RGBA")
    indices = [names.index(name) for name in channels.upper()]
    return (channels, indices) if alpha < 0 else (channels + "a", [*indices, alpha])


def _fit_window(rgba: Pixels, spec: ImageSpec, window: tuple[int, int, int, int], has_alpha: bool) -> Pixels:
    """Crop or pad pixels to an EXR's display window, or a layer's canvas: with black, transparent if there is alpha."""
    window_left, window_top, width, height = window
    top, left = spec.y - window_top, spec.x - window_left
    if (top, left, height, width) == (0, 0, *rgba.shape[:2]):
        return rgba
    out = np.zeros((height, width, 4), np.uint8)
    out[..., 3] = 0 if has_alpha else 255
    out[max(top, 0) : max(top + spec.height, 0), max(left, 0) : max(left + spec.width, 0)] = rgba[
        max(-top, 0) : max(height - top, 0), max(-left, 0) : max(width - left, 0)
    ]
    return out
