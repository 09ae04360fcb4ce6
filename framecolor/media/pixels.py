"""Convert decoded pixels of any format, mostly of libav's frames, to straight 8-bit RGBA, exactly where possible."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import cast

import cv2
import numpy as np
from av import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

Turn = tuple[bool, int, int]
"""How a picture is turned upright: whether its rows are columns, and the steps through rows and columns, 1 or -1."""

Pixels = NDArray[np.uint8]
"""uint8 HxWx4, straight RGBA."""

_BAND_PIXELS = 1 << 22

# Packed formats: format without byte order -> item type, order of the channels (x: padding, y: grey).
_PACKED = {
    "rgba": ("u1", "rgba"), "bgra": ("u1", "bgra"), "argb": ("u1", "argb"), "abgr": ("u1", "abgr"),
    "rgb0": ("u1", "rgbx"), "bgr0": ("u1", "bgrx"), "0rgb": ("u1", "xrgb"), "0bgr": ("u1", "xbgr"),
    "rgb24": ("u1", "rgb"), "bgr24": ("u1", "bgr"), "gray": ("u1", "y"), "ya8": ("u1", "ya"),
    "rgba64": ("u2", "rgba"), "bgra64": ("u2", "bgra"), "rgb48": ("u2", "rgb"), "bgr48": ("u2", "bgr"),
    "gray16": ("u2", "y"), "ya16": ("u2", "ya"),
}  # fmt: skip
# Planar formats, one channel a plane.
_PLANAR = {
    "gbrp": ("u1", "gbr"), "gbrap": ("u1", "gbra"), "gbrp16": ("u2", "gbr"), "gbrap16": ("u2", "gbra"),
}  # fmt: skip
# Formats of 16 bits a pixel -> (first bit, number of bits) of red, green and blue.
_BIT_FIELDS = {"rgb555": ((10, 5), (5, 5), (0, 5)), "rgb565": ((11, 5), (5, 6), (0, 5))}
_TO_RGBA = {
    "bgra": cv2.COLOR_BGRA2RGBA,
    "rgb": cv2.COLOR_RGB2RGBA,
    "bgr": cv2.COLOR_BGR2RGBA,
    "y": cv2.COLOR_GRAY2RGBA,
}

# A stream's tag (AVColorSpace) -> swscale's matrix.
_MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
_SCALER = Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND | Interpolation.BITEXACT


def convert_frame(frame: VideoFrame, *, hd_from_height: int | None = None) -> Pixels:
    """Convert a frame to straight RGBA, uint8 HxWx4, in memory of its own.

    8-bit RGB, grey and palette formats are exact; 16 bits are rounded to 8. YUV formats use the matrix and range that
    the frame is tagged with; without a tag the matrix is BT.709 from `hd_from_height` lines on (None: never) and BT.601
    below, and the range limited.
    """
    name = frame.format.name
    if name == "pal8":
        return _look_up_palette(frame)
    if name in ("monob", "monow"):
        return _unpack_bits(frame)
    base, order = (name[:-2], "<" if name.endswith("le") else ">") if name[-2:] in ("le", "be") else (name, "=")
    if base in _PACKED:
        item, channels = _PACKED[base]
        data = _read_plane(frame.planes[0], order + item, len(channels))
        return convert_bands(frame, lambda band: to_rgba(data[band], channels))
    if base in _PLANAR:
        item, channels = _PLANAR[base]
        planes = [_read_plane(plane, order + item, 1) for plane in frame.planes]

        def convert(band: slice) -> Pixels:
            return to_rgba(np.concatenate([p[band] for p in planes], axis=2), channels)

        return convert_bands(frame, convert)
    if base in _BIT_FIELDS:
        numbers = _read_plane(frame.planes[0], order + "u2", 1)[..., 0].astype(np.uint16)
        table = _tabulate_bit_fields(base)
        return convert_bands(frame, lambda band: table[numbers[band]].view(np.uint8).reshape(-1, frame.width, 4))
    return _convert_colors(frame, hd_from_height)


def turn_pixels(rgba: Pixels, turn: Turn | None) -> Pixels:
    """Turn a picture upright; None: it is."""
    if turn is None:
        return rgba
    transposed, rows, columns = turn
    return np.ascontiguousarray((rgba.transpose(1, 0, 2) if transposed else rgba)[::rows, ::columns])


def convert_bands(picture: VideoFrame | Pixels, convert: Callable[[slice], Pixels]) -> Pixels:
    """Convert a picture in bands of rows, a few million pixels each, to uint8 HxWx4.

    `convert` may use thirty times the memory of its result; bands keep that small for a picture of any size.
    """
    height, width = picture.shape[:2] if isinstance(picture, np.ndarray) else (picture.height, picture.width)
    rows = max(1, _BAND_PIXELS // width)
    if rows >= height:
        return convert(slice(None))
    out = np.empty((height, width, 4), np.uint8)
    for top in range(0, height, rows):
        out[top : top + rows] = convert(slice(top, top + rows))
    return out


def copy_gray(frame: VideoFrame) -> NDArray[np.uint16]:
    """Copy the numbers of a frame with one channel of 8 or 16 bits: uint16 HxW. ValueError for other frames."""
    types = {"gray": "u1", "gray16le": "<u2", "gray16be": ">u2"}
    if frame.format.name not in types:
        raise ValueError(f"{frame.format.name} is not one channel of numbers")
    return _read_plane(frame.planes[0], types[frame.format.name], 1)[..., 0].astype(np.uint16)


def _read_plane(plane: VideoPlane, dtype: str, channels: int) -> NDArray[np.generic]:
    """View a plane as HxWxC."""
    used = plane.width * channels * np.dtype(dtype).itemsize
    return _read_rows(plane)[:, :used].view(dtype).reshape(plane.height, plane.width, channels)


def _read_rows(plane: VideoPlane) -> NDArray[np.uint8]:
    """View a plane's bytes as rows of the image, with libav's padding at their ends."""
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, abs(plane.line_size))[: plane.height]
    return rows if plane.line_size > 0 else rows[::-1]


def _narrow(data: NDArray[np.generic]) -> Pixels:
    """Round 16 bits to 8. Floats are exact enough: v / 257 is never half way between two integers."""
    native = np.ascontiguousarray(data, dtype=np.uint16)
    return cast(Pixels, cv2.convertScaleAbs(native.reshape(len(native), -1), alpha=1 / 257).reshape(native.shape))


def to_rgba(data: NDArray[np.generic], channels: str) -> Pixels:
    """Convert HxWxC pixels of 8 or 16 bits to RGBA of 8 bits, rounded; alpha is 255 if missing.

    channels  one letter each: r, g, b, a, y for grey, x for padding
    """
    data = _narrow(data) if data.dtype.itemsize == 2 else cast(Pixels, data)
    if channels == "rgba":
        return data.copy()
    if channels in _TO_RGBA:
        return cast(Pixels, cv2.cvtColor(data, _TO_RGBA[channels]))
    out = np.empty((*data.shape[:2], 4), np.uint8)
    for target, name in enumerate("rgba"):
        source = channels.find("y" if "y" in channels and name != "a" else name)
        out[..., target] = data[..., source] if source >= 0 else 255
    return out


@cache
def _tabulate_bit_fields(name: str) -> NDArray[np.uint32]:
    """Tabulate the RGBA, four bytes an item, of each 16-bit pixel, rounded; libswscale would map full red to 248."""
    numbers = np.arange(1 << 16)
    levels = [(numbers >> start & (1 << bits) - 1) * 255 / ((1 << bits) - 1) for start, bits in _BIT_FIELDS[name]]
    return np.rint([*levels, np.full(1 << 16, 255)]).T.astype(np.uint8, order="C").view(np.uint32)[:, 0]


def _unpack_bits(frame: VideoFrame) -> Pixels:
    rows = _read_rows(frame.planes[0])

    def convert(band: slice) -> Pixels:
        bits = np.unpackbits(rows[band], axis=1, count=frame.width)
        white = bits if frame.format.name == "monob" else 1 - bits
        return to_rgba((white * np.uint8(255))[..., None], "y")

    return convert_bands(frame, convert)


def _look_up_palette(frame: VideoFrame) -> Pixels:
    index = cast(Pixels, _read_plane(frame.planes[0], "u1", 1))[..., 0]
    argb = np.frombuffer(memoryview(frame.planes[1]), np.uint32)[:256].astype(">u4").view(np.uint8).reshape(-1, 4)
    rgba = np.ascontiguousarray(argb[:, [1, 2, 3, 0]])
    return convert_bands(frame, lambda band: rgba[index[band]])


def _convert_colors(frame: VideoFrame, hd_from_height: int | None) -> Pixels:
    is_hd = hd_from_height is not None and frame.height >= hd_from_height
    matrix = _MATRICES.get(int(frame.colorspace), Colorspace.ITU709 if is_hd else Colorspace.ITU601)
    full = frame.format.name.startswith("yuvj") or int(frame.color_range) == ColorRange.JPEG
    converted = VideoReformatter().reformat(
        frame,
        format="rgba",
        src_colorspace=matrix,
        dst_colorspace=matrix,
        src_color_range=ColorRange.JPEG if full else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=_SCALER,
    )
    return cast(Pixels, _read_plane(converted.planes[0], "u1", 4).copy())
