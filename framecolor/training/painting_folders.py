"""Open the paintings of a folder of any kind.

Three kinds are read: the built data set of animated characters (dataset.json), curated art (art.json, see
`framecolor.training.curate`), and a plain folder of pictures, which is curated picture by picture as it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.errors import InputError
from framecolor.training.art_paintings import open_art
from framecolor.training.character import draw_character
from framecolor.training.dataset import Dataset, Split
from framecolor.training.extract_lines import Method, draw_lines, draw_style, extract_lines
from framecolor.training.paintings import DRAWN_OR_EXTRACTED, LINE_SCALE, Painting, Paintings, finish_painting

# Share of paintings in which a data set's character has other colors than its own.
RECOLORED = 0.15
_FIGURE_SHARE = (0.65, 1.0)


def open_paintings(
    folder: Path,
    split: Split,
    size_px: int,
    methods: Sequence[str] = DRAWN_OR_EXTRACTED,
    recolored: float = RECOLORED,
) -> Paintings:
    """Open the paintings of a split of a folder, `size_px` a side.

    methods    how lines are made, one drawn at random for each painting: a method of `extract_lines`, or "drawn": along
               the fills, as an artist draws them (for data sets of characters; for others, "boundary" is used)
    recolored  share of a data set's paintings in other colors than the characters' own
    Raises ReadError or InputError if the folder holds no paintings.
    """
    if (folder / "dataset.json").is_file():
        return _CharacterPaintings(Dataset(folder), split, size_px, tuple(methods), recolored)
    return open_art(folder, split, size_px, tuple(methods))


class _CharacterPaintings:
    """Frames of the built data set, most of them in the characters' own colors."""

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
    """Place a frame's figure on a square canvas with random size and mirroring, nearest pixels."""
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
