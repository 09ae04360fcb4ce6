"""Recipe `matcher`: the matcher alone, on fixed base weights.

The generator's features of each region are computed once per episode (`framecolor.training.looks`): a step costs a
tenth of one of the recipe `generator`, and the matcher can train on many more pairs of drawings.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset as TorchDataset

from framecolor.networks.checkpoint import load_matcher, matcher_weights_path, save_matcher
from framecolor.networks.matcher import Matcher
from framecolor.training.contact_sheet import show_values, write_contact_sheet
from framecolor.training.dataset import Dataset
from framecolor.training.looks import LookEpisodes
from framecolor.training.loop import ONE_TURN, Batch, average, name_origin, to_device
from framecolor.training.matching import Tokens, dense_contact, match_keys, match_neighbors

_LINK_WEIGHT = 0.5
# One batch in four compares its neighbors without flow, which may be unavailable.
_WITHOUT_FLOW = 0.25
_VAL_EPISODES = 100


class MatcherRecipe:
    """Trains `Matcher`. `held_out` are episodes of characters that are not in `batches`."""

    name = "matcher"
    turns = ONE_TURN

    def __init__(
        self, data: Dataset, seed: int, folder: Path, episodes: int, size_px: int, start: Path | None = None
    ) -> None:
        """folder: keeps the episodes; start: the matcher to start from, by default the shipped one."""
        self.data, self.seed = data, seed
        self.start = matcher_weights_path() if start is None else start
        self.size_px, self.episodes = size_px, episodes
        self.batches: TorchDataset[Batch] = LookEpisodes(data, "train", seed, folder, episodes, size_px)
        self.held_out = LookEpisodes(data, "val", 2**20, folder, _VAL_EPISODES, size_px)

    def build_network(self) -> nn.Module:
        return load_matcher(self.start)

    def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        """Compute the cross-entropy of both neighbors against the keys, and of the neighbors against each other."""
        matcher = cast(Matcher, network)
        images = describe_looks(matcher, batch)
        # Depends on the batch alone, so that a resumed training is exact.
        with_flow = int(batch["region_class"].sum()) % 100 >= 100 * _WITHOUT_FLOW
        matched = match_keys(matcher, images, int(batch["keys"]))
        linked = match_neighbors(matcher, images, batch, with_flow=with_flow)
        loss = matched.loss + _LINK_WEIGHT * linked.loss
        return loss, {
            "match": float(matched.loss.detach()),
            "link": float(linked.loss.detach()),
            "match_acc": matched.right,
            "link_acc": linked.right,
        }

    @torch.no_grad()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Average the numbers of training over held-out episodes."""
        rows = []
        for index in range(_VAL_EPISODES):
            loss, numbers = self.compute_loss(network, to_device(self.held_out[index], network), "all")
            rows.append({name: value for name, value in {"loss": float(loss), **numbers}.items() if value == value})
        return average(rows)

    @torch.no_grad()
    def write_samples(self, network: nn.Module, path: Path) -> None:
        """Write the scores of one drawing's regions (rows) and its neighbor's (columns), high ones bright; beside them,
        which of these pairs have one color."""
        matcher = cast(Matcher, network)
        rows = []
        for index in range(4):
            batch = to_device(self.held_out[index], network)
            before, after = describe_looks(matcher, batch)[-2:]
            flows = batch["flow_there"], batch["flow_back"]
            score = matcher.compare(after.tokens, before.tokens, after.contact, before.contact, *flows)[0]
            same = after.classes[:, None] == before.classes[None]
            rows.append([show_values(score.softmax(1)[:48, :48]), show_values(same[:48, :48].float())])
        write_contact_sheet(rows, path)

    def export(self, network: nn.Module, folder: Path, step: int) -> None:
        """Write folder/matcher.safetensors, as the package reads it."""
        facts = name_origin(self.name, step, self.data.facts)
        save_matcher(cast(Matcher, network), folder / "matcher.safetensors", facts)

    def describe(self) -> dict[str, Any]:
        """Return seed, data and episodes."""
        return {
            "seed": self.seed,
            "data": self.data.facts,
            "start": self.start.name,
            "episodes": self.episodes,
            "size_px": self.size_px,
        }


def describe_looks(matcher: Matcher, batch: Batch) -> list[Tokens]:
    """Make the tokens of all images of a batch of `LookEpisodes`."""
    image = batch["region_image"]
    found = []
    for one in range(int(image.max()) + 1):
        rows = torch.nonzero(image == one)[:, 0]
        contact = dense_contact(batch["contact"], rows, len(image))
        tokens = matcher.describe(batch["look"][rows], batch["shape"][rows], contact)
        found.append(Tokens(tokens, contact, batch["region_class"][rows], rows - rows[0]))
    return found
