"""Recipe `painter`: refines the shipped matcher's scores, on fixed base weights.

What the networks before it say of each region is computed once per episode (`framecolor.training.painter_episodes`).
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
from framecolor.networks.checkpoint import load_matcher, load_painter, matcher_weights_path, save_painter
from framecolor.networks.painter import Drawing, Painter
from framecolor.networks.painter_pairs import SHARPNESS
from framecolor.training.contact_sheet import show_values, write_contact_sheet
from framecolor.training.dataset import Dataset
from framecolor.training.loop import ONE_TURN, Batch, average, name_origin, to_device
from framecolor.training.painter_episodes import PainterBatches, PainterEpisodes

_VAL_EPISODES = 100
_VAL_BATCHES = 25
_NEVER = -1e4
# Weight of the loss after each round but the last.
_EARLY_WEIGHT = 0.3
# Working pixels; accuracy is also measured by size of region. At 1080p a region of 50 to 200 pixels has about 4 to 15.
_SMALL = (4.0, 16.0)


class PainterRecipe:
    """Trains `Painter`. `held_out` are batches of characters that are not in `batches`."""

    name = "painter"
    turns = ONE_TURN

    def __init__(
        self,
        data: Sequence[Dataset],
        seed: int,
        folder: Path,
        episodes: int,
        size_px: int,
        batch_size: int = 4,
        start: Path | None = None,
    ) -> None:
        """Take half of the episodes from the first of `data`, the others from any.

        folder    keeps the episodes
        episodes  of each of `data`
        start     a painter to start from
        """
        self.data, self.seed, self.size_px, self.episodes, self.start = data, seed, size_px, episodes, start
        train = [PainterEpisodes(one, "train", seed, folder, episodes, size_px) for one in data]
        val = [PainterEpisodes(one, "val", seed, folder, _VAL_EPISODES, size_px) for one in data]
        self.batches: TorchDataset[Batch] = PainterBatches(train, seed, batch_size)
        self.held_out = PainterBatches(val, 2**20, batch_size)

    def build_network(self) -> nn.Module:
        if self.start is not None:
            return load_painter(self.start)
        matcher = load_matcher(matcher_weights_path())
        return Painter(matcher.width + matcher.features)

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

    @torch.no_grad()
    def write_samples(self, network: nn.Module, path: Path) -> None:
        """Write the probabilities of classes (columns) in regions (rows) of one drawing, high ones bright; beside them,
        the true classes."""
        rows = []
        for index in range(4):
            batch = to_device(self.held_out[index], network)
            logits, unmatched = ask(cast(Painter, network), batch)[-1]
            share = torch.cat([logits, unmatched[..., None]], 2).softmax(2)[0, :48, :48]
            classes = batch["classes"][batch["target"][0], :48]
            true = F.one_hot(classes.clamp_min(0), share.shape[1]) * (classes >= 0)[:, None]
            rows.append([show_values(share), show_values(true.float())])
        write_contact_sheet(rows, path)

    def export(self, network: nn.Module, folder: Path, step: int) -> None:
        """Write folder/painter.safetensors, as the package reads it."""
        facts = name_origin(self.name, step, _join_facts(self.data))
        save_painter(cast(Painter, network), folder / "painter.safetensors", facts)

    def describe(self) -> dict[str, Any]:
        """Return seed, data and episodes."""
        return {
            "seed": self.seed,
            "data": [one.facts for one in self.data],
            "start": self.start.name if self.start is not None else None,
            "episodes": self.episodes,
            "size_px": self.size_px,
        }


def _join_facts(data: Sequence[Dataset]) -> dict[str, str]:
    """Join the facts of data sets: their hashes, and the licenses of all."""
    licenses = {part for one in data for part in one.facts["license"].split(" AND ")}
    return {"hash": " ".join(one.hash for one in data), "license": " AND ".join(sorted(licenses))}


def ask(painter: Painter, batch: Batch) -> list[tuple[Tensor, Tensor]]:
    """Let the painter decide about the batch's problems: after each round, logits of classes and of none of them."""
    with autocast(batch["tokens"].device):
        encoded = painter.crops(batch["crops"].float() / 255).float()
    present, target, sources = batch["present"], batch["target"], batch["sources"].clamp_min(0)
    seen = encoded.new_zeros(*present.shape, painter.width).masked_scatter(present[..., None] > 0, encoded)
    values = batch["tokens"], seen, batch["shape"], batch["contact"]
    classes = batch["classes"]
    known = F.one_hot(classes[target].clamp_min(0), _count_classes(batch)).float() * batch["target_known"][..., None]
    return painter.decide(
        Drawing(*(value[target] for value in values)),
        known,
        Drawing(*(value[sources] for value in values)),
        _find_members(batch),
        batch["score"].unflatten(2, (sources.shape[1], -1)),
        batch["unmatched"],
    )


def paint(painter: Painter, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
    """Compute the loss of a batch's problems, and the shares of right colors among regions whose color is told.

    paint, before  cross-entropy after the last round, and by the matcher's scores alone
    acc, matched   of all regions, and by the matcher's scores alone; small, small_matched: of small regions
    """
    rounds = ask(painter, batch)
    members, unmatched = _find_members(batch), batch["unmatched"]
    classes = batch["classes"][batch["target"]]
    offered = members.amax((1, 2)) > 0
    shown = offered.gather(1, classes.clamp_min(0))
    wanted = torch.where(shown, classes.clamp_min(0), members.shape[3])
    counted = (classes >= 0) & (batch["target_known"] == 0)

    def measure_loss(logits: Tensor, lost: Tensor) -> Tensor:
        return F.cross_entropy(torch.cat([logits, lost[..., None]], 2)[counted], wanted[counted])

    losses = [measure_loss(*decided) for decided in rounds]
    loss = losses[-1] + _EARLY_WEIGHT * torch.stack(losses[:-1]).sum()
    matched = join(batch["score"].unflatten(2, members.shape[1:3]), members).masked_fill(~offered[:, None], _NEVER)
    area = batch["area"][batch["target"]]
    rated = counted & shown
    small = rated & (area >= _SMALL[0]) & (area < _SMALL[1])
    right, by_matcher = ((values.argmax(2) == classes).float() for values in (rounds[-1][0], matched))
    numbers = {
        "paint": losses[-1].detach(),
        "before": measure_loss(matched, unmatched),
        "acc": right[rated].mean(),
        "matched": by_matcher[rated].mean(),
        "small": right[small].mean(),
        "small_matched": by_matcher[small].mean(),
    }
    return loss, numbers


def _count_classes(batch: Batch) -> int:
    return int(batch["classes"].max()) + 1


def _find_members(batch: Batch) -> Tensor:
    """Find the class of each region of the sources, [Q, S, N, C]; all 0 if it is not told."""
    told = F.one_hot(batch["source_classes"].clamp_min(0), _count_classes(batch)).float()
    return told * batch["source_known"][..., None]


def join(score: Tensor, members: Tensor) -> Tensor:
    """Join the matcher's scores [Q, A, K, R] over the members [Q, K, R, C] of each class."""
    sharp = (SHARPNESS * score).masked_fill(members.amax(-1)[:, None] == 0, _NEVER).flatten(2)
    top = sharp.amax(dim=2, keepdim=True)
    return ((sharp - top).exp() @ members.flatten(1, 2)).clamp_min(1e-30).log().add(top) / SHARPNESS
