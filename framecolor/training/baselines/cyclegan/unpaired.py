"""Unrelated sketches and color pictures, to learn from without pairs."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset as TorchDataset

from framecolor.core.compositing import lay_over_color
from framecolor.errors import InputError
from framecolor.media import IMAGE_SUFFIXES, read_image
from framecolor.training.dataset import Dataset, Split
from framecolor.training.loop import Batch
from framecolor.training.painting_folders import open_paintings
from framecolor.training.system_recipe import to_planes

Float = NDArray[np.float32]
# Pictures of a folder are read at this multiple of the working size, for random crops (the authors: 286 to 256).
_MARGIN = 1.12
# One in this many pictures of a folder is held out.
_HELD_OUT = 16


class PictureFolder:
    """Pictures of a plain folder, each read once at about the working size; every 16th is held out."""

    def __init__(self, folder: Path, split: Split, size_px: int) -> None:
        """Raises InputError if the folder has too few pictures."""
        paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES)
        held_out = paths[:: max(2, min(_HELD_OUT, len(paths)))]
        self.paths = held_out if split == "val" else [p for p in paths if p not in set(held_out)]
        if not self.paths:
            raise InputError(folder, "holds too few pictures", "give a folder of two or more, better a hundred")
        self.size_px = size_px
        self.read_before: dict[int, NDArray[np.uint8]] = {}

    def __len__(self) -> int:
        return len(self.paths)

    def read(self, index: int, rng: np.random.Generator) -> Float:
        """Read a random crop of a picture over white, perhaps mirrored, float32 HxWx3 in [0, 1]. Raises ReadError."""
        if index not in self.read_before:
            self.read_before[index] = _fit(lay_over_color(read_image(self.paths[index])), round(self.size_px * _MARGIN))
        picture = self.read_before[index]
        top, left = (int(rng.integers(0, side - self.size_px + 1)) for side in picture.shape[:2])
        part = picture[top : top + self.size_px, left : left + self.size_px]
        if rng.random() < 0.5:
            part = part[:, ::-1]
        return np.asarray(part, dtype=np.float32) / np.float32(255)


class PaintingHalf:
    """The lines, or the paint, of every other figure of a folder's paintings, so that no picture has its pair."""

    def __init__(self, folder: Path, split: Split, size_px: int, side: Literal["line", "rgb"]) -> None:
        """Raises what `open_paintings` raises, and InputError if there are fewer than two figures."""
        self.paintings, self.side = open_paintings(folder, split, size_px), side
        figures = list(range(len(self.paintings)))
        if (folder / "dataset.json").is_file():
            files = Dataset(folder).characters(split)
            figures = [number for number, own in enumerate(files) for _ in own]
        self.numbers = [n for n, figure in enumerate(figures) if figure % 2 == (side == "rgb")]
        if not self.numbers:
            raise InputError(folder, "holds one figure only", "give lines of one and paintings of another")

    def __len__(self) -> int:
        return len(self.numbers)

    def read(self, index: int, rng: np.random.Generator) -> Float:
        """Read float32 HxWx3 in [0, 1]; lines are black on white."""
        painting = self.paintings.read(self.numbers[index], rng)
        return painting.rgb if self.side == "rgb" else np.repeat(1 - painting.lines[..., None], 3, axis=2)


class UnpairedBatches(TorchDataset[Batch]):
    """Batch n of a seed: unpaired lines and colors.

    `line` [N, 1, H, W] in [0, 1], 1 on ink; `rgb` [N, 3, H, W] in [-1, 1] of other pictures; `chance` [N, 2, 2],
    uniform random numbers in [0, 1) for `Pool`.
    """

    def __init__(
        self, sketches: PictureFolder | PaintingHalf, colors: PictureFolder | PaintingHalf, count: int, seed: int
    ) -> None:
        self.sketches, self.colors, self.count, self.seed = sketches, colors, count, seed

    def __getitem__(self, index: int) -> Batch:
        rng = np.random.default_rng([self.seed, index])
        lines, colors = [], []
        for _ in range(self.count):
            sketch = self.sketches.read(int(rng.integers(len(self.sketches))), rng)
            lines.append(1 - cv2.cvtColor(sketch, cv2.COLOR_RGB2GRAY)[None])
            colors.append(to_planes(self.colors.read(int(rng.integers(len(self.colors))), rng)))
        chance = rng.random((self.count, 2, 2), np.float32)
        named = {"line": np.stack(lines).astype(np.float32), "rgb": np.stack(colors), "chance": chance}
        return {name: torch.from_numpy(array) for name, array in named.items()}


def describe_folders(*folders: Path) -> dict[str, str]:
    """Describe plain folders, as `Paintings.facts`: the hash covers names and sizes of the pictures."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGE_SUFFIXES):
            digest.update(f"{path.relative_to(folder).as_posix()} {path.stat().st_size}\n".encode())
    return {"source": "pictures of the user", "license": "that of the pictures", "hash": digest.hexdigest()[:16]}


def _fit(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Scale a picture so that its shorter side is `side` pixels."""
    scale = side / min(picture.shape[:2])
    size = (max(side, round(picture.shape[1] * scale)), max(side, round(picture.shape[0] * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, size, interpolation=way), dtype=np.uint8)
