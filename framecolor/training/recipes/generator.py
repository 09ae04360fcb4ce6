"""Recipe `generator`: the base weights that the fit of a shot starts from, and the matcher that uses them.

Three things are trained together, without an adversary, on episodes of animated characters (see
`framecolor.training.episodes`):

- features that paint a drawing from a few painted keys by prototypes alone, before any fit (in the spirit of Snell et
  al. 2017, "Prototypical networks for few-shot learning"), pixel by pixel and region by region;
- a matcher that finds which region of a key or neighboring drawing a region is (`framecolor.networks.matcher`);
- a color head that repairs a corrupted color hint (in the lineage of deepcolor and PaintsTorch): how far to trust the
  hint, and what to paint where it is wrong or missing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import Dataset as TorchDataset

from framecolor.core.precision import autocast
from framecolor.networks.checkpoint import load_generator, load_matcher, save_generator, save_matcher
from framecolor.networks.generator import LINE_PLANES, Generator
from framecolor.networks.matcher import Matcher
from framecolor.training.contact_sheet import write_contact_sheet
from framecolor.training.dataset import Dataset
from framecolor.training.episodes import Episodes, EpisodeSettings
from framecolor.training.loop import ONE_TURN, Batch, average, name_origin, to_device
from framecolor.training.losses import (
    REGION_SCALE,
    accuracy,
    color_loss,
    join_by_class,
    pool_regions,
    prototype_loss,
    vote,
)
from framecolor.training.matching import describe_images, match_keys, match_neighbors

_KEY_WEIGHT = 0.5
_LONE_KEY_WEIGHT = 0.25
_PIXEL_WEIGHT = 0.5
_REGION_WEIGHT = 0.5
_MATCH_WEIGHT = 1.0
_LINK_WEIGHT = 0.5
# One episode in four compares its neighbors without flow, which may be unavailable.
_WITHOUT_FLOW = 0.25
# The gradients of L1 are small compared with those of a cross-entropy with logits of 16.
_COLOR_WEIGHT = 8.0
_CONFIDENCE_WEIGHT = 1.0
_VAL_EPISODES = 20
_SAMPLE_EPISODES = 8


class Networks(nn.Module):
    """The generator and the matcher, trained together."""

    def __init__(self, generator: Generator, matcher: Matcher) -> None:
        super().__init__()
        self.generator, self.matcher = generator, matcher


class GeneratorRecipe:
    """Trains `Networks`. `held_out` are episodes of characters that are not in `batches`."""

    name = "generator"
    turns = ONE_TURN

    def __init__(
        self,
        data: Dataset,
        seed: int,
        episodes: EpisodeSettings | None = None,
        widths: tuple[int, ...] = (16, 32, 64, 96, 128),
        feature_channels: int = 32,
        start: Path | None = None,
    ) -> None:
        """start: folder of an earlier run (generator.safetensors, matcher.safetensors) whose weights to start from."""
        self.data = data
        self.seed = seed
        self.widths = widths
        self.feature_channels = feature_channels
        self.start = start
        self.settings = episodes or EpisodeSettings()
        self.batches: TorchDataset[Batch] = Episodes(data, "train", seed, self.settings)
        self.held_out = Episodes(data, "val", 2**20, self.settings, whole=True)

    def build_network(self) -> nn.Module:
        """Build Networks, new or with the weights of an earlier run, which may lack the matcher."""
        if self.start is None:
            generator = Generator(self.widths, self.feature_channels)
        else:
            generator = load_generator(self.start / "generator.safetensors")
        matcher = Matcher(generator.feature_channels, generator.context_channels)
        if self.start is not None and (self.start / "matcher.safetensors").exists():
            matcher = load_matcher(self.start / "matcher.safetensors")
        return Networks(generator, matcher)

    def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        """Compute prototype and matching losses on images without a hint, color losses on those with one."""
        networks = cast(Networks, network)
        generator = networks.generator
        with autocast(batch["planes"].device):
            maps, context = generator.look(batch["planes"].contiguous(memory_format=torch.channels_last))
        features = gather(maps, batch["pixel"])
        keys, plain = int(batch["keys"]), int(batch["plain"])
        votes = vote(
            features[:plain],
            batch["classes"][:plain],
            batch["region"][:plain],
            batch["region_class"],
            batch["region_image"],
            keys,
        )
        images = describe_images(networks.matcher, features[:plain], context[:plain], batch)
        matched = match_keys(networks.matcher, images, keys)
        # Depends on the episode alone, so that a resumed training is exact.
        with_flow = int(batch["pixel"].sum()) % 100 >= 100 * _WITHOUT_FLOW
        linked = match_neighbors(networks.matcher, images, batch, with_flow=with_flow)
        key_weight = _KEY_WEIGHT if keys > 1 else _LONE_KEY_WEIGHT
        weights = [key_weight] * keys + [1.0] * (plain - keys)
        pixel, region = prototype_loss(votes, weights, features.device)
        hint = gather(batch["planes"][plain:], batch["pixel"][plain:])
        rgb, trust = generator.color(features[plain:].permute(0, 2, 1)[..., None], hint.permute(0, 2, 1)[..., None])
        truth = gather(batch["rgb"][plain:].permute(0, 3, 1, 2).float() / 255, batch["pixel"][plain:])
        rgb = rgb[..., 0].permute(0, 2, 1).flatten(0, 1)
        color, sure = color_loss(rgb, trust.flatten(), hint[..., LINE_PLANES:].flatten(0, 1), truth.flatten(0, 1))
        parts = {
            "pixel": (_PIXEL_WEIGHT, pixel),
            "region": (_REGION_WEIGHT, region),
            "match": (_MATCH_WEIGHT, matched.loss),
            "link": (_LINK_WEIGHT, linked.loss),
            "color": (_COLOR_WEIGHT, color),
            "sure": (_CONFIDENCE_WEIGHT, sure),
        }
        loss = torch.stack([weight * part for weight, part in parts.values()]).sum()
        numbers = {name: float(part.detach()) for name, (_, part) in parts.items()}
        numbers |= {"match_acc": matched.right, "link_acc": linked.right}
        with torch.no_grad():
            numbers |= {f"{k}_acc": v for k, v in accuracy(votes, keys).items()}
        return loss, numbers

    @torch.no_grad()
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Average the numbers of training over held-out episodes."""
        rows = []
        for index in range(_VAL_EPISODES):
            loss, numbers = self.compute_loss(network, to_device(self.held_out[index], network), "all")
            rows.append({"loss": float(loss), **numbers})
        return average(rows)

    @torch.no_grad()
    def write_samples(self, network: nn.Module, path: Path) -> None:
        """Write rows of held-out episodes: key's lines, key, lines | painted by nearest regions | truth,
        then the hinted image: hint | trust in it | color head | truth."""
        generator = cast(Networks, network).generator
        rows = []
        for index in range(_SAMPLE_EPISODES):
            batch = to_device(self.held_out[1000 + index], network)
            with autocast(batch["planes"].device):
                maps = generator(batch["planes"]).float()
            query = int(batch["keys"])
            rgb, trust = generator.color(maps[-1:], batch["planes"][-1:])
            planes = batch["planes"]
            truth = batch["rgb"].cpu().numpy()
            rows.append(
                [
                    show_lines(planes[0]),
                    truth[0],
                    show_lines(planes[query]),
                    paint_by_regions(maps, batch, query),
                    truth[query],
                    to_picture(planes[-1, 7:10] + 0.5 * (1 - planes[-1, 10:])),
                    to_picture(trust[0].expand(3, -1, -1)),
                    to_picture(rgb[0]),
                    truth[-1],
                ]
            )
        write_contact_sheet(rows, path)

    def export(self, network: nn.Module, folder: Path, step: int) -> None:
        """Write folder/generator.safetensors and folder/matcher.safetensors, as the package reads them."""
        networks = cast(Networks, network)
        facts = name_origin(self.name, step, self.data.facts)
        save_generator(networks.generator, folder / "generator.safetensors", facts)
        save_matcher(networks.matcher, folder / "matcher.safetensors", facts)

    def describe(self) -> dict[str, Any]:
        """Return seed, data and episode settings."""
        return {
            "seed": self.seed,
            "data": self.data.facts,
            "widths": list(self.widths),
            "feature_channels": self.feature_channels,
            "start": None if self.start is None else self.start.name,
            "episodes": dict(vars(self.settings)),
        }


def gather(maps: Tensor, pixel: Tensor) -> Tensor:
    """Gather values of maps [N, C, H, W] at flat positions [N, P]: float [N, P, C]."""
    index = pixel[:, None].expand(-1, maps.shape[1], -1)
    return maps.flatten(2).gather(2, index).permute(0, 2, 1).float()


def paint_by_regions(maps: Tensor, batch: Batch, image: int) -> NDArray[np.uint8]:
    """Paint each region of one image like the nearest key region: uint8 HxWx3."""
    keys, region_class = int(batch["keys"]), batch["region_class"]
    inside = batch["region_map"][image].flatten() >= 0
    region = batch["region_map"][image].flatten().long().clamp_min(0)
    own = pool_regions(maps[image].flatten(1).T[inside], region[inside], int(region.max()) + 1)
    features = gather(maps[:keys], batch["pixel"][:keys]).flatten(0, 1)
    known = pool_regions(features, batch["region"][:keys].flatten(), len(region_class))
    sampled = known.abs().sum(1) > 0
    count = int(max(region_class.max(), batch["class_map"].max())) + 1
    scores = join_by_class(REGION_SCALE * own @ known[sampled].T, region_class[sampled], count)
    colors = batch["rgb"].new_zeros(count, 3)
    for k in range(len(batch["rgb"])):
        painted = batch["class_map"][k] >= 0
        colors[batch["class_map"][k][painted]] = batch["rgb"][k][painted]
    return (colors[scores.argmax(1)[region]] * inside[:, None]).view(*maps.shape[2:], 3).cpu().numpy()


def show_lines(planes: Tensor) -> NDArray[np.uint8]:
    """Show ink dark and trace lines blue: uint8 HxWx3."""
    ink, trace = planes[0] ** 2, planes[6]
    return to_picture(torch.stack([1 - ink - trace, 1 - ink - trace, 1 - ink]))


def to_picture(rgb: Tensor) -> NDArray[np.uint8]:
    """Convert float [3, H, W] in [0, 1] to uint8 HxWx3."""
    return (rgb.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).contiguous().cpu().numpy()
