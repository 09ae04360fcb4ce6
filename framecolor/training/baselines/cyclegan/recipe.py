"""Recipe `cyclegan`: from sketches to color without pairs (Zhu et al. 2017, "Unpaired image-to-image translation").

Two networks translate sketches to color and back, each with a critic of patches. The loss is least squares against the
critics + 10 x the cycle loss (there and back) + 5 x the identity loss (change of a picture of the target domain). The
critics learn from the last 50 painted pictures, not only the newest. The authors train at 256 px with 64 filters and 9
blocks, one picture per step (`size_px=256, width=64`); the defaults here train on one core of a CPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from framecolor.core.precision import autocast
from framecolor.training.baselines.adversary import critic_loss, painter_loss
from framecolor.training.baselines.cyclegan.network import CycleGan, PatchCritic, show_sketch
from framecolor.training.baselines.cyclegan.unpaired import (
    PaintingHalf,
    PictureFolder,
    UnpairedBatches,
    describe_folders,
)
from framecolor.training.loop import Batch, Turn, to_device
from framecolor.training.paintings import Painting
from framecolor.training.system_recipe import VAL_SEED, ColoristRecipe, SystemRecipe, to_planes

_CYCLE_WEIGHT = 10.0
_SAME_WEIGHT = 5.0
POOL = 50
_VAL_BATCHES = 4
_BETAS = (0.5, 0.999)


class Pool(nn.Module):
    """The last painted pictures, 8 bits per value; part of the network's state, so that a resumed training has it.

    The first `POOL` pictures are kept. Each later one is, with even odds, returned itself, or exchanged for a kept one,
    which is returned.
    """

    pictures: Tensor
    filled: Tensor

    def __init__(self, size_px: int) -> None:
        super().__init__()
        self.register_buffer("pictures", torch.zeros(POOL, 3, size_px, size_px, dtype=torch.uint8))
        self.register_buffer("filled", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def exchange(self, made: Tensor, chance: Tensor) -> Tensor:
        """Choose the critic's input for `made` [N, 3, H, W] in [-1, 1]; chance [N, 2] in [0, 1): random numbers."""
        shown = made.clone()
        for n, picture in enumerate(((made.clamp(-1, 1) + 1) * 127.5).round().byte()):
            filled = int(self.filled)
            if filled < POOL:
                self.pictures[filled] = picture
                self.filled += 1
            elif chance[n, 0] < 0.5:
                slot = int(chance[n, 1] * POOL)
                shown[n] = self.pictures[slot].to(made.dtype) / 127.5 - 1
                self.pictures[slot] = picture
        return shown


class Pair(nn.Module):
    """Both directions, their critics and the critics' pools."""

    def __init__(self, width: int, blocks: int, size_px: int) -> None:
        super().__init__()
        self.painter, self.sketcher = CycleGan(width, blocks, size_px), CycleGan(width, blocks, size_px)
        self.color_critic, self.sketch_critic = PatchCritic(width), PatchCritic(width)
        self.colors, self.sketches = Pool(size_px), Pool(size_px)
        # The pictures painted in this step, for the critics' turn.
        self.made: tuple[Tensor, Tensor] | None = None


class CycleGanRecipe(ColoristRecipe):
    """Trains `Pair`.

    Without `colors`, `open_paintings` reads `data`: lines are of one half of its figures, paint of the other half.
    With it, `data` is a folder of sketches and `colors` one of color pictures, with any file names.
    """

    network_type = CycleGan
    shipped = "painter"
    held_out_batch = 4
    turns: Mapping[str, Turn] = {
        "painters": Turn(("painter", "sketcher"), weight_decay=0, betas=_BETAS, gradient_limit=None),
        "critics": Turn(("color_critic", "sketch_critic"), weight_decay=0, betas=_BETAS, gradient_limit=None),
    }

    def __init__(
        self, data: Path, seed: int = 0, *, colors: Path | None = None, size_px: int = 128, batch: int = 1, **sizes: Any
    ) -> None:
        self.paired = colors is None
        lines: PaintingHalf | PictureFolder
        paint: PaintingHalf | PictureFolder
        if colors is None:
            super().__init__(data, seed, size_px=size_px, batch=batch, **sizes)
            lines, paint = (PaintingHalf(data, "train", size_px, side) for side in ("line", "rgb"))
        else:
            facts = describe_folders(data, colors)
            SystemRecipe.__init__(self, facts, seed, size_px, batch, {"size_px": size_px, **sizes})
            lines, paint = (PictureFolder(folder, "train", size_px) for folder in (data, colors))
            own = [PictureFolder(folder, "val", size_px) for folder in (data, colors)]
            self.held_out = UnpairedBatches(own[0], own[1], 4, VAL_SEED)
        self.batches = UnpairedBatches(lines, paint, batch, seed)

    def build_network(self) -> nn.Module:
        """Build a Pair."""
        return Pair(**self.sizes)

    def make(self, painting: Painting, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        """Make a pair, used only to measure: training uses no pairs."""
        return {"rgb": to_planes(painting.rgb), "line": painting.lines[None]}

    def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        pair = cast(Pair, network)
        sketch, color = show_sketch(batch["line"]), batch["rgb"]
        if turn == "critics":
            assert pair.made is not None, "critics learn from what the painters made in the same step"
            (painted, drawn), chance = pair.made, batch["chance"]
            painted = pair.colors.exchange(painted, chance[:, 0])
            drawn = pair.sketches.exchange(drawn, chance[:, 1])
            loss = critic_loss("lsgan", pair.color_critic(color), pair.color_critic(painted))
            return loss + critic_loss("lsgan", pair.sketch_critic(sketch), pair.sketch_critic(drawn)), {}
        with autocast(sketch.device):
            painted, drawn = pair.painter(sketch), pair.sketcher(color)
            again = pair.sketcher(painted), pair.painter(drawn)
            same = pair.painter(color), pair.sketcher(sketch)
        pair.made = painted.detach().float(), drawn.detach().float()
        fooled = painter_loss("lsgan", pair.color_critic(painted.float()))
        fooled = fooled + painter_loss("lsgan", pair.sketch_critic(drawn.float()))
        cycle = F.l1_loss(again[0].float(), sketch) + F.l1_loss(again[1].float(), color)
        identity = F.l1_loss(same[0].float(), color) + F.l1_loss(same[1].float(), sketch)
        parts = {"fooled": fooled, "cycle": cycle, "same": identity}
        loss = fooled + _CYCLE_WEIGHT * cycle + _SAME_WEIGHT * identity
        return loss, {name: float(part.detach()) for name, part in parts.items()}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Measure the cycle loss of held-out pictures; for paintings, also the distance from the truth, which training
        does not minimize."""
        pair, lost = cast(Pair, network), []
        for index in range(_VAL_BATCHES):
            batch = to_device(self.held_out[index], network)
            sketch, color = show_sketch(batch["line"]), batch["rgb"]
            lost.append(float((pair.sketcher(pair.painter(sketch)) - sketch).abs().mean()))
            lost.append(float((pair.painter(pair.sketcher(color)) - color).abs().mean()))
        return {"cycle": sum(lost) / len(lost), **(super().validate(network) if self.paired else {})}

    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        return cast(Pair, network).painter(show_sketch(batch["line"]))
