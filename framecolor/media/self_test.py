"""One small picture through every codec that framecolor reads or writes, to see what the libraries here can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import numpy as np
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from framecolor.core.files import write_bytes_atomic
from framecolor.errors import ReadError, SettingsError
from framecolor.media.decode import read_image
from framecolor.media.movie_writer import MovieCodec, MovieWriter
from framecolor.media.movies import Movie
from framecolor.media.pixels import Pixels
from framecolor.media.writers import FORMATS, Picture

_BLOCK_PX = 16
_FRAMES = 3
# What can be read, and is not written: ending, encoder, its pixel format, options, largest error.
_READ = {
    "webp": (".webp", "libwebp", "bgra", {"lossless": "1"}, 0),
    "bmp": (".bmp", "bmp", "bgra", {}, 0),
    "jpeg": (".jpg", "mjpeg", "yuvj444p", {"qmin": "1", "qmax": "1"}, 8),
}
# Codec -> ending, largest error.
_MOVIES: dict[MovieCodec, tuple[str, int]] = {"ffv1": (".mkv", 0), "prores": (".mov", 4), "h264": (".mp4", 12)}


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
    """Every codec that movies are written in, with some frames. Files go to `folder` and stay."""
    picture = _draw_blocks()
    for codec, (suffix, most) in _MOVIES.items():
        path = folder / f"{codec}{suffix}"
        try:
            with MovieWriter(path, picture.shape[:2], codec=codec) as writer:
                for _ in range(_FRAMES):
                    writer.write(picture)
            frames = [pixels for _, pixels in Movie.open(path).frames()]
            problem = "" if len(frames) == _FRAMES else f"{len(frames)} of {_FRAMES} frames came back"
            for pixels in frames:
                problem = problem or (str(pixels) if isinstance(pixels, ReadError) else _compare(pixels, most))
        except Exception as error:  # a library that lacks a codec raises what it likes
            problem = _say(error)
        yield Trial(codec, problem)


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
    """A frame in the encoder's pixel format; YUV as JPEG files are read."""
    if pixel_format == "bgra":
        return av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba[..., [2, 1, 0, 3]]), format="bgra")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba), format="rgba")
    frame = frame.reformat(format=pixel_format, dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.JPEG)
    frame.colorspace, frame.color_range = Colorspace.ITU601, ColorRange.JPEG
    return frame


def _say(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
