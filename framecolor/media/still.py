"""The image of a file before decoding, and the limits on its size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from framecolor.media.broken import BrokenImageError
from framecolor.media.pixels import Pixels

MAX_PIXELS = 1 << 28
"""Largest image that is read, about 16000x16000. The header is checked, as a file of a few bytes can claim terabytes.

Reading the largest takes up to 4 GiB of memory, which includes its 1 GiB of RGBA.
"""

MAX_FLOAT_PIXELS = MAX_PIXELS * 5 // 8
"""Largest image of EXR and other floats, which decode to 16 bytes a pixel: 15360x8640 fits."""

# libav adds this many pixels to each side and refuses 2**28 pixels and more.
_EDGE_PX = 128


@dataclass(frozen=True, eq=False, repr=False)
class Still:
    """An image whose header was read. Raises BrokenImageError if it is too large or empty.

    size    (height, width) in pixels, as it is shown
    decode  decodes it to uint8 HxWx4 straight RGBA; raises BrokenImageError, or an error of libav, if it is damaged
    check   checks that the file is not cut off, by decoding it or with less work; raises as `decode`
    """

    size: tuple[int, int]
    decode: Callable[[], Pixels]
    check: Callable[[], object]

    def __post_init__(self) -> None:
        check_size(self.size)


def check_size(size: tuple[int, int], max_pixels: int | None = None) -> None:
    """Check that an image of `size`, (height, width), has at least one and fewer than `max_pixels` pixels.

    max_pixels  None: MAX_PIXELS
    Raises BrokenImageError if not.
    """
    height, width = size
    max_pixels = MAX_PIXELS if max_pixels is None else max_pixels
    if height < 1 or width < 1:
        raise BrokenImageError(f"the image has an invalid size of {width}x{height} pixels")
    if (width + _EDGE_PX) * (height + _EDGE_PX) >= max_pixels:
        problem = f"{width}x{height} pixels are more than the {max_pixels} that are read"
        raise BrokenImageError(problem, "scale it down, or write the file again if it is smaller than that")
