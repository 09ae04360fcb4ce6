"""What an image format is to the rest: an ending, an encoder, and perhaps a package that it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from framecolor.core.text import format_install
from framecolor.errors import SettingsError

Rgba = NDArray[np.uint8]
"""uint8 HxWx4, straight RGBA."""


@dataclass(frozen=True)
class Mark:
    """A region to check by eye: its outline in pixels, and what to call it."""

    name: str
    outline: Sequence[Sequence[int]]


@dataclass(frozen=True, eq=False)
class Picture:
    """One finished frame, and for formats with layers the parts that it was put together from.

    rgba   what is seen
    paint  what lies below the lines; None: `rgba` has no parts
    ink    the lines over it; None: there are none
    marks  regions to check
    """

    rgba: Rgba
    paint: Rgba | None = None
    ink: Rgba | None = None
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        for name, value in (("rgba", self.rgba), ("paint", self.paint), ("ink", self.ink)):
            if value is None:
                continue
            if value.dtype != np.uint8 or value.ndim != 3 or value.shape[2] != 4 or 0 in value.shape:
                raise ValueError(f"Picture.{name} must be uint8 HxWx4, got {value.dtype} {value.shape}")
            if value.shape != self.rgba.shape:
                raise ValueError(f"Picture.{name} is {value.shape}, the frame {self.rgba.shape}")


@dataclass(frozen=True)
class Format:
    """One way to write a frame.

    suffix   ending of its files
    encode   a picture -> the bytes of a file; the same picture gives the same bytes
    layered  whether it keeps a picture's parts
    longest_px  how long a side may be; None: as long as can be read at all
    module   what has to be installed for it, and the extra that brings it
    """

    suffix: str
    encode: Callable[[Picture], bytes]
    layered: bool = False
    longest_px: int | None = None
    module: str = ""
    extra: str = ""

    def check(self, name: str, size: tuple[int, int] = (1, 1)) -> None:
        """Raise SettingsError where the package that it needs is missing, or it cannot hold (height, width) pixels.

        Nothing is imported.
        """
        if self.longest_px is not None and max(size) > self.longest_px:
            problem = f"frames of {size[1]}x{size[0]} are larger than it can hold"
            raise SettingsError(f"format {name}", problem, "choose another --format")
        if self.module and find_spec(self.module) is None:
            raise SettingsError(
                f"format {name}", f"{self.module} is not installed", format_install(f"framecolor[{self.extra}]")
            )
