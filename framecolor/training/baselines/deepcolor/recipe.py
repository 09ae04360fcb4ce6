"""Recipe `deepcolor`: from lines and a blurred, whited-out color hint, with an adversary.

After Kevin Frans, "Outline Colorization through Tandem Adversarial Networks" (2017), and his deepcolor. He trains at
256 px with 64 filters (`size_px=256, width=64`); the defaults here train on one core of a CPU. A step has three turns:
the critic, the generator (binary cross-entropy + 100 x L1), and the VAE that proposes a hint if there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from framecolor.core.precision import autocast
from framecolor.training.baselines.adversary import critic_loss, painter_loss
from framecolor.training.baselines.deepcolor.network import FIELD, Critic, DeepColor
from framecolor.training.loop import Batch, Turn
from framecolor.training.paintings import Painting
from framecolor.training.region_loss import region_loss, take_regions
from framecolor.training.simulate_hints import white_out
from framecolor.training.system_recipe import ColoristRecipe, to_planes

_L1_WEIGHT = 100.0
# Of the mean colors of regions, and of which color of the painting each is: what region-wise painting uses.
_REGION_WEIGHT, _PALETTE_WEIGHT = 50.0, 5.0
# Weight of the divergence from a normal latent, per value of the field; if larger, all fields look alike.
_KL_WEIGHT = 0.0005
# Share of empty hints: the generator must also paint from lines alone.
_WHITE_SHARE = 0.08
_BETAS = (0.5, 0.999)


class DeepColorRecipe(ColoristRecipe):
    """Trains `DeepColor`."""

    network_type = DeepColor
    shipped = "painter"
    methods = ("drawn", "adaptive")
    turns: Mapping[str, Turn] = {
        "critic": Turn(("critic",), weight_decay=0, betas=_BETAS),
        "generator": Turn(("painter.generator", "painter.certainty"), weight_decay=0, betas=_BETAS),
        "proposer": Turn(("painter.vae",), rate=1e-3, weight_decay=0),
    }

    def build_network(self) -> nn.Module:
        return nn.ModuleDict({"painter": DeepColor(**self.sizes), "critic": Critic(7, self.sizes["width"])})

    def make(self, painting: Painting, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
        """Make lines, hint and color; `field` [3, 16, 16], the target of the VAE, and the noise of its latent."""
        white = rng.random() < _WHITE_SHARE
        hint = np.ones_like(painting.rgb) if white else white_out(painting.rgb, rng)
        field = cv2.resize(painting.rgb, (FIELD, FIELD), interpolation=cv2.INTER_AREA).astype(np.float32)
        hint = to_planes(hint)
        return {
            "rgb": to_planes(painting.rgb),
            "line": painting.lines[None],
            "labels": take_regions(painting.flats, painting.lines),
            "hint": hint,
            "shown": hint,
            "field": to_planes(field),
            "noise": rng.standard_normal(self.sizes["latent"], np.float32),
        }

    def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        if turn == "proposer":
            return _propose_loss(network, batch)
        critic = network.get_submodule("critic")
        line, hint, rgb = batch["line"], batch["hint"], batch["rgb"]
        painted = self.paint(network, batch)
        with autocast(line.device):
            score = critic(torch.cat([line, hint, painted], dim=1)).float()
            real = critic(torch.cat([line, hint, rgb], dim=1)).float() if turn == "critic" else score
        if turn == "critic":
            return critic_loss("bce", real, score), {}
        apart = F.l1_loss(painted, rgb)
        fooled = painter_loss("bce", score)
        numbers = {"l1": float(apart.detach()) / 2, "fooled": float(fooled.detach())}
        certainty = cast(DeepColor, network.get_submodule("painter")).certainty
        region, palette = region_loss(painted, rgb, batch["labels"], certainty)
        numbers |= {"region": float(region.detach()) / 2, "palette": float(palette.detach())}
        return _L1_WEIGHT * apart + fooled + _REGION_WEIGHT * region + _PALETTE_WEIGHT * palette, numbers

    def paint(self, network: nn.Module, batch: Batch) -> Tensor:
        with autocast(batch["line"].device):
            return network.get_submodule("painter")(batch["line"], batch["hint"]).float()


def _propose_loss(network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
    """Compute the L1 of the reconstructed field, and the latent's divergence from a normal one."""
    field, mean, log_variance = network.get_submodule("painter.vae")(batch["line"], batch["field"], batch["noise"])
    apart = F.l1_loss(field, batch["field"])
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()
    numbers = {"field_l1": float(apart.detach()) / 2, "nats": float(divergence.detach())}
    return apart + _KL_WEIGHT * divergence, numbers
