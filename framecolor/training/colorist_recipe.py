"""What the recipes of all colorists share: paintings in, numbers and samples on held-out ones, weights out.

A recipe of a system says what it makes of a painting, how its network learns, and how it paints a batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from framecolor.networks.checkpoint import SizedNetwork, save_colorist
from framecolor.training.contact_sheet import write_contact_sheet
from framecolor.training.loop import ONE_TURN, Batch, Turn, to_device
from framecolor.training.paintings import DRAWN_OR_EXTRACTED, Painting, PaintingBatches, open_paintings

_VAL_BATCHES = 4
_VAL_SEED = 2**20
_SAMPLES = 8


class ColoristRecipe(ABC):
    """A recipe on paintings (`framecolor.training.loop.Recipe`).

    name, turns  as the loop asks for them
    methods      how the lines of its paintings are made (`open_paintings`)
    """

    name: str
    turns: Mapping[str, Turn] = ONE_TURN
    methods: Sequence[str] = DRAWN_OR_EXTRACTED

    def __init__(self, folder: Path, seed: int = 0, *, size_px: int = 128, batch: int = 8) -> None:
        """folder: whatever `open_paintings` reads. Raises what it raises."""
        self.seed, self.size_px, self.batch = seed, size_px, batch
        paintings = open_paintings(folder, "train", size_px, self.methods)
        held_out = open_paintings(folder, "val", size_px, self.methods)
        self.facts = paintings.facts
        self.batches = PaintingBatches(paintings, self.make, batch, seed)
        self.held_out = PaintingBatches(held_out, self.make, batch, _VAL_SEED)

    @abstractmethod
    def build_network(self) -> nn.Module:
        """A new network with random weights: all that learns, adversaries included."""

    @abstractmethod
    def make(self, painting: Painting, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        """What a batch holds of one painting, float32 arrays of one shape for all paintings.

        `rgb` [3, H, W] in [-1, 1] is the truth, `line` [1, H, W] in [0, 1] the drawing; `shown` [3, H, W], if any, is
        the hint as samples show it, in [-1, 1].
        """

    @abstractmethod
    def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        """As the loop asks for it."""

    @abstractmethod
    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        """The batch painted, [N, 3, H, W] in [-1, 1]."""

    def shipped(self, network: nn.Module) -> SizedNetwork:
        """The part of the network that paints, with `name` and `sizes`: what is exported."""
        return cast(SizedNetwork, network)

    @torch.no_grad()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Mean distance from the truth of held-out paintings, per channel in [0, 1], and its PSNR in dB."""
        apart, squared = [], []
        for index in range(_VAL_BATCHES):
            batch = to_device(self.held_out[index], network)
            error = (self.paint(network, batch).clamp(-1, 1) - batch["rgb"]) / 2
            apart.append(float(error.abs().mean()))
            squared.append(float(error.square().mean()))
        return {"l1": float(np.mean(apart)), "psnr_db": float(-10 * np.log10(max(np.mean(squared), 1e-10)))}

    @torch.no_grad()
    def write_samples(self, network: nn.Module, path: Path) -> None:
        """Rows of held-out paintings: line art | hint, if any | painted | truth."""
        rows: list[list[NDArray[np.uint8]]] = []
        index = 1000
        while len(rows) < _SAMPLES:
            batch = to_device(self.held_out[index], network)
            painted = self.paint(network, batch)
            for i in range(min(len(painted), _SAMPLES - len(rows))):
                line = 1 - 2 * batch["line"][i].expand(3, -1, -1)
                shown = [batch["shown"][i]] if "shown" in batch else []
                rows.append([to_picture(p) for p in (line, *shown, painted[i], batch["rgb"][i])])
            index += 1
        write_contact_sheet(rows, path)

    def export(self, network: nn.Module, folder: Path, step: int) -> None:
        """folder/NAME.safetensors, as `framecolor explore --model` reads it."""
        facts = {"recipe": self.name, "step": str(step), "data": self.facts["hash"], "license": self.facts["license"]}
        save_colorist(self.shipped(network), folder / f"{self.name}.safetensors", facts)

    def describe(self) -> dict[str, Any]:
        """Seed, data and sizes."""
        return {"seed": self.seed, "data": self.facts, "size_px": self.size_px, "batch": self.batch}


def to_planes(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Color HxWx3 in [0, 1] as planes 3xHxW in [-1, 1]."""
    return np.ascontiguousarray(rgb.transpose(2, 0, 1) * np.float32(2) - np.float32(1))


def to_picture(planes: Tensor) -> NDArray[np.uint8]:
    """Planes [3, H, W] in [-1, 1] as uint8 HxWx3."""
    return ((planes.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).contiguous().cpu().numpy()
