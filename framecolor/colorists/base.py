"""The protocol of colorists, their inputs and options.

A colorist paints one drawing with soft color. To add one, write a class that has `name` and `paint` and is built from
a network, and name it in the table of `framecolor.networks.systems`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.histogram import BINS
from framecolor.core.types import Frame, Hint, Regions


@dataclass(frozen=True, eq=False)
class Conditioning:
    """Optional inputs of a colorist beside the drawing; each colorist ignores those it cannot use.

    hint       loose colors, of the drawing's size
    histogram  float32 [512], sums to 1: the wanted share of each color (`core.histogram.color_histogram`)
    reference  uint8 hxwx3, any size: a painted picture in the wanted style
    image      uint8 HxWx3, a painting to start from, of the drawing's size
    mask       bool HxW: where `image` may change; None: everywhere
    """

    hint: Hint | None = None
    histogram: NDArray[np.float32] | None = None
    reference: NDArray[np.uint8] | None = None
    image: NDArray[np.uint8] | None = None
    mask: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        if self.histogram is not None and self.histogram.shape != (BINS,):
            raise ValueError(f"Conditioning.histogram must have {BINS} bins, got {self.histogram.shape}")
        if self.image is not None and (self.image.dtype != np.uint8 or self.image.shape[2:] != (3,)):
            raise ValueError(f"Conditioning.image must be uint8 HxWx3, got {self.image.dtype} {self.image.shape}")
        if self.mask is not None and self.image is None:
            raise ValueError("Conditioning.mask needs a Conditioning.image")


@dataclass(frozen=True, kw_only=True)
class SamplingOptions:
    """Settings of a colorist.

    seed      of its random numbers: the same seed gives the same picture
    strength  how far it may depart from the image that it starts from, 0 (image returned) to 1 (image ignored);
              unused without an image
    guidance  weight of the drawing and the hints: 1 as in training, 0 ignores them
    steps     of sampling, for colorists that paint in steps; None: the colorist's own number
    """

    seed: int = 0
    strength: float = 1.0
    guidance: float = 1.5
    steps: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.strength <= 1:
            raise ValueError(f"SamplingOptions.strength must be from 0 to 1, got {self.strength}")
        if self.steps is not None and self.steps < 1:
            raise ValueError(f"SamplingOptions.steps must be 1 or more, got {self.steps}")


class Colorist(Protocol):
    """A system that paints one drawing. The same call gives the same picture."""

    @property
    def name(self) -> str: ...

    def paint(
        self, frame: Frame, regions: Regions, conditioning: Conditioning, options: SamplingOptions
    ) -> NDArray[np.float32]:
        """Paint the whole drawing without its lines: float32 hxwx3 in [0, 1], at any size of the drawing's shape."""
        ...


def draw_gray(frame: Frame, size: tuple[int, int]) -> NDArray[np.float32]:
    """Scale a drawing's lines, trace lines included, to `size` (rows, columns): float32, 1 on ink, else 0.

    Lines of large drawings are first widened by half a pixel of `size`, or they would fade to a gray lighter than in
    any training drawing (`training.paintings.LINE_SCALE`).
    """
    lines = frame.lines.astype(np.float32)
    half = int(min(frame.size[0] / size[0], frame.size[1] / size[1]) / 2)
    if half > 1:
        lines = cv2.dilate(lines, np.ones((half, half), np.uint8))
    return np.asarray(cv2.resize(lines, (size[1], size[0]), interpolation=cv2.INTER_AREA), dtype=np.float32)


def fit_size(size: tuple[int, int], long_side: int, multiple: int) -> tuple[int, int]:
    """Find a size (rows, columns) of about the shape of `size` and this long side, both multiples of `multiple`."""
    scale = long_side / max(size)
    rows, columns = (max(multiple, multiple * round(side * scale / multiple)) for side in size)
    return rows, columns


def blend_image(rgb: NDArray[np.float32], conditioning: Conditioning, options: SamplingOptions) -> NDArray[np.float32]:
    """Blend soft color with the image to start from: float32 hxwx3 in [0, 1], for colorists that take no image.

    rgb  float32 hxwx3, painted without `conditioning.image`, at any size of the drawing's shape
    The share of `rgb` is the strength; outside of the mask the image stays.
    """
    if conditioning.image is None:
        return rgb.clip(0, 1)
    height, width = conditioning.image.shape[:2]
    whole = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_LINEAR)
    share = np.full((height, width, 1), options.strength, np.float32)
    if conditioning.mask is not None:
        share[~conditioning.mask] = 0
    image = conditioning.image.astype(np.float32) / np.float32(255)
    return np.asarray((image + share * (whole - image)).clip(0, 1), dtype=np.float32)
