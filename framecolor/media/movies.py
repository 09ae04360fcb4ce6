"""Movies as numbered drawings: frame count, frames in order, one frame at random, colors as they are tagged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from framecolor.core.files import open_file
from framecolor.errors import ReadError
from framecolor.media.pixels import Pixels, convert_frame

MOVIE_SUFFIXES = frozenset({".mov", ".mp4", ".m4v", ".mkv", ".avi", ".webm", ".mxf"})
"""Endings, in lower case, of the files that are taken as movies."""

MAX_MOVIE_PIXELS = 1 << 26
"""Movies of larger frames, 8192x8192, are refused: decoders keep up to sixteen of them, whatever a file's size."""

# Playlists, which movies' endings do not keep a file from being, would open other files.
_OWN_FILE_ONLY = {"format_whitelist": "mov,matroska,avi,mxf", "protocol_whitelist": "file"}

# Movies without a color tag: what players do, BT.709 from 720 lines on.
_HD_LINES = 720
_EXPORT_AGAIN = "export the movie again"


def is_movie(path: str | Path) -> bool:
    """Whether a path has the ending of a movie and is not a folder; nothing is opened."""
    path = Path(path)
    return path.suffix.lower() in MOVIE_SUFFIXES and not path.is_dir()


@dataclass(frozen=True)
class Movie:
    """The first video stream of a movie file; frames are counted from 0 in the order in which they are shown.

    path    the file
    size    (height, width) in pixels
    times   presentation time of every frame in the stream's units, in order: its length is the frame count
    paced   whether those times can be trusted; without them a frame is found by counting from the start
    """

    path: Path
    size: tuple[int, int]
    times: tuple[int, ...]
    paced: bool = True

    def __post_init__(self) -> None:
        if min(self.size) < 1 or not self.times:
            raise ValueError(f"a movie has a size and frames, got {self.size} and {len(self.times)}")

    @classmethod
    def open(cls, path: str | Path) -> Movie:
        """Look through a movie file's packets; nothing is decoded.

        Raises ReadError when it is missing, empty, cut off so that it cannot be opened, or has no video.
        """
        path = Path(path)
        with _open(path) as container:
            stream = _find_stream(path, container)
            height, width = stream.codec_context.height, stream.codec_context.width
            packets = _list_packets(path, container, stream)
        shown = [time for time, is_discard in packets if not is_discard]
        if not shown or width < 1 or height < 1:
            raise ReadError(path, "the movie has no frames", _EXPORT_AGAIN)
        if width * height > MAX_MOVIE_PIXELS:
            problem = f"{width}x{height} pixels are more than the {MAX_MOVIE_PIXELS} that are read"
            raise ReadError(path, problem, "scale it down")
        known = {time for time in shown if time is not None}
        paced = len(known) == len(shown)
        return cls(path, (height, width), tuple(sorted(known) if paced else range(len(shown))), paced)

    def __len__(self) -> int:
        return len(self.times)

    def __repr__(self) -> str:
        return f"Movie({self.path.name}, {len(self)} frames, {self.size[1]}x{self.size[0]})"

    def frames(self, start: int = 0) -> Iterator[tuple[int, Pixels | ReadError]]:
        """(index, straight RGBA uint8 HxWx4) of every frame from `start` on, decoded one by one as they are asked for.

        A frame that cannot be decoded yields the ReadError in its place, and those after it still come (damage that
        a codec patches up by itself, as FFV1 and H.264 do, is not seen). The movie may be walked again at any time,
        and several times at once. Raises ReadError when the file is gone.
        """
        expected = start
        for index, frame in self._decode(start):
            if index < expected:
                continue
            for lost in range(expected, index):
                yield lost, self._failure(lost)
            yield index, self._convert(index, frame)
            expected = index + 1
        for lost in range(expected, len(self)):
            yield lost, self._failure(lost)

    def read(self, index: int) -> Pixels:
        """One frame, as `frames` gives it; the movie is entered at the frame before it that needs no other.

        Raises ReadError when it cannot be decoded, IndexError when the movie has no such frame.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"{self!r} has no frame {index}")
        pixels = next(self.frames(index))[1]
        if isinstance(pixels, ReadError):
            raise pixels
        return pixels

    def _decode(self, start: int) -> Iterator[tuple[int, VideoFrame]]:
        """Decoded frames with their index, from `start` or somewhat before it."""
        if self.paced and start > 0:
            with _open(self.path) as container:
                stream = _find_stream(self.path, container)
                container.seek(self.times[start], stream=stream)
                frames = self._number(container, stream)
                first = next(frames, None)
                # A later frame than asked for: the container's own index is wrong, or `start` cannot be decoded.
                if first is not None and first[0] <= start:
                    yield first
                    yield from frames
                    return
        with _open(self.path) as container:
            yield from self._number(container, _find_stream(self.path, container))

    def _number(self, container: InputContainer, stream: VideoStream) -> Iterator[tuple[int, VideoFrame]]:
        indexes = {time: index for index, time in enumerate(self.times)}
        for count, frame in enumerate(_decode_packets(container, stream)):
            if frame is None:
                continue
            index = indexes.get(frame.pts, -1) if self.paced and frame.pts is not None else count
            if 0 <= index < len(self):
                yield index, frame

    def _convert(self, index: int, frame: VideoFrame) -> Pixels | ReadError:
        if frame.is_corrupt or (frame.height, frame.width) != self.size:
            return self._failure(index)
        return convert_frame(frame, hd_from_height=_HD_LINES)

    def _failure(self, index: int) -> ReadError:
        return ReadError(self.path, f"frame {index + 1} cannot be decoded", _EXPORT_AGAIN)


def _open(path: Path) -> InputContainer:
    try:
        # Looked at before libav does, which would wait for a pipe.
        with open_file(path) as file:
            if not file.read(1):
                raise ReadError(path, "the file is empty", _EXPORT_AGAIN)
    except FileNotFoundError:
        raise ReadError(path, "there is no such file", "check the name") from None
    except OSError as error:
        problem = f"the file cannot be read ({error.strerror or error})"
        raise ReadError(path, problem, "check its permissions and the disk") from None
    try:
        # "file:" keeps names such as "a:b.mov" from being taken as addresses. Tags may be in any encoding.
        options = {**_OWN_FILE_ONLY, "max_pixels": str(MAX_MOVIE_PIXELS)}
        return av.open(f"file:{path}", "r", options=options, metadata_errors="replace")
    except (FFmpegError, OSError) as error:
        problem = "this is not a movie that can be read, or it is cut off or damaged"
        raise ReadError(path, problem, "export it as ProRes 4444, FFV1 or H.264") from error


def _find_stream(path: Path, container: InputContainer) -> VideoStream:
    if not container.streams.video:
        raise ReadError(path, "the movie has no picture", "name a movie with a video stream")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise ReadError(path, "the movie is of a codec that is not known here", _EXPORT_AGAIN)
    # Threads by slice, not by frame: an error then belongs to the packet that was just given.
    stream.codec_context.thread_type = "SLICE"
    # No frame of these leans on another, so a damaged one need not be patched up to save those after it.
    strict = {"err_detect": "crccheck+bitstream+buffer+explode"} if stream.codec_context.codec.intra_only else {}
    stream.codec_context.options = {"max_pixels": str(MAX_MOVIE_PIXELS), **strict}
    return stream


def _list_packets(path: Path, container: InputContainer, stream: VideoStream) -> list[tuple[int | None, bool]]:
    """(presentation time, is never shown) of every packet. Raises ReadError when some are missing at the end."""
    try:
        packets = [(packet.pts, packet.is_discard) for packet in container.demux(stream) if packet.size]
    except FFmpegError as error:
        raise ReadError(path, "the movie is cut off or damaged", _EXPORT_AGAIN) from error
    promised = stream.frames
    times = sorted(time for time, _ in packets if time is not None)
    if not promised and len(container.streams) == 1 and container.duration and len(times) > 1 and stream.time_base:
        # Matroska promises a length in seconds only: it tells something where the frames are evenly paced.
        pace = (times[-1] - times[0]) / (len(times) - 1)
        if pace and max(abs(later - time - pace) for time, later in pairwise(times)) < 2:
            promised = round(container.duration / av.time_base / float(stream.time_base) / pace) - 1  # one may be lag
    if len(packets) < promised:
        problem = f"the movie is cut off: it has {len(packets)} frames, fewer than it says of itself"
        raise ReadError(path, problem, _EXPORT_AGAIN)
    return packets


def _decode_packets(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame | None]:
    """Every frame of a stream from where the container stands; None for a packet that cannot be decoded."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError:
            return
        if packet is None:
            return
        try:
            yield from packet.decode()
        except FFmpegError:
            yield None
