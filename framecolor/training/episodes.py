"""Episodes that imitate the task: a few painted keys and a few drawings of one character, in one line style.

Episode n of a seed is always the same, whatever was read before, so that a resumed training is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from framecolor.lineart.region_shapes import region_traits
from framecolor.matching.flow import compute_flow
from framecolor.propagation.belief import link_regions
from framecolor.training.character import draw_character
from framecolor.training.dataset import Dataset, IdSequence, Split
from framecolor.training.simulate_hints import simulate_hint
from framecolor.training.stage import Drawing, draw_frames, step_frame


@dataclass(frozen=True)
class EpisodeSettings:
    """Sizes of an episode: `images` in all, `hinted` of them with a hint, and of the others 1 to `most_keys` keys.

    size_px: side of the working planes. samples: pixels of each image that the losses use. The last two images without
    a hint are neighbors, which flow joins.
    """

    size_px: int = 224
    images: int = 5
    hinted: int = 1
    most_keys: int = 2
    samples: int = 4096


class Episodes(TorchDataset[dict[str, Tensor]]):
    """Episode n of a data set, as tensors. Images are ordered keys, queries, hinted; R regions in all images.

    planes [N, 11, H, W]; pixel [N, P] flat positions of the samples; classes [N, P]; region [N, P] over all images;
    region_class [R]; region_image [R]; shape [R, 6] (`lineart.region_shapes`); contact [3, E]: region, neighbor,
    share; flow_there [A, B], flow_back [B, A]: overlap by flow of the last two plain images, the later one first; rgb
    [N, H, W, 3] uint8; keys, plain: the number of keys, and of images without a hint. `whole` adds class_map and
    region_map [N, H, W], -1 on lines.
    """

    def __init__(
        self, data: Dataset, split: Split, seed: int, settings: EpisodeSettings, *, whole: bool = False
    ) -> None:
        if settings.images - settings.hinted - settings.most_keys < 2:
            raise ValueError("an episode needs two drawings beside its keys")
        self.data = data
        self.characters = data.characters(split)
        self.seed = seed
        self.settings = settings
        self.whole = whole

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        rng = np.random.default_rng([self.seed, index])
        settings = self.settings
        files = self.characters[int(rng.integers(len(self.characters)))]
        sequences = [self.data.read(file) for file in files]
        character = draw_character(sequences, rng)
        keys = int(rng.integers(1, settings.most_keys + 1))
        plain = settings.images - settings.hinted
        frames = choose_frames(sequences, settings.images, keys, plain, rng)
        return self._pack(draw_frames(settings.size_px, character, frames, [plain - 1], rng), keys, rng)

    def __len__(self) -> int:
        return 2**31

    def _pack(self, drawings: list[Drawing], keys: int, rng: np.random.Generator) -> dict[str, Tensor]:
        settings = self.settings
        plain = settings.images - settings.hinted
        first = np.cumsum([0, *[d.regions.count for d in drawings]])
        planes, pixels = [], []
        for i, drawing in enumerate(drawings):
            shape = drawing.labels.shape
            hint = simulate_hint(drawing.rgb, drawing.labels, rng) if i >= plain else np.zeros((4, *shape), np.float32)
            planes.append(np.concatenate([drawing.planes, hint]))
            pixels.append(sample_pixels(drawing.labels, settings.samples, rng))
        contacts = []
        for drawing, offset in zip(drawings, first, strict=False):
            region, neighbor, share = drawing.shapes.contact
            contacts.append(np.stack([region - 1 + offset, neighbor - 1 + offset, share]).astype(np.float32))
        flow_there, flow_back = overlap_by_flow(drawings[plain - 1], drawings[plain - 2])
        packed = {
            "planes": np.stack(planes),
            "pixel": np.stack(pixels),
            "classes": np.stack([d.classes.ravel()[p] for d, p in zip(drawings, pixels, strict=True)]),
            "region": np.stack(
                [d.labels.ravel()[p] - 1 + o for d, p, o in zip(drawings, pixels, first, strict=False)]
            ).astype(np.int64),
            "region_class": np.concatenate([d.region_class[1:] for d in drawings]),
            "region_image": np.repeat(np.arange(len(drawings)), np.diff(first)),
            "shape": np.concatenate([region_traits(d.shapes, d.outside) for d in drawings]),
            "contact": np.concatenate(contacts, axis=1),
            "flow_there": flow_there,
            "flow_back": flow_back,
            "rgb": np.stack([(d.rgb * 255).round().astype(np.uint8) for d in drawings]),
            "keys": np.array(keys),
            "plain": np.array(plain),
        }
        if self.whole:
            packed["class_map"] = np.stack([np.where(d.labels > 0, d.classes, -1) for d in drawings])
            packed["region_map"] = np.stack([d.labels - 1 for d in drawings])
        return {name: torch.from_numpy(array) for name, array in packed.items()}


def choose_frames(
    sequences: list[IdSequence], images: int, keys: int, plain: int, rng: np.random.Generator
) -> list[NDArray[np.uint16]]:
    """Choose keys of one action, then the other images: near to the keys, far from them, or of another action.

    The last plain image is a neighbor of the one before it.
    """
    action = sequences[int(rng.integers(len(sequences)))]
    at = [(action, int(i)) for i in rng.integers(0, len(action.frames), keys)]
    reach = rng.random()
    for place in range(keys, images):
        if place == plain - 1:
            at.append(step_frame(*at[-1], rng.choice([-2, -1, 1, 2])))
        elif reach < 0.4:
            at.append(step_frame(*at[int(rng.integers(keys))], rng.choice([-4, -3, -2, -1, 1, 2, 3, 4])))
        else:
            other = action if reach < 0.75 else sequences[int(rng.integers(len(sequences)))]
            at.append((other, int(rng.integers(len(other.frames)))))
    return [sequence.frames[i] for sequence, i in at]


def overlap_by_flow(target: Drawing, source: Drawing) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Measure by flow the share of each target region in each source region, and the reverse; without lines."""
    there, back = compute_flow(target.field, source.field)
    forward = link_regions(target.points(), source.regions, there, target.field.size)
    backward = link_regions(source.points(), target.regions, back, source.field.size)
    return forward[1:, 1:], backward[1:, 1:]


def sample_pixels(labels: NDArray[np.int32], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw `count` flat positions off the lines, with probability proportional to 1/sqrt(area of the region)."""
    flat = labels.ravel()
    weight = np.where(flat > 0, (1 / np.sqrt(np.maximum(np.bincount(flat), 1)))[flat], 0)
    cumulative = np.cumsum(weight)
    return np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right").clip(0, flat.size - 1)
