"""Curate one painting: its color, flat fills, and lines by every method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over_color
from framecolor.training.curate.flats import clean_flats
from framecolor.training.extract_lines import METHODS, Method, extract_lines

Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class ArtItem:
    """A curated painting.

    color    uint8 HxWx3, as painted, over white
    flat     uint8 HxW, the fill of each pixel, lines removed
    palette  uint8 Kx3, the color of each fill
    lines    method -> bool HxW, true on ink
    paper    whether fill 0 is transparent paper
    """

    color: NDArray[np.uint8]
    flat: NDArray[np.uint8]
    palette: NDArray[np.uint8]
    lines: dict[Method, Bool]
    paper: bool = False

    def __post_init__(self) -> None:
        size = self.flat.shape
        if self.color.dtype != np.uint8 or self.color.shape != (*size, 3):
            raise ValueError(f"color must be uint8 {size}x3, got {self.color.dtype} {self.color.shape}")
        if self.flat.dtype != np.uint8 or self.palette.dtype != np.uint8 or self.palette.shape[1:] != (3,):
            raise ValueError(f"flat and palette must be uint8, Kx3, got {self.flat.dtype}, {self.palette.shape}")
        if int(self.flat.max(initial=0)) >= len(self.palette):
            raise ValueError(f"flat has fill {self.flat.max()}, the palette {len(self.palette)} colors")
        for method, line in self.lines.items():
            if line.dtype != np.bool_ or line.shape != size:
                raise ValueError(f"lines by {method} must be bool {size}, got {line.dtype} {line.shape}")

    @property
    def size(self) -> tuple[int, int]:
        """Return (height, width) in pixels."""
        return self.flat.shape[0], self.flat.shape[1]

    def __repr__(self) -> str:
        return f"ArtItem({self.size[1]}x{self.size[0]}, {len(self.palette)} fills, lines by {', '.join(self.lines)})"


def curate_picture(
    rgb: NDArray[np.uint8],
    paper: Bool | None = None,
    *,
    methods: Sequence[Method] = METHODS,
    rng: np.random.Generator | None = None,
) -> ArtItem:
    """Make the flats and lines of a painting.

    rgb    uint8 HxWx3, over white; paper: bool HxW, true on transparent paper
    rng    jitters the lines (see `extract_lines`)
    """
    if paper is not None and not paper.any():
        paper = None
    flat, palette = clean_flats(rgb, paper)
    lines: dict[Method, Bool] = {method: extract_lines(rgb, method, rng, flat) for method in methods}
    return ArtItem(rgb, flat, palette, lines, paper is not None)


def lay_on_paper(rgba: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Bool]:
    """Lay straight RGBA over white paper: uint8 HxWx3, and where paper shows at least half through, bool HxW."""
    return lay_over_color(rgba), rgba[..., 3] < 128


def fit_picture(rgba: NDArray[np.uint8], long_side: int) -> tuple[NDArray[np.uint8], Bool]:
    """Lay RGBA on paper, scaled down so that no side exceeds `long_side` pixels (see `lay_on_paper`)."""
    rgb, paper = lay_on_paper(rgba)
    height, width = paper.shape
    scale = long_side / max(height, width)
    if scale >= 1:
        return rgb, paper
    size = max(1, round(width * scale)), max(1, round(height * scale))
    shrunk = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    share = cv2.resize(paper.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return shrunk, share > 0.5
