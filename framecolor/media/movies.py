"""Read movies as numbered frames: count them, decode them in order or one alone, with the colors that are tagged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
from av.codec.context import CodecContext
from av.container import InputContainer
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from framecolor.core.files import open_file
from framecolor.errors import ReadError
from framecolor.media.movie_file import find_turn, read_claimed_bytes
from framecolor.media.pixels import Pixels, Turn, convert_frame, turn_pixels

MOVIE_SUFFIXES = frozenset({".mov", ".mp4", ".m4v", ".mkv", ".avi", ".webm", ".mxf"})
"""Endings, in lower case, of the files that are read as movies."""

MAX_MOVIE_PIXELS = 1 << 26
"""Largest frame of a movie, 8192x8192: a decoder keeps up to sixteen frames in memory."""

# A playlist with a movie's ending would open other files: only these containers are allowed.
_OWN_FILE_ONLY = {"format_whitelist": "mov,matroska,avi,mxf", "protocol_whitelist": "file"}

# Players take movies without a color tag as BT.709 from 720 lines on.
_HD_LINES = 720
_EXPORT_AGAIN = "export the movie again"
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def is_movie(path: str | Path) -> bool:
    """Tell whether a path has the ending of a movie and is not a folder. Does not open it."""
    path = Path(path)
    return path.suffix.lower() in MOVIE_SUFFIXES and not path.is_dir()


@dataclass(frozen=True)
class Movie:
    """The first video stream of a movie file; frames are counted from 0 in the order in which they are shown.

    path    the file
    size    (height, width) in pixels
    times   presentation time of every frame in the stream's units, in order; one for each frame
    paced   the times come from the file; if not, they are indices, and a frame is found by decoding from the start
    turn    how its frames are turned upright; None if they are. `size` is that of upright ones
    """

    path: Path
    size: tuple[int, int]
    times: tuple[int, ...]
    paced: bool = True
    turn: Turn | None = None

    def __post_init__(self) -> None:
        if min(self.size) < 1 or not self.times:
            raise ValueError(f"a movie has a size and frames, got {self.size} and {len(self.times)}")

    @classmethod
    def open(cls, path: str | Path) -> Movie:
        """Read the size and frame times of a movie from its packets; decodes the first frame alone.

        Raises ReadError if it is missing, empty, cut off, of too large frames, turned askew, or has no video.
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
        turn = _find_turn(path)
        size = (width, height) if turn and turn[0] else (height, width)
        return cls(path, size, tuple(sorted(known) if paced else range(len(shown))), paced, turn)

    def __len__(self) -> int:
        return len(self.times)

    def __repr__(self) -> str:
        return f"Movie({self.path.name}, {len(self)} frames, {self.size[1]}x{self.size[0]})"

    def frames(self, start: int = 0) -> Iterator[tuple[int, Pixels | ReadError]]:
        """Decode the frames from `start` on, one by one: (index, straight RGBA uint8 HxWx4).

        A frame that cannot be decoded yields a ReadError in its place, and the next ones follow. Damage that a codec
        conceals by itself, as FFV1 and H.264 do, is not detected. Several iterators may run at once. Raises ReadError
        if the file can no longer be opened.
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
        """Decode one frame to straight RGBA, uint8 HxWx4, from the nearest earlier keyframe on.

        Raises ReadError if it cannot be decoded, IndexError if the movie has no such frame.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"{self!r} has no frame {index}")
        pixels = next(self.frames(index))[1]
        if isinstance(pixels, ReadError):
            raise pixels
        return pixels

    def _decode(self, start: int) -> Iterator[tuple[int, VideoFrame]]:
        """Decode frames with their index, from `start` or somewhat before it."""
        if self.paced and start > 0:
            with _open(self.path) as container:
                stream = _find_stream(self.path, container)
                container.seek(self.times[start], stream=stream)
                frames = self._number(container, stream)
                first = next(frames, None)
                # If seeking went past `start`, the container's index is wrong or that frame is damaged: read it all.
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
        stored = self.size[::-1] if self.turn and self.turn[0] else self.size
        if frame.is_corrupt or (frame.height, frame.width) != stored:
            return self._failure(index)
        return turn_pixels(convert_frame(frame, hd_from_height=_HD_LINES), self.turn)

    def _failure(self, index: int) -> ReadError:
        return ReadError(self.path, f"frame {index + 1} cannot be decoded", _EXPORT_AGAIN)


def _open(path: Path) -> InputContainer:
    try:
        # Checked here first, as libav would wait for a pipe.
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
    # Threads by slice, not by frame: an error then belongs to the packet that was just decoded.
    stream.codec_context.thread_type = "SLICE"
    # Frames of intra-only codecs do not depend on each other: a damaged one can fail without harm to the next.
    strict = {"err_detect": "crccheck+bitstream+buffer+explode"} if stream.codec_context.codec.intra_only else {}
    stream.codec_context.options = {"max_pixels": str(MAX_MOVIE_PIXELS), **strict}
    return stream


def _list_packets(path: Path, container: InputContainer, stream: VideoStream) -> list[tuple[int | None, bool]]:
    """List (presentation time, is discarded) of every packet. Raises ReadError if some are missing at the end."""
    try:
        packets = [(packet.pts, packet.is_discard) for packet in container.demux(stream) if packet.size]
    except FFmpegError as error:
        raise ReadError(path, "the movie is cut off or damaged", _EXPORT_AGAIN) from error
    expected = stream.frames
    times = sorted(time for time, _ in packets if time is not None)
    if not expected and len(container.streams) == 1 and container.duration and len(times) > 1 and stream.time_base:
        # Matroska stores only a duration, which gives a frame count if the frames are evenly paced.
        pace = (times[-1] - times[0]) / (len(times) - 1)
        if pace and max(abs(later - time - pace) for time, later in pairwise(times)) < 2:
            expected = round(container.duration / av.time_base / float(stream.time_base) / pace) - 1  # one may be lag
    if len(packets) < expected:
        problem = f"the movie is cut off: it has {len(packets)} of at least {expected} frames"
        raise ReadError(path, problem, _EXPORT_AGAIN)
    claimed, held = read_claimed_bytes(path), path.stat().st_size
    if claimed is not None and held < claimed:
        problem = f"the movie is cut off: it has {len(packets)} frames, fewer than it says of itself"
        raise ReadError(path, f"{problem}, as {held} of {claimed} bytes are there", _EXPORT_AGAIN)
    return packets


def _find_turn(path: Path) -> Turn | None:
    """Find how the frames of a movie are turned upright, by its first one that can be decoded."""
    with _open(path) as container:
        stream = _find_stream(path, container)
        frame = next((frame for frame in _decode_packets(container, stream) if frame is not None), None)
    try:
        return None if frame is None else find_turn(frame)
    except ValueError as error:
        raise ReadError(path, f"the movie is to be shown turned: {error}", _EXPORT_AGAIN) from None


def _open_decoder(path: Path, stream: VideoStream) -> VideoCodecContext:
    """Open the decoder of a stream: its own one, or that which reads the alpha of VP8 and VP9 beside their color.

    Raises ReadError if there is alpha and no decoder for it.
    """
    context = stream.codec_context
    if stream.metadata.get("alpha_mode") != "1" or context.name not in _ALPHA_DECODERS:
        return context
    name = _ALPHA_DECODERS[context.name]
    if name not in av.codecs_available:
        raise ReadError(path, "the alpha of WebM is not read here", "export it as ProRes 4444 or FFV1")
    decoder = CodecContext.create(name, "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.extradata = context.extradata
    decoder.options = {"max_pixels": str(MAX_MOVIE_PIXELS)}
    return decoder


def _decode_packets(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame | None]:
    """Decode a stream from the container's current position; None for a packet that cannot be decoded."""
    decoder = _open_decoder(Path(container.name.removeprefix("file:")), stream)
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError:
            return
        if packet is None:
            return
        try:
            yield from decoder.decode(packet if packet.size else None)
        except FFmpegError:
            yield None
