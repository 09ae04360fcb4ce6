"""An image in a file, before it is decoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from framecolor.media.broken import BrokenImageError
from framecolor.media.pixels import Pixels

MAX_PIXELS = 1 << 28
"""Larger images are refused from their header: a few bytes can claim to be terabytes.

16000x16000: 16K fits. Reading one takes at most 4 GiB, its 1 GiB of RGBA among them, however small the file.
"""

MAX_FLOAT_PIXELS = MAX_PIXELS * 5 // 8
"""Of EXR and other floats, which are decoded to 16 bytes a pixel, only so many are read (15360x8640 fits).
"""

# libav counts pixels with so many at each edge, and reads no 2**28 of them.
_EDGE_PX = 128


@dataclass(frozen=True, eq=False, repr=False)
class Still:
    """An image of an acceptable size; BrokenImageError where it is none.

    size    (height, width) in pixels, as it is shown
    decode  -> its pixels, uint8 HxWx4 straight RGBA; BrokenImageError, or an error of libav, where it is damaged
    check   looks whether all of it is there, as `decode` or with less work
    """

    size: tuple[int, int]
    decode: Callable[[], Pixels]
    check: Callable[[], object]

    def __post_init__(self) -> None:
        check_size(self.size)


def check_size(size: tuple[int, int], most: int | None = None) -> None:
    """Raise BrokenImageError where an image of (height, width) pixels is not to be decoded: it has to have fewer than
    `most`, None: MAX_PIXELS."""
    height, width = size
    most = MAX_PIXELS if most is None else most
    if height < 1 or width < 1:
        raise BrokenImageError(f"the file says that the image is {width}x{height} pixels")
    if (width + _EDGE_PX) * (height + _EDGE_PX) >= most:
        problem = f"{width}x{height} pixels are more than the {most} that are read"
        raise BrokenImageError(problem, "scale it down, or write the file again if it is smaller than that")
