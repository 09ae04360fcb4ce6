"""Paintings: true color, line art and flat regions of single pictures, and batches of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from framecolor.lineart.input_planes import line_planes
from framecolor.training.extract_lines import METHODS, find_outside

# Lines are made at this many pixels per pixel of the working size, and then averaged.
LINE_SCALE = 2
DRAWN_OR_EXTRACTED = ("drawn", *METHODS)

Float = NDArray[np.float32]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class Painting:
    """One picture at the working size, and its lines at `LINE_SCALE` times that size.

    rgb    float32 HxWx3 in [0, 1]: the paint below the lines; paper is white
    flats  int32 HxW from 0: the fill of each pixel
    ink, trace, outside  bool, at the larger size: ink, trace lines, the area outside of the figure
    """

    rgb: Float
    flats: NDArray[np.int32]
    ink: Bool
    trace: Bool
    outside: Bool

    @cached_property
    def lines(self) -> Float:
        """Return line art as most networks take it: float32 HxW, 1 on ink, 0 on paper."""
        height, width = self.flats.shape
        drawn = (self.ink | self.trace).astype(np.float32)
        return np.asarray(cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)

    @cached_property
    def planes(self) -> Float:
        """Return line art as our own networks take it: float32 7xHxW (`framecolor.lineart.input_planes`)."""
        return line_planes(self.ink, self.trace, self.outside, *self.flats.shape)


class Paintings(Protocol):
    """Paintings by number. `facts` (source, license, hash) go into the run's record and the weights' metadata."""

    @property
    def facts(self) -> dict[str, str]: ...

    def __len__(self) -> int: ...

    def read(self, index: int, rng: np.random.Generator) -> Painting:
        """Read painting 0..len-1, with lines, framing and mirroring by `rng`. Raises ReadError."""
        ...


class PaintingBatches(TorchDataset[dict[str, Tensor]]):
    """Batch n of a seed is always the same: `make` turns each painting into named float32 arrays, which are stacked."""

    def __init__(
        self,
        paintings: Paintings,
        make: Callable[[Painting, np.random.Generator], dict[str, Float]],
        count: int,
        seed: int,
    ) -> None:
        self.paintings, self.make, self.count, self.seed = paintings, make, count, seed

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        rng = np.random.default_rng([self.seed, index])
        rows = [
            self.make(self.paintings.read(int(i), rng), rng) for i in rng.integers(0, len(self.paintings), self.count)
        ]
        return {name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in rows[0]}


def finish_painting(
    rgb: NDArray[np.uint8], fill: NDArray[np.int32], ink: Bool, trace: Bool, background: Bool, size_px: int
) -> Painting:
    """Make a painting from its parts at the size of the lines: color, fill of each pixel, lines, background."""
    small = cv2.resize(rgb, (size_px, size_px), interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
    labels = cv2.resize(fill.astype(np.float32), (size_px, size_px), interpolation=cv2.INTER_NEAREST)
    flats = np.unique(labels, return_inverse=True)[1].reshape(labels.shape).astype(np.int32)
    return Painting(small, flats, ink, trace, find_outside(background, ink | trace))


def turn_hue(rgb: Float, degrees: float) -> Float:
    """Turn the hue of colors in [0, 1]."""
    hsv = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + degrees) % 360
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).clip(0, 1), dtype=np.float32)
