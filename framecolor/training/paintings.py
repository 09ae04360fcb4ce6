"""Paintings to learn from: true color, line art and flat regions of single pictures, whatever folder they come from.

Three kinds of folder are read: the built data set of animated characters (dataset.json), curated art (art.json, see
`framecolor.training.curate`), and a plain folder of pictures, which is curated picture by picture as it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from framecolor.errors import InputError
from framecolor.lineart.input_planes import line_planes
from framecolor.training.character import draw_character
from framecolor.training.dataset import Dataset, Split
from framecolor.training.extract_lines import METHODS, Method, draw_lines, draw_style, extract_lines, find_outside

# Lines are drawn or extracted at this many pixels for each pixel of the working size, and then averaged.
LINE_SCALE = 2
# A data set's characters in other colors than their own: the share of a training's paintings.
RECOLORED = 0.15
_FIGURE_SHARE = (0.65, 1.0)
DRAWN_OR_EXTRACTED = ("drawn", *METHODS)

Float = NDArray[np.float32]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class Painting:
    """One picture at the working size, and its lines at `LINE_SCALE` times that size.

    rgb    float32 HxWx3 in [0, 1]: the paint below the lines; paper is white
    flats  int32 HxW from 0: which fill each pixel belongs to
    ink, trace, outside  bool, the larger size: ink, trace lines, what lies outside of the figure
    """

    rgb: Float
    flats: NDArray[np.int32]
    ink: Bool
    trace: Bool
    outside: Bool

    @cached_property
    def lines(self) -> Float:
        """Line art as most networks take it: float32 HxW, 1 where there is ink, 0 on paper."""
        height, width = self.flats.shape
        drawn = (self.ink | self.trace).astype(np.float32)
        return np.asarray(cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)

    @cached_property
    def planes(self) -> Float:
        """Line art as our own networks take it: float32 7xHxW (`framecolor.lineart.input_planes`)."""
        return line_planes(self.ink, self.trace, self.outside, *self.flats.shape)


class Paintings(Protocol):
    """Paintings by number. `facts` (source, license, hash) go into the run's record and the weights' metadata."""

    @property
    def facts(self) -> dict[str, str]: ...

    def __len__(self) -> int: ...

    def read(self, index: int, rng: np.random.Generator) -> Painting:
        """Painting 0..len-1, with lines, framing and mirroring by `rng`. Raises ReadError."""
        ...


def open_paintings(
    folder: Path,
    split: Split,
    size_px: int,
    methods: Sequence[str] = DRAWN_OR_EXTRACTED,
    recolored: float = RECOLORED,
) -> Paintings:
    """The paintings of a split of a folder, `size_px` a side.

    methods  how lines are made, one is drawn for each painting: "drawn" (as an artist draws them along the fills: data
             sets of characters only; elsewhere "boundary" stands in) or a method of `extract_lines`.
    recolored  share of a data set's paintings in other colors than the characters' own.
    Raises ReadError or InputError when the folder holds nothing to learn from.
    """
    if (folder / "dataset.json").is_file():
        return _CharacterPaintings(Dataset(folder), split, size_px, tuple(methods), recolored)
    from framecolor.training.art_paintings import open_art  # it builds on this module

    return open_art(folder, split, size_px, tuple(methods))


class PaintingBatches(TorchDataset[dict[str, Tensor]]):
    """Batch n of a seed, always the same: `make` turns each painting into named float32 arrays, which are stacked."""

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


class _CharacterPaintings:
    """Frames of the built data set, in the characters' own colors but for a few."""

    def __init__(self, data: Dataset, split: Split, size_px: int, methods: tuple[str, ...], recolored: float) -> None:
        self.data, self.size_px, self.methods, self.recolored = data, size_px, methods, recolored
        self.facts = data.facts
        self.files = [file for files in data.characters(split) for file in files]
        if not self.files:
            raise InputError(data.folder, f"has no {split} drawings", "build it with more characters, or --val 0.1")

    def __len__(self) -> int:
        return len(self.files)

    def read(self, index: int, rng: np.random.Generator) -> Painting:
        sequence = self.data.read(self.files[index])
        table = draw_character([sequence], rng, recolored=bool(rng.random() < self.recolored))
        side = LINE_SCALE * self.size_px
        ids = _frame_figure(sequence.frames[rng.integers(len(sequence.frames))], side, rng)
        rgb = table.rgb[ids]
        method = str(rng.choice(self.methods))
        if method == "drawn":
            ink, trace = draw_lines(table.fill[ids], table.inked[ids], table.solid[ids], rgb, draw_style(rng), rng)
        else:
            ink, trace = extract_lines(rgb, cast(Method, method), rng), np.zeros(ids.shape, bool)
        return finish_painting(rgb, table.fill[ids], ink, trace, ids == 0, self.size_px)


def _frame_figure(ids: NDArray[np.uint16], side: int, rng: np.random.Generator) -> NDArray[np.uint16]:
    """A frame's figure on a square canvas: sized by chance, mirrored by chance, nearest pixels."""
    left, top, width, height = cv2.boundingRect((ids > 0).astype(np.uint8))
    if width == 0:
        left, top, width, height = 0, 0, ids.shape[1], ids.shape[0]
    zoom = max(width, height) / side / float(rng.uniform(*_FIGURE_SHARE))
    free = np.maximum(0.0, side - np.array([width, height]) / zoom)
    offset = rng.uniform(0, 1, 2) * free
    grid = np.arange(side, dtype=np.float32)
    x, y = np.meshgrid((grid - offset[0]) * zoom + left, (grid - offset[1]) * zoom + top)
    if rng.random() < 0.5:
        x = x[:, ::-1]
    return cv2.remap(
        ids, x.astype(np.float32), y.astype(np.float32), cv2.INTER_NEAREST, borderValue=0
    ).astype(np.uint16, copy=False)  # fmt: skip


def finish_painting(
    rgb: NDArray[np.uint8], fill: NDArray[np.int32], ink: Bool, trace: Bool, background: Bool, size_px: int
) -> Painting:
    """A painting from its parts at the size of the lines: color, fill of each pixel, lines, background."""
    small = cv2.resize(rgb, (size_px, size_px), interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
    labels = cv2.resize(fill.astype(np.float32), (size_px, size_px), interpolation=cv2.INTER_NEAREST)
    flats = np.unique(labels, return_inverse=True)[1].reshape(labels.shape).astype(np.int32)
    return Painting(small, flats, ink, trace, find_outside(background, ink | trace))


def turn_hue(rgb: Float, degrees: float) -> Float:
    """Colors in [0, 1] of another hue."""
    hsv = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + degrees) % 360
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).clip(0, 1), dtype=np.float32)
