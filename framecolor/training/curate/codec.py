"""Encode and decode the pictures of a shard as PNG: colors, indexed fills, one-bit lines."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.codec.context import CodecContext
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray


def encode_color(rgb: NDArray[np.uint8]) -> bytes:
    """Encode uint8 HxWx3 as PNG."""
    return _encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24"), "mixed")


def encode_flat(flat: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    """Encode uint8 HxW with its palette, uint8 Kx3, as indexed PNG."""
    frame = av.VideoFrame(flat.shape[1], flat.shape[0], "pal8")
    _fill(frame, 0, flat)
    colors = np.zeros((256, 4), np.uint8)
    colors[:, 3] = 255
    colors[: len(palette), :3] = palette[:, ::-1]  # little-endian ARGB
    frame.planes[1].update(colors.tobytes())
    return _encode(frame, "none")


def encode_line(line: NDArray[np.bool_]) -> bytes:
    """Encode bool HxW as one-bit PNG: black ink on white."""
    frame = av.VideoFrame(line.shape[1], line.shape[0], "monob")
    _fill(frame, 0, np.packbits(~line, axis=1))
    return _encode(frame, "none")


def decode_color(data: bytes) -> NDArray[np.uint8]:
    """Decode a color PNG to uint8 HxWx3. Like the other decoders, raises ValueError if `data` is not such a PNG."""
    frame = _decode(data, "rgb24")
    return _rows(frame)[:, : 3 * frame.width].reshape(frame.height, frame.width, 3).copy()


def decode_flat(data: bytes) -> NDArray[np.uint8]:
    """Decode the indices of an indexed PNG: uint8 HxW."""
    frame = _decode(data, "pal8")
    return _rows(frame)[:, : frame.width].copy()


def decode_line(data: bytes) -> NDArray[np.bool_]:
    """Decode a one-bit PNG to bool HxW, true on ink."""
    frame = _decode(data, "monob")
    return np.unpackbits(_rows(frame), axis=1, count=frame.width) == 0


def _encode(frame: av.VideoFrame, prediction: str) -> bytes:
    context = CodecContext.create("png", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = frame.width, frame.height, frame.format.name
    context.time_base = Fraction(1, 24)
    context.thread_count = 1
    context.options = {"compression_level": "6", "pred": prediction}
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


def _decode(data: bytes, pixels: str) -> av.VideoFrame:
    context = CodecContext.create("png", "r")
    assert isinstance(context, VideoCodecContext)
    context.thread_count = 1
    try:
        packet = av.Packet(data)
        frames = context.decode(packet) or context.decode(None)
    except FFmpegError as error:
        raise ValueError(f"not a PNG ({error})") from error
    if not frames or frames[0].format.name != pixels:
        raise ValueError(f"not a PNG of {pixels}")
    return frames[0]


def _rows(frame: av.VideoFrame) -> NDArray[np.uint8]:
    plane = frame.planes[0]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: frame.height]


def _fill(frame: av.VideoFrame, place: int, rows: NDArray[np.uint8]) -> None:
    plane = frame.planes[place]
    padded = np.zeros((plane.buffer_size // plane.line_size, plane.line_size), np.uint8)
    padded[: rows.shape[0], : rows.shape[1]] = rows
    plane.update(padded.tobytes())
