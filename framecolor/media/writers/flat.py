"""PNG, TGA and TIFF of 8 and 16 bits. 8-bit colors times 257 are 16-bit ones, and come back exactly."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from framecolor.media.writers.png import GRAY, RGBA, encode_png

# Name -> codec, pixel format, options of libav.
_TIFF = {"compression_algo": "lzw"}
_WRITERS = {
    "tga": ("targa", "bgra", {"rle": "1"}),
    "tiff": ("tiff", "rgba", _TIFF),
    "tiff16": ("tiff", "rgba64le", _TIFF),
}
_BITS_16 = 257


def encode_flat(rgba: NDArray[np.uint8], kind: str = "png") -> bytes:
    """The bytes of an image file of uint8 HxWx4 straight RGBA.

    kind  png, tga (run lengths) or tiff (LZW), png16 and tiff16 with 16 bits a channel.
    """
    if rgba.dtype != np.uint8 or rgba.ndim != 3 or rgba.shape[2] != 4 or 0 in rgba.shape:
        raise ValueError(f"rgba must be uint8 HxWx4, got {rgba.dtype} {rgba.shape}")
    if kind == "tga":
        return _encode(rgba[..., [2, 1, 0, 3]], kind)
    pixels = rgba.astype(np.uint16) * _BITS_16 if kind.endswith("16") else rgba
    return encode_png(pixels, RGBA) if kind.startswith("png") else _encode(pixels, kind)


def encode_gray(values: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """A PNG of one channel, uint8 or uint16 HxW, whose numbers are kept as they are."""
    if values.dtype not in (np.uint8, np.uint16) or values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"values must be uint8 or uint16 HxW, got {values.dtype} {values.shape}")
    return encode_png(values, GRAY)


def _encode(pixels: NDArray[Any], kind: str) -> bytes:
    codec, pixel_format, options = _WRITERS[kind]
    context = CodecContext.create(codec, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = pixels.shape[1], pixels.shape[0], pixel_format
    context.time_base = Fraction(1, 24)
    context.thread_count = 1
    context.options = options
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=pixel_format)
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
