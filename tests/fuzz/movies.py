"""Targets: movies. What is ours is the counting of frames and the choice of what is decoded; libav does the rest."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

import av
import numpy as np

from framecolor import ReadError
from framecolor.media import movies
from fuzz.target import Target, scratch_folder
from fuzz.target import place as place_file

_SMALL_PIXELS = 1 << 18
_MOST_FRAMES = 6


def _write(suffix: str, codec: str, pixels: str, **options: str) -> bytes:
    path = scratch_folder() / f"seed{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24, options={"threads": "1", **options})
        stream.width, stream.height, stream.pix_fmt = 32, 32, pixels
        for shade in (30, 90, 200):
            picture = np.full((32, 32, 3), shade, np.uint8)
            picture[8:20, shade // 10 :] = (200, 10, 30)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixels)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


def _movs() -> Iterator[bytes]:
    yield _write(".mov", "prores_ks", "yuva444p10le", profile="4444")
    yield _write(".mov", "png", "rgb24")


def mp4s() -> Iterator[bytes]:
    yield _write(".mp4", "libx264", "yuv420p", preset="ultrafast", bf="2")


def mkvs() -> Iterator[bytes]:
    yield _write(".mkv", "ffv1", "bgra")
    yield _write(".webm", "libvpx-vp9", "yuv420p", deadline="realtime")


def _avis() -> Iterator[bytes]:
    yield _write(".avi", "mjpeg", "yuvj444p")
    yield _write(".avi", "ffv1", "bgra")


def _mxfs() -> Iterator[bytes]:
    yield _write(".mxf", "mpeg2video", "yuv420p")


def _feed(data: bytes, suffix: str) -> None:
    movies.MAX_MOVIE_PIXELS = _SMALL_PIXELS
    movie = movies.Movie.open(place_file(data, f"movie{suffix}"))
    height, width = movie.size
    assert len(movie) >= 1 and height * width <= _SMALL_PIXELS
    for index, pixels in islice(movie.frames(), _MOST_FRAMES):
        assert 0 <= index < len(movie)
        assert isinstance(pixels, ReadError) or (pixels.shape == (height, width, 4) and pixels.dtype == np.uint8)


TARGETS = tuple(
    Target(
        suffix[1:], f"media.Movie ({suffix[1:]})", partial(_feed, suffix=suffix), seeds, words=words, most_bytes=1 << 13
    )
    for suffix, seeds, words in (
        (".mov", _movs, (b"moov", b"trak", b"stts", b"stsz", b"stsc", b"stco", b"ctts", b"elst", b"mdhd", b"avcC")),
        (".mp4", mp4s, (b"moof", b"traf", b"trun", b"tfhd", b"stss", b"avc1", b"dref", b"\0\0\0\1")),
        (".mkv", mkvs, (b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\xae", b"\x1f\x43\xb6\x75", b"\xa3", b"matroska")),
        (".avi", _avis, (b"RIFF", b"AVI ", b"LIST", b"strh", b"strf", b"movi", b"idx1", b"00dc", b"indx")),
        (".mxf", _mxfs, (b"\x06\x0e\x2b\x34",)),
    )
)
