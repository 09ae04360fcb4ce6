"""Paintings from curated art, or from a plain folder of pictures, which are curated as they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.errors import InputError
from framecolor.training.curate.collect import list_paintings, read_painting
from framecolor.training.curate.picture import ArtItem
from framecolor.training.curate.shards import ART_TABLE, ArtShards
from framecolor.training.dataset import Split
from framecolor.training.extract_lines import METHODS, Method
from framecolor.training.paintings import LINE_SCALE, Painting, Paintings, finish_painting

# Of a plain folder, every twelfth picture is held out.
_HELD_OUT_EVERY = 12
# A painting is a square with this share of its picture's longer side.
_SHOWN = (0.6, 1.0)
_WHITE = np.full(3, 255, np.uint8)


def open_art(folder: Path, split: Split, size_px: int, methods: Sequence[str]) -> Paintings:
    """Open the paintings of a split. If nothing is held out (one movie, one picture), `val` equals `train`.

    Raises ReadError if the folder cannot be read, InputError if it holds no painting.
    """
    extracted: tuple[Method, ...] = tuple(m for m in METHODS if m in methods) or ("boundary",)
    if (folder / ART_TABLE).is_file():
        shards = ArtShards(folder)
        records = shards.items(split) or shards.items("train")
        return _Art([partial(shards.read, record) for record in records], shards.facts, size_px, extracted)
    files = _list_once(folder)
    if not files:
        raise InputError(folder, "holds no painting to learn from", "name a folder of colored pictures")
    held_out = {i for i in range(len(files)) if i % _HELD_OUT_EVERY == _HELD_OUT_EVERY - 1} or {len(files) - 1}
    if len(files) > 1:
        files = tuple(path for i, path in enumerate(files) if (i in held_out) == (split == "val"))
    facts = {"source": folder.resolve().name, "license": "unknown", "hash": ""}
    return _Art([partial(_read_once, path) for path in files], facts, size_px, extracted)


class _Art:
    """Random square parts of curated pictures."""

    def __init__(
        self,
        readers: Sequence[Callable[[], ArtItem]],
        facts: dict[str, str],
        size_px: int,
        methods: tuple[Method, ...],
    ) -> None:
        self.readers, self.facts, self.size_px, self.methods = readers, facts, size_px, methods

    def __len__(self) -> int:
        return len(self.readers)

    def read(self, index: int, rng: np.random.Generator) -> Painting:
        item = self.readers[index]()
        height, width = item.size
        edge = max(2, round(float(rng.uniform(*_SHOWN)) * max(height, width)))
        top, left = _place(height, edge, rng), _place(width, edge, rng)
        mirrored = bool(rng.random() < 0.5)

        def take(plane: NDArray[np.generic], around: float) -> NDArray[np.float32]:
            part = _cut(plane.astype(np.float32), top, left, edge, around)
            side = LINE_SCALE * self.size_px
            part = cv2.resize(part, (side, side), interpolation=cv2.INTER_NEAREST).astype(np.float32, copy=False)
            return np.ascontiguousarray(part[:, ::-1] if mirrored else part)

        lines = take(item.lines[self.methods[rng.integers(len(self.methods))]], 0) > 0
        # Around the picture, the fill is 0: paper, if the picture has some.
        fill = take(item.flat.astype(np.int32) + (0 if item.paper else 1), 0).astype(np.int32)
        color = (item.palette if item.paper else np.vstack([_WHITE, item.palette]))[fill]
        background = fill == 0 if item.paper else (color == _WHITE).all(axis=2)
        return finish_painting(color, fill, lines, np.zeros_like(lines), background, self.size_px)


def _place(length: int, edge: int, rng: np.random.Generator) -> int:
    """Choose where a square begins along a side: inside of the picture, or around it if the square is larger."""
    return int(rng.integers(min(0, length - edge), max(0, length - edge) + 1))


def _cut(plane: NDArray[np.float32], top: int, left: int, edge: int, around: float) -> NDArray[np.float32]:
    height, width = plane.shape
    part = np.full((edge, edge), around, np.float32)
    rows, columns = slice(max(0, top), min(height, top + edge)), slice(max(0, left), min(width, left + edge))
    part[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left] = plane[rows, columns]
    return part


@lru_cache(maxsize=8)
def _list_once(folder: Path) -> tuple[Path, ...]:
    return tuple(list_paintings(folder))


@lru_cache(maxsize=64)
def _read_once(path: Path) -> ArtItem:
    return read_painting(path)
