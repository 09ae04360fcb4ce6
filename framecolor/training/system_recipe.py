"""Base of the recipes of `framecolor.networks.systems`: reads paintings, measures, writes samples and weights.

A recipe defines what it takes from a painting, how its network learns, and how it paints a batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset as TorchDataset

from framecolor.networks.checkpoint import save_colorist
from framecolor.training.contact_sheet import write_contact_sheet
from framecolor.training.loop import ONE_TURN, Batch, Turn, name_origin, to_device
from framecolor.training.painting_folders import open_paintings
from framecolor.training.paintings import DRAWN_OR_EXTRACTED, Painting, PaintingBatches

VAL_SEED = 2**20
_VAL_BATCHES = 4
_SAMPLES = 8


class SystemRecipe(ABC):
    """A recipe (`framecolor.training.loop.Recipe`) that makes a system's weights.

    network_type  the class of its network, which gives the recipe its name
    shipped       name of the child of the trained network that is exported, a `network_type`; "": the network itself
    turns         of each step, see `loop.Recipe`
    """

    network_type: Any
    shipped = ""
    turns: Mapping[str, Turn] = ONE_TURN

    def __init__(self, facts: dict[str, str], seed: int, size_px: int, batch: int, sizes: Mapping[str, Any]) -> None:
        """facts: of the data; sizes: of the network, which has defaults for those not given."""
        self.facts, self.seed, self.size_px, self.batch = facts, seed, size_px, batch
        with torch.device("meta"):
            self.sizes: dict[str, Any] = self.network_type(**sizes).sizes

    @property
    def name(self) -> str:
        """Return the system's name."""
        return self.network_type.name

    def export(self, network: nn.Module, folder: Path, step: int) -> None:
        """Write folder/NAME.safetensors in float16, the file that `--model` and the package read."""
        ships: Any = network.get_submodule(self.shipped)
        origin = name_origin(self.name, step, self.facts)
        save_colorist(ships, folder / f"{self.name}.safetensors", origin, half=True)

    def describe(self) -> dict[str, Any]:
        """Return seed, data and sizes."""
        return {"seed": self.seed, "data": self.facts, "size_px": self.size_px, "batch": self.batch, **self.sizes}


class ColoristRecipe(SystemRecipe):
    """The recipe of a system that paints.

    methods         how the lines of its paintings are made (`open_paintings`)
    held_out_batch  number of held-out paintings measured at once; None: that of a training batch
    """

    methods: Sequence[str] = DRAWN_OR_EXTRACTED
    held_out_batch: int | None = None

    def __init__(self, data: Path, seed: int = 0, *, size_px: int = 128, batch: int = 8, **sizes: Any) -> None:
        """data: a folder that `open_paintings` reads; raises what it raises."""
        paintings = open_paintings(data, "train", size_px, self.methods)
        super().__init__(paintings.facts, seed, size_px, batch, {"size_px": size_px, **sizes})
        self.batches: TorchDataset[Batch] = PaintingBatches(paintings, self.make, batch, seed)
        count, paintings = self.held_out_batch or batch, open_paintings(data, "val", size_px, self.methods)
        self.held_out: TorchDataset[Batch] = PaintingBatches(paintings, self.make, count, VAL_SEED)

    @abstractmethod
    def build_network(self) -> nn.Module:
        """Build the network with random weights: all that is trained, adversaries included."""

    @abstractmethod
    def make(self, painting: Painting, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        """Make one painting's part of a batch: float32 arrays, each of one shape for all paintings.

        `rgb` [3, H, W] in [-1, 1] is the truth, `line` [1, H, W] in [0, 1] the drawing; `shown` [3, H, W], if any, is
        the hint as samples show it, in [-1, 1].
        """

    @abstractmethod
    def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        """Compute the loss of one turn, see `loop.Recipe`."""

    @abstractmethod
    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        """Paint the batch: [N, 3, H, W] in [-1, 1]."""

    @torch.no_grad()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Measure the mean distance of held-out paintings from the truth, per channel in [0, 1], and its PSNR in dB."""
        apart, squared = [], []
        for index in range(_VAL_BATCHES):
            batch = to_device(self.held_out[index], network)
            error = (self.paint(network, batch).clamp(-1, 1) - batch["rgb"]) / 2
            apart.append(float(error.abs().mean()))
            squared.append(float(error.square().mean()))
        return {"l1": float(np.mean(apart)), "psnr_db": float(-10 * np.log10(max(np.mean(squared), 1e-10)))}

    @torch.no_grad()
    def write_samples(self, network: nn.Module, path: Path) -> None:
        """Write rows of held-out paintings, see `show`."""
        rows: list[list[NDArray[np.uint8]]] = []
        index = 1000
        while len(rows) < _SAMPLES:
            rows += self.show(network, to_device(self.held_out[index], network))
            index += 1
        write_contact_sheet(rows[:_SAMPLES], path)

    def show(self, network: nn.Module, batch: Batch) -> list[list[NDArray[np.uint8]]]:
        """Make a row of pictures for each painting: line art | hint, if any | painted | truth."""
        lines = 1 - 2 * batch["line"].expand(-1, 3, -1, -1)
        columns = [lines, *([batch["shown"]] if "shown" in batch else []), self.paint(network, batch), batch["rgb"]]
        return [[to_picture(picture) for picture in row] for row in zip(*columns, strict=True)]


def to_planes(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Convert color HxWx3 in [0, 1] to planes 3xHxW in [-1, 1]."""
    return np.ascontiguousarray(rgb.transpose(2, 0, 1) * np.float32(2) - np.float32(1))


def to_picture(planes: Tensor) -> NDArray[np.uint8]:
    """Convert planes [3, H, W] in [-1, 1] to uint8 HxWx3."""
    return ((planes.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).contiguous().cpu().numpy()
