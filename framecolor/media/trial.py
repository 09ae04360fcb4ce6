"""One small picture through every codec that framecolor reads or writes, to see what the libraries here can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from framecolor.errors import ReadError, SettingsError
from framecolor.media.decode import read_image
from framecolor.media.encode import write_bytes_atomic
from framecolor.media.movies import Movie
from framecolor.media.pixels import Pixels
from framecolor.media.writers import FORMATS, Picture

_BLOCK_PX = 16
_FRAMES = 3
# What can be read without an extra, and is not written: ending, encoder, its pixel format, options, largest error.
_READ = {
    "exr": (".exr", "exr", "gbrapf32le", {}, 0),
    "webp": (".webp", "libwebp", "bgra", {"lossless": "1"}, 0),
    "bmp": (".bmp", "bmp", "bgra", {}, 0),
    "jpeg": (".jpg", "mjpeg", "yuvj444p", {"qmin": "1", "qmax": "1"}, 8),
}
# Ending, encoder, pixel format, options, largest error: flat blocks of pure colors survive also what is lossy.
_MOVIES = {
    "ffv1": (".mkv", "ffv1", "bgra", {}, 0),
    "prores 4444": (".mov", "prores_ks", "yuva444p10le", {"profile": "4444", "alpha_bits": "16"}, 8),
    "h.264": (".mp4", "libx264", "yuv420p", {"crf": "4"}, 12),
}


@dataclass(frozen=True)
class Trial:
    """What became of the picture.

    name     of the format or codec
    problem  what went wrong; empty where the picture came back as it went in
    extra    the extra that brings what is missing, where that alone is why it was not tried
    """

    name: str
    problem: str = ""
    extra: str = ""


def try_written_images(folder: Path) -> Iterator[Trial]:
    """Every format that frames are written in, by what writes them. Files go to `folder` and stay."""
    picture = _draw_blocks()
    for name, kind in FORMATS.items():
        try:
            kind.check(name)
        except SettingsError as error:
            yield Trial(name, error.problem, kind.extra)
            continue
        yield Trial(name, _find_problem(lambda k=kind: k.encode(Picture(picture)), folder / f"{name}{kind.suffix}", 0))


def try_read_images(folder: Path) -> Iterator[Trial]:
    """The formats that are read alone, written by libav for the purpose. Files go to `folder` and stay."""
    for name, (suffix, codec, pixel_format, options, most) in _READ.items():
        encode = partial(_encode_image, _draw_blocks(), codec, pixel_format, options)
        yield Trial(name, _find_problem(encode, folder / f"read{suffix}", most))


def try_movies(folder: Path) -> Iterator[Trial]:
    """Every movie codec, with some frames. Files go to `folder` and stay."""
    for name, (suffix, codec, pixel_format, options, most) in _MOVIES.items():
        path = folder / f"movie{suffix}"
        try:
            _write_movie(path, codec, pixel_format, options)
            movie = Movie.open(path)
            frames = [pixels for _, pixels in movie.frames()]
            problem = "" if len(frames) == _FRAMES else f"{len(frames)} of {_FRAMES} frames came back"
            for pixels in frames:
                problem = problem or (str(pixels) if isinstance(pixels, ReadError) else _compare(pixels, most))
        except Exception as error:  # a library that lacks a codec raises what it likes
            problem = _say(error)
        yield Trial(name, problem)


def _find_problem(encode: Callable[[], bytes], path: Path, most: int) -> str:
    """What goes wrong with a picture on its way into a file and out again."""
    try:
        write_bytes_atomic(path, encode())
        return _compare(read_image(path), most)
    except Exception as error:  # as above
        return _say(error)


def _compare(found: Pixels, most: int) -> str:
    """How a picture differs from the one that was drawn, where that is opaque: not all formats know alpha.

    Where colors may differ, they may also run into the next block: only the middle of each is looked at.
    """
    wanted = _draw_blocks()
    if found.shape != wanted.shape:
        return f"came back as {found.shape[1]}x{found.shape[0]}, not {wanted.shape[1]}x{wanted.shape[0]}"
    seen = wanted[..., 3] == 255
    if most:
        inside = np.abs(np.arange(_BLOCK_PX) - _BLOCK_PX / 2) < _BLOCK_PX / 4
        seen &= np.tile(np.outer(inside, inside), (2, 3))
    worst = int(np.abs(found[seen].astype(int) - wanted[seen].astype(int)).max())
    return f"colors came back up to {worst} of 255 off" if worst > most else ""


def _draw_blocks() -> Pixels:
    """Blocks of pure colors, one of them transparent: HxWx4."""
    colors = [(255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255), (255, 255, 255, 255), (0, 0, 0, 255), (0, 0, 0, 0)]
    blocks: NDArray[np.uint8] = np.array(colors, dtype=np.uint8).reshape(2, 3, 4)
    return blocks.repeat(_BLOCK_PX, axis=0).repeat(_BLOCK_PX, axis=1)


def _encode_image(rgba: Pixels, codec: str, pixel_format: str, options: dict[str, str]) -> bytes:
    context = CodecContext.create(codec, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = rgba.shape[1], rgba.shape[0], pixel_format
    context.time_base = Fraction(1, 24)
    context.thread_count = 1
    context.options = (
        {"lossless": "1"} if codec == "libwebp" else {"qmin": "1", "qmax": "1"} if codec == "mjpeg" else {}
    )
    frame = _make_frame(rgba, pixel_format)
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


def _make_frame(rgba: Pixels, pixel_format: str) -> av.VideoFrame:
    """A frame in the encoder's pixel format; YUV in the range and matrix that the codec's files are read with."""
    if pixel_format == "gbrapf32le":
        planes: Any = (rgba / 255).astype(np.float32)
        return av.VideoFrame.from_ndarray(planes, format=pixel_format)
    if pixel_format == "bgra":
        return av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba[..., [2, 1, 0, 3]]), format="bgra")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba), format="rgba")
    full = pixel_format == "yuvj444p"
    matrix, limits = (Colorspace.ITU601, ColorRange.JPEG) if full else (Colorspace.ITU709, ColorRange.MPEG)
    frame = frame.reformat(format=pixel_format, dst_colorspace=matrix, dst_color_range=limits)
    frame.colorspace, frame.color_range = matrix, limits
    return frame


def _write_movie(path: Path, codec: str, pixel_format: str, options: dict[str, str]) -> None:
    picture = _draw_blocks()
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = picture.shape[1], picture.shape[0], pixel_format
        stream.codec_context.thread_count = 1
        frames = [_make_frame(picture, pixel_format) for _ in range(_FRAMES)]
        stream.codec_context.colorspace, stream.codec_context.color_range = frames[0].colorspace, frames[0].color_range
        for frame in frames:
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _say(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
