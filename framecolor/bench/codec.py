"""Time libav on the same bytes in a bare loop: the limit for decoding and encoding a file."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

from framecolor.bench.timing import time_ms
from framecolor.media import read_image

# libav's fastest useful settings for PNG, whatever encoder the package uses.
ENCODER = "libav's PNG encoder, level 2, without prediction"
DECODER = "libav's decoder on the same bytes"
_OPTIONS = {"compression_level": "2", "pred": "none"}
_CODECS = {".png": "png", ".tga": "targa", ".tif": "tiff", ".tiff": "tiff", ".bmp": "bmp", ".webp": "webp"}


def bare_decode_ms(files: Sequence[Path]) -> list[float] | None:
    """Time libav's decoder on each file's bytes, in ms without reading them; None for formats that are not compared."""
    if not files or any(file.suffix.lower() not in _CODECS for file in files):
        return None
    taken = []
    for file in [files[0], *files]:  # the first one again, as warm-up
        packet = av.Packet(file.read_bytes())
        context = cast(VideoCodecContext, CodecContext.create(_CODECS[file.suffix.lower()], "r"))
        context.thread_count = 1
        taken.append(time_ms(lambda c=context, p=packet: c.decode(p) or c.decode(None)))
    return taken[1:]


def bare_encode_ms(files: Sequence[Path]) -> list[float]:
    """Time libav's PNG encoder on each file's pixels, in ms without reading and decoding them."""
    return [_encode_ms(read_image(file)) for file in [files[0], *files]][1:]


def _encode_ms(rgba: NDArray[np.uint8]) -> float:
    context = cast(VideoCodecContext, CodecContext.create("png", "w"))
    context.width, context.height, context.pix_fmt = rgba.shape[1], rgba.shape[0], "rgba"
    context.time_base, context.thread_count, context.options = Fraction(1, 24), 1, _OPTIONS
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba), format="rgba")
    return time_ms(lambda: [*context.encode(frame), *context.encode(None)])
