"""Decode one image with libav."""

from __future__ import annotations

from typing import Literal

from av import Packet, VideoFrame
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext

from framecolor.media.broken import DAMAGED, BrokenImageError

_STRICT = "crccheck+bitstream+buffer+explode"
_BLOCK_PX = 64


def decode_frame(
    codec: Literal["png", "targa", "tiff", "bmp"], data: bytes, size: tuple[int, int], *, strict: bool = True
) -> VideoFrame:
    """Decode the first picture of a file whose header gives `size`, (height, width).

    strict  fail on any damage that the decoder finds, instead of concealing it
    Raises BrokenImageError or FFmpegError if it cannot be decoded or has another size.
    """
    context = CodecContext.create(codec, "r")
    assert isinstance(context, VideoCodecContext)
    # Callers decode several files in parallel: more threads for each would only slow that down.
    context.thread_count = 1
    # A damaged stream may claim more pixels than the header. The margin is for codecs that allocate whole blocks.
    max_pixels = (size[1] + _BLOCK_PX) * (size[0] + _BLOCK_PX)
    context.options = {"max_pixels": str(max_pixels)} | ({"err_detect": _STRICT} if strict else {})
    frames = context.decode(Packet(data)) or context.decode(None)
    if not frames or frames[0].is_corrupt or (frames[0].height, frames[0].width) != size:
        raise BrokenImageError(DAMAGED)
    return frames[0]
