"""Movies for the tests, written frame by frame."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def write_movie(path: Path, frames: list[av.VideoFrame], codec: str, **options: str) -> Path:
    """A movie of the frames, which say its size and how its colors are tagged."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, frames[0].format.name
        stream.codec_context.colorspace = frames[0].colorspace
        stream.codec_context.color_range = frames[0].color_range
        for frame in frames:
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_lossless(path: Path, pictures: list[Picture]) -> Path:
    """FFV1; PNG where the container does not take it."""
    if path.suffix == ".mov":
        return write_movie(path, [av.VideoFrame.from_ndarray(picture, format="rgba") for picture in pictures], "png")
    frames = [av.VideoFrame.from_ndarray(picture[..., [2, 1, 0, 3]].copy(), format="bgra") for picture in pictures]
    return write_movie(path, frames, "ffv1")
