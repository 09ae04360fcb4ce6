"""Test every format and codec that framecolor reads or writes with a small picture: libraries differ by machine."""

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
from framecolor.media.levels.member import open_packed
from framecolor.media.movie_writer import MovieCodec, MovieWriter
from framecolor.media.movies import Movie
from framecolor.media.pixels import Pixels
from framecolor.media.writers import FORMATS, Picture

_BLOCK_PX = 16
_FRAMES = 3
# Formats that are only read: ending, libav's encoder, its pixel format, options, largest error of 255.
_READ = {
    "webp": (".webp", "libwebp", "bgra", {"lossless": "1"}, 0),
    "bmp": (".bmp", "bmp", "bgra", {}, 0),
    "jpeg": (".jpg", "mjpeg", "yuvj444p", {"qmin": "1", "qmax": "1"}, 8),
}
# Codec -> ending, largest error of 255.
_MOVIES: dict[MovieCodec, tuple[str, int]] = {"ffv1": (".mkv", 0), "prores": (".mov", 4), "h264": (".mp4", 12)}


@dataclass(frozen=True)
class Trial:
    """The result of one test.

    name     of the format or codec
    problem  what went wrong; empty if the picture came back as it was written
    extra    the extra to install, if a missing package kept the format from being tested
    """

    name: str
    problem: str = ""
    extra: str = ""


def try_written_images(folder: Path) -> Iterator[Trial]:
    """Write and read the picture in every format of frames. Leaves the files in `folder`."""
    picture = _draw_blocks()
    for name, kind in FORMATS.items():
        try:
            kind.check(name)
        except SettingsError as error:
            yield Trial(name, error.problem, kind.extra)
            continue
        path = None if kind.level else folder / f"{name}{kind.suffix}"
        yield Trial(name, _find_problem(lambda k=kind: k.encode(Picture(picture)), path, 0))


def try_read_images(folder: Path) -> Iterator[Trial]:
    """Write the picture with libav in the formats that are only read, and read it. Leaves the files in `folder`."""
    for name, (suffix, codec, pixel_format, options, max_error) in _READ.items():
        encode = partial(_encode_image, _draw_blocks(), codec, pixel_format, options)
        yield Trial(name, _find_problem(encode, folder / f"read{suffix}", max_error))


def try_movies(folder: Path) -> Iterator[Trial]:
    """Write and read a short movie in every codec of movies. Leaves the files in `folder`."""
    picture = _draw_blocks()
    for codec, (suffix, max_error) in _MOVIES.items():
        path = folder / f"{codec}{suffix}"
        try:
            with MovieWriter(path, picture.shape[:2], codec=codec) as writer:
                for _ in range(_FRAMES):
                    writer.write(picture)
            frames = [pixels for _, pixels in Movie.open(path).frames()]
            problem = "" if len(frames) == _FRAMES else f"{len(frames)} of {_FRAMES} frames came back"
            for pixels in frames:
                problem = problem or (str(pixels) if isinstance(pixels, ReadError) else _compare(pixels, max_error))
        except Exception as error:  # libraries differ in what they raise if they lack a codec
            problem = _describe(error)
        yield Trial(codec, problem)


def _find_problem(encode: Callable[[], bytes], path: Path | None, max_error: int) -> str:
    """Write and read the picture; return what went wrong, empty if nothing did. path: None for a part of a level."""
    try:
        if path is None:
            return _compare(open_packed(encode(), ink_alone=False).decode(), max_error)
        write_bytes_atomic(path, encode())
        return _compare(read_image(path), max_error)
    except Exception as error:  # as above
        return _describe(error)


def _compare(pixels: Pixels, max_error: int) -> str:
    """Compare pixels with the drawn ones where those are opaque, as not all formats have alpha; return the difference.

    Lossy codecs blur the edges of the blocks, so that with `max_error` above 0 only the middle of each is compared.
    """
    expected = _draw_blocks()
    if pixels.shape != expected.shape:
        return f"came back as {pixels.shape[1]}x{pixels.shape[0]}, not {expected.shape[1]}x{expected.shape[0]}"
    compared = expected[..., 3] == 255
    if max_error:
        inside = np.abs(np.arange(_BLOCK_PX) - _BLOCK_PX / 2) < _BLOCK_PX / 4
        compared &= np.tile(np.outer(inside, inside), (2, 3))
    worst = int(np.abs(pixels[compared].astype(int) - expected[compared].astype(int)).max())
    return f"colors came back up to {worst} of 255 off" if worst > max_error else ""


def _draw_blocks() -> Pixels:
    """Draw blocks of pure colors, one of them transparent: uint8 HxWx4."""
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
    """Convert RGBA to a frame in the encoder's pixel format; YUV in BT.601 and full range, as in JPEG files."""
    if pixel_format == "bgra":
        return av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba[..., [2, 1, 0, 3]]), format="bgra")
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba), format="rgba")
    frame = frame.reformat(format=pixel_format, dst_colorspace=Colorspace.ITU601, dst_color_range=ColorRange.JPEG)
    frame.colorspace, frame.color_range = Colorspace.ITU601, ColorRange.JPEG
    return frame


def _describe(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
