"""Recipe `painter`: decides the colors of drawings from painted ones, on fixed base weights.

The generator's features of each region are computed once per episode (`framecolor.training.painter_episodes`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset as TorchDataset

from framecolor.core.precision import autocast
from framecolor.networks.checkpoint import load_matcher, matcher_weights_path, save_painter
from framecolor.networks.painter import Drawing, Painter
from framecolor.networks.painter_pairs import SHARPNESS
from framecolor.training.dataset import Dataset
from framecolor.training.loop import ONE_TURN, Batch, average, name_origin, to_device
from framecolor.training.painter_episodes import PainterEpisodes

_VAL_BATCHES = 25
_NEVER = -1e4
# Weight of the loss after each round but the last.
_EARLY_WEIGHT = 0.3
# Working pixels; accuracy is also measured by size of region. At 1080p a region of 50 to 200 pixels has about 4 to 15.
_SMALL = (4.0, 16.0)


class PainterRecipe:
    """Trains `Painter`. `held_out` are episodes of characters that are not in `batches`."""

    name = "painter"
    turns = ONE_TURN

    def __init__(
        self,
        data: Dataset,
        seed: int,
        folder: Path,
        episodes: int,
        size_px: int,
        batch_size: int = 4,
        network: dict[str, Any] | None = None,
    ) -> None:
        """folder: keeps the episodes."""
        self.data, self.seed, self.size_px, self.episodes = data, seed, size_px, episodes
        self.network = network or {}
        self.batches: TorchDataset[Batch] = PainterEpisodes(data, "train", seed, folder, episodes, size_px, batch_size)
        self.held_out = PainterEpisodes(data, "val", 2**20, folder, 100, size_px, batch_size)

    def build_network(self) -> nn.Module:
        # Not from a batch: to make one for the first time draws random numbers, and the weights would be others.
        matcher = load_matcher(matcher_weights_path())
        return Painter(matcher.width + matcher.features, **self.network)

    def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        """Compute the cross-entropy of colors."""
        loss, numbers = paint(cast(Painter, network), batch)
        return loss, {name: float(value) for name, value in numbers.items()}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Average the numbers of training over held-out episodes."""
        rows = []
        for index in range(_VAL_BATCHES):
            loss, numbers = self.compute_loss(network, to_device(self.held_out[index], network), "all")
            rows.append({name: value for name, value in {"loss": float(loss), **numbers}.items() if value == value})
        return average(rows)

    def write_samples(self, network: nn.Module, path: Path) -> None:
        pass

    def export(self, network: nn.Module, folder: Path, step: int) -> None:
        """Write folder/painter.safetensors, as the package reads it."""
        facts = name_origin(self.name, step, self.data.facts)
        save_painter(cast(Painter, network), folder / "painter.safetensors", facts)

    def describe(self) -> dict[str, Any]:
        """Return seed, data and episodes."""
        return {"seed": self.seed, "data": self.data.facts, "episodes": self.episodes, "size_px": self.size_px}


def paint(painter: Painter, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
    """Compute the loss of a batch's problems, and the shares of right colors, among regions whose color is told.

    acc: of all regions; matched: by the matcher's scores alone; small: of small regions; small_matched: both.
    """
    with autocast(batch["tokens"].device):
        encoded = painter.crops(batch["crops"].float() / 255).float()
    present = batch["present"]
    seen = encoded.new_zeros(*present.shape, painter.width).masked_scatter(present[..., None] > 0, encoded)
    target, sources = batch["target"], batch["sources"].clamp_min(0)
    most = sources.shape[1]
    classes = batch["classes"][target]
    wanted_class = classes.clamp_min(0)
    size = int(batch["classes"].max()) + 1
    members = F.one_hot(batch["source_classes"].clamp_min(0), size).float() * batch["source_known"][..., None]
    known = F.one_hot(wanted_class, size).float() * batch["target_known"][..., None]
    score, unmatched = batch["score"].unflatten(2, (most, -1)), batch["unmatched"]
    values = batch["tokens"], seen, batch["shape"], batch["contact"]
    rounds = painter.decide(
        Drawing(*(value[target] for value in values)),
        known,
        Drawing(*(value[sources] for value in values)),
        members,
        score,
        unmatched,
    )
    offered = members.amax((1, 2)) > 0
    shown = offered.gather(1, wanted_class)
    wanted = torch.where(shown, wanted_class, size)
    counted = (classes >= 0) & (batch["target_known"] == 0)
    losses = [
        F.cross_entropy(torch.cat([logits, lost[..., None]], 2)[counted], wanted[counted]) for logits, lost in rounds
    ]
    loss = losses[-1] + _EARLY_WEIGHT * torch.stack(losses[:-1]).sum()
    matched = join(score, members).masked_fill(~offered[:, None], _NEVER)
    rated = counted & shown
    area = batch["area"][target]
    small = rated & (area >= _SMALL[0]) & (area < _SMALL[1])
    right, by_matcher = ((values.argmax(2) == wanted_class).float() for values in (rounds[-1][0], matched))
    before = F.cross_entropy(torch.cat([matched, unmatched[..., None]], 2)[counted], wanted[counted])
    numbers = {
        "paint": losses[-1].detach(),
        "before": before,
        "acc": right[rated].mean(),
        "matched": by_matcher[rated].mean(),
        "small": right[small].mean(),
        "small_matched": by_matcher[small].mean(),
    }
    return loss, numbers


def join(score: Tensor, members: Tensor) -> Tensor:
    """Join the matcher's scores [Q, A, K, R] over the members [Q, K, R, C] of each class."""
    sharp = (SHARPNESS * score).masked_fill(members.amax(-1)[:, None] == 0, _NEVER).flatten(2)
    top = sharp.amax(dim=2, keepdim=True)
    return ((sharp - top).exp() @ members.flatten(1, 2)).clamp_min(1e-30).log().add(top) / SHARPNESS
