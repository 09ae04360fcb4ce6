"""One image through a decoder of libav."""

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
    """The first picture of a file that says to be of `size`, (height, width).

    strict  whatever is wrong in the file ends in an error
    Raises BrokenImageError or FFmpegError when it cannot be decoded, or is of another size.
    """
    context = CodecContext.create(codec, "r")
    assert isinstance(context, VideoCodecContext)
    # Callers decode several files at once: threads inside of one file would only get in their way.
    context.thread_count = 1
    # What is inside may claim to be larger than the header. Some codecs allocate whole blocks.
    most = (size[1] + _BLOCK_PX) * (size[0] + _BLOCK_PX)
    context.options = {"max_pixels": str(most)} | ({"err_detect": _STRICT} if strict else {})
    frames = context.decode(Packet(data)) or context.decode(None)
    if not frames or frames[0].is_corrupt or (frames[0].height, frames[0].width) != size:
        raise BrokenImageError(DAMAGED)
    return frames[0]
