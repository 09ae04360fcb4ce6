"""Recipe `painter`: the matcher and the painter that refines its scores, together, on fixed base weights.

What the base weights say of each region is computed once per episode (`framecolor.training.painter_episodes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset as TorchDataset

from framecolor.core.constants import SHARPNESS
from framecolor.core.precision import autocast
from framecolor.networks.checkpoint import (
    load_matcher,
    load_painter,
    matcher_weights_path,
    painter_weights_path,
    save_matcher,
    save_painter,
)
from framecolor.networks.matcher import Matcher
from framecolor.networks.painter import Drawing, Painter
from framecolor.networks.painter_pairs import ABSENT
from framecolor.training.contact_sheet import show_values, write_contact_sheet
from framecolor.training.dataset import Dataset
from framecolor.training.loop import ONE_TURN, Batch, average, name_origin, to_device
from framecolor.training.losses import match_loss
from framecolor.training.painter_batches import PainterBatches
from framecolor.training.painter_episodes import PainterEpisodes

_VAL_EPISODES = 60
_VAL_BATCHES = 25
_NEVER = -1e4
# Weights of the losses: of the matcher's scores, of links between neighbors, and after each round but the last.
_MATCH_WEIGHT, _LINK_WEIGHT, _EARLY_WEIGHT = 0.5, 0.5, 0.3
# Working pixels; accuracy is also measured by size of region. At 1080p a region of 50 to 200 pixels has about 4 to 15.
_SMALL = (4.0, 16.0)


class Networks(nn.Module):
    """The matcher and the painter, trained together."""

    def __init__(self, matcher: Matcher, painter: Painter) -> None:
        super().__init__()
        self.matcher, self.painter = matcher, painter


class PainterRecipe:
    """Trains `Networks`. `held_out` are batches of characters that are not in `batches`."""

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
        start     folder of an earlier run (matcher.safetensors, painter.safetensors) to start from, by default the
                  shipped weights
        """
        self.data, self.seed, self.size_px, self.episodes, self.start = data, seed, size_px, episodes, start
        train = [PainterEpisodes(one, "train", seed, folder, episodes, size_px) for one in data]
        val = [PainterEpisodes(one, "val", seed, folder, _VAL_EPISODES, size_px) for one in data]
        self.batches: TorchDataset[Batch] = PainterBatches(train, seed, batch_size)
        self.held_out = PainterBatches(val, 2**20, batch_size)

    def build_network(self) -> nn.Module:
        if self.start is not None:
            matcher, painter = (self.start / f"{name}.safetensors" for name in ("matcher", "painter"))
            return Networks(load_matcher(matcher), load_painter(painter))
        return Networks(load_matcher(matcher_weights_path()), load_painter(painter_weights_path()))

    def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        """Compute the cross-entropy of colors, by painter and matcher, and that of links between neighbors."""
        networks = cast(Networks, network)
        tokens = describe(networks.matcher, batch)
        painted, numbers = paint(networks, batch, tokens)
        linked = link(networks.matcher, batch, tokens)
        loss = painted + _MATCH_WEIGHT * numbers["match"] + _LINK_WEIGHT * linked
        numbers["link"] = linked
        return loss, {name: float(value.detach()) for name, value in numbers.items()}

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
        networks, rows = cast(Networks, network), []
        for index in range(4):
            batch = to_device(self.held_out[index], network)
            tokens = describe(networks.matcher, batch)
            score = match(networks.matcher, batch, tokens)
            logits, unmatched = ask(networks.painter, batch, tokens, find_members(batch), *score)[-1]
            share = torch.cat([logits, unmatched[..., None]], 2).softmax(2)[0, :48, :48]
            classes = batch["classes"][batch["target"][0], :48]
            true = classes[:, None] == torch.arange(share.shape[1], device=classes.device)
            rows.append([show_values(share), show_values(true.float())])
        write_contact_sheet(rows, path)

    def export(self, network: nn.Module, folder: Path, step: int) -> None:
        """Write folder/matcher.safetensors and folder/painter.safetensors, as the package reads them."""
        networks, facts = cast(Networks, network), name_origin(self.name, step, join_facts(self.data))
        save_matcher(networks.matcher, folder / "matcher.safetensors", facts)
        save_painter(networks.painter, folder / "painter.safetensors", facts)

    def describe(self) -> dict[str, Any]:
        """Return seed, data and episodes."""
        return {
            "seed": self.seed,
            "data": [one.facts for one in self.data],
            "start": self.start.name if self.start is not None else None,
            "episodes": self.episodes,
            "size_px": self.size_px,
        }


def join_facts(data: Sequence[Dataset]) -> dict[str, str]:
    """Join the facts of data sets: their hashes, and the licenses of all."""
    licenses = {part for one in data for part in one.facts["license"].split(" AND ")}
    return {"hash": " ".join(one.hash for one in data), "license": " AND ".join(sorted(licenses))}


def describe(matcher: Matcher, batch: Batch) -> list[Tensor]:
    """Describe the regions of each of a batch's drawings: tokens [count, T]."""
    with autocast(batch["look"].device):
        encoded = matcher.crops(batch["crops"].float() / 255).float()
    counts = batch["count"].tolist()
    tokens = []
    for i, seen in enumerate(encoded.split(counts)):
        n = counts[i]
        tokens.append(matcher.describe(batch["look"][i, :n], batch["shape"][i, :n], batch["contact"][i, :n, :n], seen))
    return tokens


def match(matcher: Matcher, batch: Batch, tokens: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Score the pairs of regions of all problems [Q, N, S, N], and having no counterpart [Q, N].

    Having no counterpart is scored by the sources that are told as a whole, if there are any, as by `matching.gallery`.
    """
    (problems, most), count = batch["sources"].shape, batch["classes"].shape[1]
    score = batch["look"].new_full((problems, count, most, count), ABSENT)
    unmatched = batch["look"].new_zeros(problems, count)
    found: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}
    for q, target in enumerate(batch["target"].tolist()):
        sources = [source for source in batch["sources"][q].tolist() if source >= 0]
        n = len(tokens[target])
        for place, source in enumerate(sources):
            if (target, source) not in found:
                there, back, lost, lost_back = _compare(matcher, batch, tokens, target, source)
                found[target, source], found[source, target] = (there, lost), (back, lost_back)
            score[q, :n, place, : len(tokens[source])] = found[target, source][0]
        told = batch["source_known"][q].sum(1).tolist()
        whole = [s for place, s in enumerate(sources) if told[place] == len(tokens[s])] or sources
        unmatched[q, :n] = torch.stack([found[target, source][1] for source in whole]).mean(0)
    return score, unmatched


def link(matcher: Matcher, batch: Batch, tokens: Sequence[Tensor]) -> Tensor:
    """Compute the loss of matching neighbors with each other, mostly by flow."""
    losses = [tokens[0].new_zeros(1)]
    for (later, earlier), there, back in zip(batch["link"].tolist(), batch["there"], batch["back"], strict=True):
        a, b = len(tokens[later]), len(tokens[earlier])
        score, score_back, lost, lost_back = _compare(
            matcher, batch, tokens, later, earlier, there[:a, :b], back[:b, :a]
        )
        classes, classes_before = batch["classes"][later, :a], batch["classes"][earlier, :b]
        losses += [
            match_loss(score, lost, classes, classes_before),
            match_loss(score_back, lost_back, classes_before, classes),
        ]
    return torch.cat(losses).mean()


def _compare(
    matcher: Matcher, batch: Batch, tokens: Sequence[Tensor], a: int, b: int, *flow: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Compare two drawings of a batch, without flow if none is given."""
    m, n = len(tokens[a]), len(tokens[b])
    flow = flow or (tokens[a].new_zeros(m, n), tokens[a].new_zeros(n, m))
    contacts = batch["contact"][a, :m, :m], batch["contact"][b, :n, :n]
    return matcher.compare(tokens[a], tokens[b], *contacts, *flow)


def ask(
    painter: Painter, batch: Batch, tokens: Sequence[Tensor], members: Tensor, score: Tensor, unmatched: Tensor
) -> list[tuple[Tensor, Tensor]]:
    """Let the painter decide about the batch's problems: after each round, logits of classes and of none of them."""
    classes, target, sources = batch["classes"], batch["target"], batch["sources"].clamp_min(0)
    rows = torch.stack([F.pad(one, (0, 0, 0, classes.shape[1] - len(one))) for one in tokens])
    values = rows, batch["shape"], batch["contact"]
    known = F.one_hot(classes[target].clamp_min(0), _count_classes(batch)).float() * batch["target_known"][..., None]
    drawing, memory = (Drawing(*(value[chosen] for value in values)) for chosen in (target, sources))
    return painter.decide(drawing, known, memory, members, score, unmatched)


def paint(networks: Networks, batch: Batch, tokens: Sequence[Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    """Compute the loss of a batch's problems, and the shares of right colors among regions whose color is told.

    paint, match   cross-entropy after the last round, and by the matcher's scores alone
    acc, matched   of all regions, and by the matcher's scores alone; small, small_matched: of small regions
    """
    score, unmatched = match(networks.matcher, batch, tokens)
    members = find_members(batch)
    rounds = ask(networks.painter, batch, tokens, members, score, unmatched)
    classes = batch["classes"][batch["target"]]
    offered = members.amax((1, 2)) > 0
    shown = offered.gather(1, classes.clamp_min(0))
    wanted = torch.where(shown, classes.clamp_min(0), members.shape[3])
    counted = (classes >= 0) & (batch["target_known"] == 0)

    def measure_loss(logits: Tensor, lost: Tensor) -> Tensor:
        return F.cross_entropy(torch.cat([logits, lost[..., None]], 2)[counted], wanted[counted])

    losses = [measure_loss(*decided) for decided in rounds]
    loss = losses[-1] + _EARLY_WEIGHT * torch.stack(losses[:-1]).sum()
    matched = join(score, members).masked_fill(~offered[:, None], _NEVER)
    area = batch["area"][batch["target"]]
    rated = counted & shown
    small = rated & (area >= _SMALL[0]) & (area < _SMALL[1])
    right, by_matcher = ((values.argmax(2) == classes).float() for values in (rounds[-1][0], matched))
    numbers = {
        "paint": losses[-1].detach(),
        "match": measure_loss(matched, unmatched),
        "acc": right[rated].mean(),
        "matched": by_matcher[rated].mean(),
        "small": right[small].mean(),
        "small_matched": by_matcher[small].mean(),
    }
    return loss, numbers


def _count_classes(batch: Batch) -> int:
    return int(batch["classes"].max()) + 1


def find_members(batch: Batch) -> Tensor:
    """Find the class of each region of the sources, [Q, S, N, C]; all 0 if it is not told."""
    classes = batch["classes"][batch["sources"].clamp_min(0)]
    return F.one_hot(classes.clamp_min(0), _count_classes(batch)).float() * batch["source_known"][..., None]


def join(score: Tensor, members: Tensor) -> Tensor:
    """Join the matcher's scores [Q, A, K, R] over the members [Q, K, R, C] of each class."""
    sharp = (SHARPNESS * score).masked_fill(members.amax(-1)[:, None] == 0, _NEVER).flatten(2)
    top = sharp.amax(dim=2, keepdim=True)
    return ((sharp - top).exp() @ members.flatten(1, 2)).clamp_min(1e-30).log().add(top) / SHARPNESS
