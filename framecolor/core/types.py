"""The values that pass between stages: frozen, checked at construction, printed as shapes instead of data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.constants import PAPER_BORDER
from framecolor.core.run_length import Runs

Array = NDArray[np.generic]
Pixel = TypeVar("Pixel", bound=np.generic)

# A pixel is line if its darkest channel over white is below 200 of 255, the field's threshold.
LINE_ALPHA = 56
# Marks the pixels in `Frame.hues` that a trace line covers less than half.
FAINT = 128


def _check(owner: object, name: str, array: Array, dtype: type | str, shape: tuple[int | None, ...]) -> None:
    """Raise ValueError unless `array` has `dtype` and `shape` (None matches any length)."""
    fits = array.ndim == len(shape) and all(want in (None, have) for want, have in zip(shape, array.shape, strict=True))
    if array.dtype != np.dtype(dtype) or not fits:
        wanted = "x".join("?" if n is None else str(n) for n in shape)
        raise ValueError(
            f"{type(owner).__name__}.{name} must be {np.dtype(dtype)} {wanted}, got {array.dtype} {array.shape}"
        )


@dataclass(frozen=True)
class Box:
    """A rectangle in a picture of height x width: rows [top, bottom), columns [left, right)."""

    top: int
    bottom: int
    left: int
    right: int
    height: int
    width: int

    @classmethod
    def around(cls, mask: NDArray[np.uint8], margin_px: int = 0) -> Box:
        """Enclose the pixels that are not 0, with a margin; the whole picture if all are 0."""
        height, width = mask.shape
        left, top, w, h = cv2.boundingRect(mask)
        if w == 0:
            return cls(0, height, 0, width, height, width)
        bottom, right = min(height, top + h + margin_px), min(width, left + w + margin_px)
        return cls(max(0, top - margin_px), bottom, max(0, left - margin_px), right, height, width)

    def crop(self, picture: NDArray[Pixel]) -> NDArray[Pixel]:
        """Cut the box out of a picture, as a view."""
        return picture[self.top : self.bottom, self.left : self.right]

    def extend(self, part: NDArray[np.int32]) -> NDArray[np.int32]:
        """Extend the box's part to the whole picture, repeating its edge outwards."""
        below, beside = self.height - self.bottom, self.width - self.right
        return np.asarray(
            cv2.copyMakeBorder(part, self.top, below, self.left, beside, cv2.BORDER_REPLICATE), dtype=np.int32
        )


def darkest_over_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Compute the darkest channel of straight RGBA over white, uint8 HxW."""
    alpha = rgba[..., 3]
    if not is_colored(rgba):  # black ink, by far the most common case
        return 255 - alpha
    red, green, blue = cv2.split(rgba)[:3]
    return 255 - cv2.multiply(alpha, 255 - cv2.min(cv2.min(red, green), blue), scale=1 / 255)


def is_colored(rgba: NDArray[np.uint8]) -> bool:
    """Tell whether any pixel has a red, green or blue above 0, also if its alpha is 0."""
    return bool((np.ascontiguousarray(rgba).view(np.uint32)[..., 0] & 0xFFFFFF).any())


@dataclass(frozen=True, eq=False, repr=False)
class Frame:
    """One drawing: its ink, its trace lines, its number.

    ink    uint8 HxWx4, straight RGBA: composited over the paint; without trace lines
    trace  bool HxW: pixels of trace lines (of pure hues), which vanish in the paint
    hues   uint8 HxW: 1 + the hue of each pixel of a trace line (`lineart.hues`), 0 elsewhere; FAINT is added where the
           line covers less than half of the pixel. None: not known
    """

    number: int
    ink: NDArray[np.uint8]
    trace: NDArray[np.bool_]
    hues: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        _check(self, "ink", self.ink, np.uint8, (None, None, 4))
        _check(self, "trace", self.trace, bool, self.ink.shape[:2])
        if self.hues is not None:
            _check(self, "hues", self.hues, np.uint8, self.ink.shape[:2])

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.ink.shape[0], self.ink.shape[1]

    @cached_property
    def box(self) -> Box:
        """The box around all ink and trace lines."""
        inked = np.ascontiguousarray(self.ink).view(np.uint32)[..., 0] > 0xFFFFFF  # alpha is the highest byte
        return Box.around((inked | self.trace).view(np.uint8))

    @cached_property
    def solid(self) -> NDArray[np.bool_]:
        """Ink that stops the paint, bool HxW; faint antialiasing and white ink do not."""
        solid = np.zeros(self.size, bool)
        ink = self.box.crop(self.ink)
        self.box.crop(solid)[:] = darkest_over_white(ink) < 256 - LINE_ALPHA
        return solid

    @cached_property
    def lines(self) -> NDArray[np.bool_]:
        """Pixels that stop the paint, bool HxW: solid ink and trace lines."""
        return self.solid | self.trace

    def mirror(self) -> Frame:
        """Return the drawing with left and right swapped."""
        hues = None if self.hues is None else np.ascontiguousarray(self.hues[:, ::-1])
        return replace(
            self,
            ink=np.ascontiguousarray(self.ink[:, ::-1]),
            trace=np.ascontiguousarray(self.trace[:, ::-1]),
            hues=hues,
        )

    def __repr__(self) -> str:
        return f"Frame({self.number}, {self.ink.shape[1]}x{self.ink.shape[0]})"


@dataclass(frozen=True, eq=False, repr=False)
class Regions:
    """The areas between the lines of one drawing.

    labels  int32 HxW: 1..count inside regions, 0 on lines (ink, trace lines, specks too small to be a region).
    paper_border  a region along at least this share of the picture's border is paper; above 1: none is
    """

    labels: NDArray[np.int32]
    count: int
    paper_border: float = PAPER_BORDER

    def __post_init__(self) -> None:
        _check(self, "labels", self.labels, np.int32, (None, None))

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.labels.shape[0], self.labels.shape[1]

    def mirror(self) -> Regions:
        """Return the regions with left and right swapped, under the same numbers."""
        return replace(self, labels=np.ascontiguousarray(self.labels[:, ::-1]))

    @classmethod
    def unpack(cls, runs: Runs[np.int32], count: int, paper_border: float = PAPER_BORDER) -> Regions:
        """Restore regions from their `runs` and count."""
        regions = cls(runs.unpack().astype(np.int32, copy=False), count, paper_border)
        regions.__dict__["runs"] = runs  # fills the cached_property
        return regions

    @cached_property
    def runs(self) -> Runs[np.int32]:
        """The labels as runs: a hundredth of the pixels, from which area and boxes are computed."""
        return Runs.pack(self.labels)

    @cached_property
    def area(self) -> NDArray[np.int64]:
        """Pixels of each region, int64 [count + 1]; entry 0 is the line's."""
        area = np.bincount(self.runs.values, weights=self.runs.lengths, minlength=self.count + 1)
        return area.astype(np.int64)

    @cached_property
    def along_border(self) -> NDArray[np.bool_]:
        """Whether each region touches the picture's border, bool [count + 1]; entry 0 is False."""
        labels, along = self.labels, np.zeros(self.count + 1, np.bool_)
        along[np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])] = True
        along[0] = False
        return along

    @cached_property
    def boxes(self) -> NDArray[np.int32]:
        """(left, top, width, height) of each region, int32 [count + 1, 4]; row 0 is zero."""
        height, width = self.labels.shape
        region = self.runs.values.astype(np.intp)
        after = np.cumsum(self.runs.lengths)
        top, left = np.divmod(after - self.runs.lengths, width)
        bottom, right = np.divmod(after - 1, width)
        wraps = bottom > top  # the run continues in the next row
        sides = ((0, np.where(wraps, 0, left), np.where(wraps, width, right + 1), width), (1, top, bottom + 1, height))
        boxes = np.zeros((self.count + 1, 4), np.int32)
        for side, low, high, most in sides:
            first = np.full(self.count + 1, most, np.int64)
            last = np.zeros(self.count + 1, np.int64)
            np.minimum.at(first, region, low)
            np.maximum.at(last, region, high)
            boxes[1:, side], boxes[1:, side + 2] = first[1:], (last - first)[1:]
        return boxes

    def __repr__(self) -> str:
        return f"Regions({self.count} in {self.labels.shape[1]}x{self.labels.shape[0]})"


@dataclass(frozen=True, eq=False, repr=False)
class Palette:
    """The painter's exact colors: uint8 Px4, straight RGBA, without repeats. Alpha is 0 (paper) or 255."""

    colors: NDArray[np.uint8]
    names: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        _check(self, "colors", self.colors, np.uint8, (None, 4))
        if len(np.unique(self.colors, axis=0)) != len(self.colors):
            raise ValueError("Palette.colors must not repeat")

    def __len__(self) -> int:
        return len(self.colors)

    @property
    def has_clear_paper(self) -> bool:
        """Whether one of the colors is transparent: paper is known by it."""
        return bool((self.colors[:, 3] == 0).any())

    @property
    def paper(self) -> NDArray[np.bool_]:
        """Whether each color is that of paper, bool [P]: transparent; opaque white if no color is transparent."""
        return self.colors[:, 3] == 0 if self.has_clear_paper else (self.colors == 255).all(axis=1)

    def __repr__(self) -> str:
        return f"Palette({len(self)} colors)"


@dataclass(frozen=True, eq=False, repr=False)
class Flow:
    """Dense motion between two drawings, on a grid that may be smaller than they are.

    offset      float32 hxwx2: add (x, y) to a target pixel to reach the source, in drawing pixels.
    confidence  float32 hxw in [0, 1]: forward-backward agreement.
    """

    offset: NDArray[np.float32]
    confidence: NDArray[np.float32]

    def __post_init__(self) -> None:
        _check(self, "offset", self.offset, np.float32, (None, None, 2))
        _check(self, "confidence", self.confidence, np.float32, self.offset.shape[:2])

    def at(
        self, x: NDArray[np.integer], y: NDArray[np.integer], size: tuple[int, int]
    ) -> tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.float32]]:
        """Look up source x, source y and confidence at target pixels of a drawing of `size` (height, width)."""
        h, w = self.confidence.shape
        gx = np.minimum((x * w) // size[1], w - 1)
        gy = np.minimum((y * h) // size[0], h - 1)
        offset = self.offset[gy, gx]
        return x + offset[:, 0], y + offset[:, 1], self.confidence[gy, gx]

    def __repr__(self) -> str:
        return f"Flow({self.offset.shape[1]}x{self.offset.shape[0]})"


@dataclass(frozen=True, eq=False, repr=False)
class Hint:
    """Colors proposed for one frame: rgb uint8 HxWx3, confidence float32 HxW in [0, 1] (0: no proposal)."""

    rgb: NDArray[np.uint8]
    confidence: NDArray[np.float32]

    def __post_init__(self) -> None:
        _check(self, "rgb", self.rgb, np.uint8, (None, None, 3))
        _check(self, "confidence", self.confidence, np.float32, self.rgb.shape[:2])

    def resized(self, height: int, width: int) -> Hint:
        """Resize the hint by area averaging."""
        rgb, confidence = (
            cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA) for plane in (self.rgb, self.confidence)
        )
        return Hint(np.asarray(rgb, dtype=np.uint8), np.asarray(confidence, dtype=np.float32))

    def __repr__(self) -> str:
        return f"Hint({self.rgb.shape[1]}x{self.rgb.shape[0]})"


@dataclass(frozen=True, eq=False, repr=False)
class Color:
    """One painted frame: rgba uint8 HxWx4, straight alpha, and the number of the drawing that it belongs to."""

    number: int
    rgba: NDArray[np.uint8]

    def __post_init__(self) -> None:
        _check(self, "rgba", self.rgba, np.uint8, (None, None, 4))

    def __repr__(self) -> str:
        return f"Color({self.number}, {self.rgba.shape[1]}x{self.rgba.shape[0]})"
