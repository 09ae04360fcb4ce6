"""Recipe `style`: one picture in the style of another, optimized for each pair (Gatys et al. 2016). A baseline.

The network is the picture itself, which the loop optimizes for `StyleLoss`, by Adam in place of the authors' L-BFGS, so
that a stopped run continues (`transfer_style` has L-BFGS).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset as TorchDataset

from framecolor.media import hash_file, read_image, write_image
from framecolor.networks.perception import load_perception
from framecolor.training.baselines.style.network import STYLE_WEIGHT, StyledPicture, StyleLoss
from framecolor.training.contact_sheet import write_contact_sheet
from framecolor.training.loop import Batch, Turn
from framecolor.training.system_recipe import to_picture, to_planes


class StyleRecipe:
    """Trains `StyledPicture`. There is no held-out data and no weights file: `export` writes styled.png."""

    name = "style"

    def __init__(
        self, content: Path, reference: Path, seed: int = 0, *, size_px: int = 256, style_weight: float = STYLE_WEIGHT
    ) -> None:
        """size_px: long side of both pictures; seed: unused, as nothing is random; style_weight: of the style's
        distance, where that of the content has 1.

        Raises ReadError if a picture cannot be read.
        """
        self.paths, self.size_px, self.style_weight = (content, reference), size_px, style_weight
        self.content, self.reference = (_read(path, size_px) for path in self.paths)
        self.turns = {"picture": Turn(weight_decay=0)}
        self.batches: TorchDataset[Batch] = _Nothing()
        self._loss: StyleLoss | None = None

    def build_network(self) -> nn.Module:
        """Build a StyledPicture, which starts as the content."""
        return StyledPicture(self.content)

    def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        content, style = self._compare(network())
        numbers = {"content": float(content.detach()), "style": float(style.detach())}
        return content + self.style_weight * style, numbers

    @torch.no_grad()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Measure both parts of the loss for the running mean of the pictures, which is what is written."""
        content, style = self._compare(network())
        return {"content": float(content), "style": float(style)}

    @torch.no_grad()
    def write_samples(self, network: nn.Module, path: Path) -> None:
        """Write one row: content | reference, fitted to its size | styled."""
        size = self.content.shape[2], self.content.shape[3]
        reference = nn.functional.interpolate(self.reference, size, mode="bilinear", antialias=True)
        write_contact_sheet([[to_picture(p[0]) for p in (self.content, reference, network())]], path)

    @torch.no_grad()
    def export(self, network: nn.Module, folder: Path, step: int) -> None:
        """Write folder/styled.png."""
        rgb = to_picture(cast(Tensor, network())[0])
        write_image(folder / "styled.png", np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)]))

    def _compare(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        if self._loss is None:
            content, reference = (planes.to(picture.device) for planes in (self.content, self.reference))
            network = load_perception().to(picture.device)
            self._loss = StyleLoss(network, content, reference)
        return self._loss.compare(picture)

    def describe(self) -> dict[str, Any]:
        """Return both pictures, by name and hash, and the size."""
        pictures = {path.name: hash_file(path) for path in self.paths}
        return {"pictures": pictures, "size_px": self.size_px, "style_weight": self.style_weight}


class _Nothing(TorchDataset[Batch]):
    """Empty batches: the loss has all there is to learn from."""

    def __getitem__(self, index: int) -> Batch:
        return {}


def _read(path: Path, long_side: int) -> Tensor:
    """Read a picture over white, [1, 3, H, W] in [-1, 1], its long side `long_side`."""
    rgba = read_image(path).astype(np.float32) / np.float32(255)
    rgb = rgba[..., :3] * rgba[..., 3:] + 1 - rgba[..., 3:]
    scale = long_side / max(rgb.shape[:2])
    size = tuple(max(16, round(side * scale)) for side in rgb.shape[1::-1])
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    return torch.from_numpy(to_planes(np.asarray(small, dtype=np.float32)))[None]
