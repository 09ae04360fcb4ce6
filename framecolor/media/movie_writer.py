"""Write frames as a movie for review: ProRes 4444, FFV1 or H.264, with color tags."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import av
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over_color
from framecolor.core.files import clear_drafts, name_draft, put_in_place
from framecolor.errors import OutputError

MovieCodec = Literal["prores", "ffv1", "h264"]

_CONTAINERS = {".mov": "mov", ".mkv": "matroska", ".mp4": "mp4"}
# As in `pixels`: exact arithmetic, and chroma that is averaged, not dropped.
_SCALER = Interpolation.BICUBIC | Interpolation.FULL_CHR_H_INT | Interpolation.ACCURATE_RND | Interpolation.BITEXACT


@dataclass(frozen=True)
class _Codec:
    """How a codec is written: libav's encoder, its pixel format and options, and the endings that can hold it."""

    encoder: str
    pixel_format: str
    options: dict[str, str]
    endings: tuple[str, ...]
    keeps_alpha: bool = True
    even: bool = False


_CODECS: dict[MovieCodec, _Codec] = {
    "prores": _Codec("prores_ks", "yuva444p10le", {"profile": "4444", "vendor": "apl0"}, (".mov", ".mkv")),
    "ffv1": _Codec("ffv1", "bgra", {"level": "3", "slicecrc": "1", "g": "1"}, (".mkv",)),
    "h264": _Codec("libx264", "yuv420p", {"crf": "16", "preset": "medium"}, (".mp4", ".mov", ".mkv"), False, True),
}
_DEFAULTS: dict[str, MovieCodec] = {".mov": "prores", ".mkv": "ffv1", ".mp4": "h264"}


def choose_codec(path: Path, codec: MovieCodec | None = None) -> MovieCodec:
    """Choose the codec of a movie's file: `codec`, or by default that of its ending.

    Raises OutputError if movies are not written with that ending, or it cannot hold the codec.
    """
    ending = path.suffix.lower()
    if ending not in _CONTAINERS:
        raise OutputError(
            path, f"movies are not written as {ending or 'files without ending'}", "use .mov, .mkv or .mp4"
        )
    chosen = codec or _DEFAULTS[ending]
    if ending not in _CODECS[chosen].endings:
        endings = " or ".join(_CODECS[chosen].endings)
        raise OutputError(path, f"{chosen} does not go into {ending}", f"use {endings}")
    return chosen


class MovieWriter:
    """Writes frames one by one into a movie, which appears when it is complete.

    FFV1 keeps RGBA to the bit, ProRes 4444 color and alpha within two of 255 levels; H.264 has no alpha: frames are
    laid over `background`, and sides of odd length get one more row or column of it. YUV uses BT.709's matrix and
    limited range; primaries, transfer and matrix are tagged as BT.709, FFV1's range as full.

    Use it in a `with` block: if that ends with an exception, no new file is left and an older movie of the name stays.
    """

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        fps: Fraction = Fraction(24),
        codec: MovieCodec | None = None,
        background: tuple[int, int, int] = (255, 255, 255),
    ) -> None:
        """Open the file for frames of `size`, (height, width). Raises OutputError if it cannot be written."""
        self.path = path
        self._codec = _CODECS[choose_codec(path, codec)]
        self._size = size
        self._background = np.array(background, np.uint8)
        self._draft = name_draft(path)
        self._frames = 0
        self._reformatter = VideoReformatter()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            clear_drafts(path.parent)  # a run that was killed left its draft, which may be large
            self._container = self._open()
            self._stream = self._add_stream(fps)
        except (FFmpegError, OSError) as error:
            self._remove_draft()
            raise self._failure(error) from error

    def _open(self) -> OutputContainer:
        # "file:" keeps names such as "a:b.mov" from being taken as addresses.
        options = {"movflags": "+faststart+write_colr", "fflags": "+bitexact"}
        options = options if self.path.suffix.lower() != ".mkv" else {"fflags": "+bitexact"}
        return av.open(
            f"file:{self._draft}", "w", format=_CONTAINERS[self.path.suffix.lower()], container_options=options
        )

    def _add_stream(self, fps: Fraction) -> VideoStream:
        stream = self._container.add_stream(self._codec.encoder, rate=fps, options=self._codec.options)
        assert isinstance(stream, VideoStream)
        height, width = self._size
        if self._codec.even:
            height, width = height + height % 2, width + width % 2
        stream.width, stream.height, stream.pix_fmt = width, height, self._codec.pixel_format
        context = stream.codec_context
        context.time_base = 1 / fps
        is_rgb = self._codec.pixel_format == "bgra"
        context.color_primaries = ColorPrimaries.BT709
        context.color_trc = ColorTrc.BT709
        context.colorspace = 0 if is_rgb else Colorspace.ITU709  # 0 is RGB
        context.color_range = ColorRange.JPEG if is_rgb else ColorRange.MPEG
        return stream

    def write(self, rgba: NDArray[np.uint8], times: int = 1) -> None:
        """Add a picture, uint8 HxWx4 straight RGBA, for `times` frames.

        Raises ValueError if it has another size, OutputError if it cannot be written.
        """
        if rgba.dtype != np.uint8 or rgba.shape != (*self._size, 4):
            raise ValueError(f"a frame must be uint8 {self._size[0]}x{self._size[1]}x4, got {rgba.dtype} {rgba.shape}")
        frame = self._convert(rgba if self._codec.keeps_alpha else self._lay_over_background(rgba))
        frame.time_base = self._stream.codec_context.time_base
        try:
            for _ in range(times):
                frame.pts = self._frames
                self._frames += 1
                self._container.mux(self._stream.encode(frame))
        except (FFmpegError, OSError) as error:
            raise self._failure(error) from error

    def _convert(self, rgba: NDArray[np.uint8]) -> av.VideoFrame:
        if self._codec.pixel_format == "bgra":
            return av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba[..., [2, 1, 0, 3]]), format="bgra")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba), format="rgba")
        frame = self._reformatter.reformat(
            frame,
            format=self._codec.pixel_format,
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_SCALER,
        )
        frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
        frame.color_primaries, frame.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        return frame

    def _lay_over_background(self, rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = self._stream.height, self._stream.width
        out = np.empty((height, width, 4), np.uint8)
        out[...] = (*self._background, 255)
        out[: rgba.shape[0], : rgba.shape[1], :3] = lay_over_color(rgba, self._background)
        return out

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None:
                self._container.mux(self._stream.encode(None))
            self._container.close()
            if kind is None:
                put_in_place(self._draft, self.path)
        except (FFmpegError, OSError) as failure:
            if kind is None:
                raise self._failure(failure) from failure
        finally:
            self._remove_draft()

    def _remove_draft(self) -> None:
        with suppress(OSError):  # an earlier error is the one to report
            self._draft.unlink(missing_ok=True)

    def _failure(self, error: Exception) -> OutputError:
        problem = f"the movie cannot be written ({getattr(error, 'strerror', None) or error})"
        fix = "check that the folder exists, may be written to and has room, or choose another one with -o"
        return OutputError(self.path, problem, fix)
