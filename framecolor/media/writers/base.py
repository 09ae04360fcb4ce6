"""The interface of image formats: an ending, an encoder, and a package if it needs one."""

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
    """A region to check by eye: the name of its layer, and its outline in pixels."""

    name: str
    outline: Sequence[Sequence[int]]


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts of a picture's paint.

    names  of the parts, by index; several indices may have one name, and index 0 is paper
    index  of each pixel, uint16 HxW
    """

    names: Sequence[str]
    index: NDArray[np.uint16]

    def change(self, other: Parts, mask: NDArray[np.bool_]) -> Parts:
        """Take other parts inside of a mask, bool HxW."""
        index = self.index.copy()
        inside = other.index[mask]
        index[mask] = np.where(inside > 0, inside + len(self.names) - 1, 0)
        return Parts((*self.names, *other.names[1:]), index)


@dataclass(frozen=True, eq=False)
class Picture:
    """One finished frame, and its layers for the formats that keep them.

    rgba   the whole picture
    paint  the colors below the lines; None if the frame has one layer
    ink    the lines over the paint; None if missing
    marks  regions to check
    parts  which part each pixel's paint is of; None if not known
    """

    rgba: Rgba
    paint: Rgba | None = None
    ink: Rgba | None = None
    marks: tuple[Mark, ...] = ()
    parts: Parts | None = None

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

    suffix      ending of its files
    encode      encodes a picture as the bytes of a file; deterministic
    layered     it keeps a picture's layers
    by_part     it keeps the paint of each part as a layer of its own
    level       the frames of a shot become drawings of one level (`output.level`), of which `encode` makes parts
    longest_px  longest side; None: any that can be read
    module      the package that it needs, if any
    extra       the extra that installs `module`
    """

    suffix: str
    encode: Callable[[Picture], bytes]
    layered: bool = False
    by_part: bool = False
    level: bool = False
    longest_px: int | None = None
    module: str = ""
    extra: str = ""

    def check(self, name: str, size: tuple[int, int] = (1, 1)) -> None:
        """Check that the format can be written here at `size`, (height, width), without importing anything.

        Raises SettingsError if its package is missing or the size is too large.
        """
        if self.longest_px is not None and max(size) > self.longest_px:
            problem = f"frames of {size[1]}x{size[0]} are larger than it can hold"
            raise SettingsError(f"format {name}", problem, "choose another --format")
        if self.module and find_spec(self.module) is None:
            raise SettingsError(
                f"format {name}", f"{self.module} is not installed", format_install(f"framecolor[{self.extra}]")
            )
