"""Recipe `chooser`: which of the given colors each region of a drawing gets, on fixed base weights and matcher.

What these say of each region is computed once per drawing (`framecolor.training.chooser_episodes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset as TorchDataset

from framecolor.core.precision import autocast
from framecolor.networks.checkpoint import load_matcher, matcher_weights_path, save_colorist
from framecolor.networks.chooser import Chooser
from framecolor.training.chooser_batches import ChooserBatches, make_choice
from framecolor.training.chooser_episodes import ChooserEpisodes
from framecolor.training.contact_sheet import show_values, write_contact_sheet
from framecolor.training.dataset import Dataset
from framecolor.training.loop import ONE_TURN, Batch, average, name_origin, to_device
from framecolor.training.recipes.painter import join_facts

_GIVEN = ("strokes", "one each", "palette")
_VAL_EPISODES, _VAL_BATCHES, _VAL_SEED = 60, 12, 2**20
# Weights of the losses after each round but the last, and of which regions share a paint.
_EARLY_WEIGHT, _ALIKE_WEIGHT = 0.3, 0.5


class ChooserRecipe:
    """Trains `Chooser`; held-out batches are of other characters."""

    name = Chooser.name
    turns = ONE_TURN

    def __init__(
        self, data: Sequence[Dataset], seed: int, folder: Path, episodes: int, size_px: int, batch: int = 8,
        **sizes: Any,
    ) -> None:  # fmt: skip
        """folder: keeps the episodes; episodes: of each of `data`, half of a batch's are of the first; sizes: of the
        network."""
        self.data, self.seed, self.size_px, self.episodes, self.batch = data, seed, size_px, episodes, batch
        matcher = load_matcher(matcher_weights_path())
        self.sizes = Chooser(**{"tokens": matcher.tokens + matcher.context, **sizes}).sizes
        train = [ChooserEpisodes(one, "train", seed, folder, episodes, size_px) for one in data]
        val = [ChooserEpisodes(one, "val", seed, folder, min(episodes, _VAL_EPISODES), size_px) for one in data]
        self.batches: TorchDataset[Batch] = ChooserBatches(train, seed, batch)
        self.held_out = {given: ChooserBatches(val, _VAL_SEED, batch, given=given) for given in _GIVEN}

    def build_network(self) -> nn.Module:
        return Chooser(**self.sizes)

    def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        """Compute the cross-entropy of colors after each round, and of whether two regions share a paint."""
        with autocast(batch["tokens"].device):
            rounds, alike = network(make_choice(batch))
        weight = batch["weight"] / batch["weight"].sum(1, keepdim=True).clamp_min(1e-6)
        target = torch.where(batch["target"] >= 0, batch["target"], rounds[0].shape[2] - 1)
        parts = [(F.cross_entropy(r.float().transpose(1, 2), target, reduction="none") * weight).sum(1) for r in rounds]
        joined = alike_loss(alike, batch)
        loss = parts[-1].mean() + _EARLY_WEIGHT * torch.stack(parts[:-1]).sum(0).mean() + _ALIKE_WEIGHT * joined
        simple = torch.stack(find_simple(batch))
        numbers = {"choice": parts[-1].mean(), "alike": joined, "acc": accuracy(rounds[-1], batch)}
        numbers["simple"] = torch.stack([rate(answer, batch) for answer in simple]).max()
        return loss, {name: float(value.detach()) for name, value in numbers.items()}

    @torch.no_grad()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Measure the share of right regions with 24 dots of either kind (of all regions), and by the palette; of the
        better simple answer, too."""
        numbers: dict[str, float] = {}
        for given, batches in self.held_out.items():
            rows = []
            for index in range(_VAL_BATCHES):
                _, row = self.compute_loss(network, to_device(batches[index], network), "all")
                rows.append({name: value for name, value in row.items() if value == value})
            numbers |= {f"{given.replace(' ', '_')}_{name}": value for name, value in average(rows).items()}
        return numbers

    @torch.no_grad()
    def write_samples(self, network: nn.Module, path: Path) -> None:
        """Write probabilities of colors (columns) in regions (rows), high ones bright; beside them, the true ones."""
        rows = []
        for index in range(4):
            batch = to_device(self.held_out["strokes"][index], network)
            logits = cast(Chooser, network)(make_choice(batch))[0][-1]
            true = batch["target"][0, :48, None] == torch.arange(logits.shape[2] - 1, device=logits.device)
            rows.append([show_values(logits.softmax(2)[0, :48, :-1]), show_values(true.float())])
        write_contact_sheet(rows, path)

    def export(self, network: nn.Module, folder: Path, step: int) -> None:
        """Write folder/chooser.safetensors, as the package reads it."""
        facts = name_origin(self.name, step, join_facts(self.data))
        save_colorist(cast(Chooser, network), folder / f"{self.name}.safetensors", facts, half=True)

    def describe(self) -> dict[str, Any]:
        """Return seed, data, episodes and sizes."""
        facts = {"seed": self.seed, "data": [one.facts for one in self.data], "episodes": self.episodes}
        return facts | {"size_px": self.size_px, "batch": self.batch, **self.sizes}


def alike_loss(alike: Tensor, batch: Batch) -> Tensor:
    """Compute the cross-entropy of log-odds [N, T, T] that two regions have one class, over those in the figure."""
    counted = (batch["weight"] > 0) | (batch["known"].amax(2) > 0)
    counted = (counted & (batch["shape"][..., 5] < 0.5)).float()
    pairs = counted[:, :, None] * counted[:, None] * (1 - torch.eye(alike.shape[1], device=alike.device))
    same = (batch["same"][:, :, None] == batch["same"][:, None]).float()
    loss = F.binary_cross_entropy_with_logits(alike, same, reduction="none")
    return (loss * pairs).sum() / pairs.sum().clamp_min(1)


def find_simple(batch: Batch) -> tuple[Tensor, Tensor]:
    """Choose by the flow of strokes, and by the nearest stroke: candidates [N, T]."""
    missing = batch["candidates"][..., 4][:, None] == 0
    return batch["flow"].masked_fill(missing, -1).argmax(2), batch["near"].masked_fill(missing, 9).argmin(2)


def accuracy(logits: Tensor, batch: Batch) -> Tensor:
    """Compute the share of right regions by logits [N, T, C + 1]; "none" is no answer."""
    return rate(logits[..., :-1].argmax(2), batch)


def rate(chosen: Tensor, batch: Batch) -> Tensor:
    """Compute the mean share of right regions of the figure, those with strokes included, by candidates [N, T]."""
    known = batch["known"].amax(2) > 0
    counted = ((batch["weight"] > 0) | (known & (batch["shape"][..., 5] < 0.5))).float()
    answer = torch.where(known, batch["known"].argmax(2), chosen)
    right = (answer == batch["target"]).float() * counted
    return (right.sum(1) / counted.sum(1).clamp_min(1))[counted.sum(1) > 0].mean()
