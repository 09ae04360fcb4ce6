"""Episodes for the matcher: features of each region by the base weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from framecolor.lineart.region_shapes import region_traits
from framecolor.training.episodes import overlap_by_flow
from framecolor.training.kept_episodes import IMAGES, NEIGHBORS, Arrays, KeptEpisodes
from framecolor.training.stage import Drawing

# Limits the regions of an image: the cost of a step grows with their square.
_MOST_TOKENS = 128
_MOST_KEYS = 3


class LookEpisodes(KeptEpisodes):
    """Batch n is one of `count` episodes, with 1 to 3 keys and two neighbors chosen from its drawings.

    Images are ordered keys, the earlier neighbor, the later one; R regions in all, the largest of each image.
    look [R, features + context]; shape [R, 6]; region_class [R]; region_image [R]; contact [3, E]: region, neighbor,
    share; flow_there [A, B], flow_back [B, A]: overlap by flow of the two neighbors, the later one first; keys.
    """

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        rng = np.random.default_rng([self.seed, index])
        return _pack(self.read(int(rng.integers(self.count))), rng)

    def make(self, drawings: Sequence[Drawing]) -> Arrays:
        """See `KeptEpisodes.make`."""
        episode: Arrays = {}
        for i, drawing in enumerate(drawings):
            region, neighbor, share = drawing.shapes.contact
            episode[f"look{i}"] = self.look(drawing).astype(np.float16)
            episode[f"shape{i}"] = region_traits(drawing.shapes, drawing.outside)
            episode[f"classes{i}"] = drawing.region_class[1:].astype(np.int32)
            episode[f"area{i}"] = drawing.regions.area[1:].astype(np.int32)
            episode[f"touch{i}"] = np.stack([region - 1, neighbor - 1]).astype(np.int32)
            episode[f"share{i}"] = share
        for later in NEIGHBORS:
            there, back = overlap_by_flow(drawings[later], drawings[later - 1])
            episode[f"there{later}"], episode[f"back{later}"] = there.astype(np.float16), back.astype(np.float16)
        return episode


def _pack(episode: Arrays, rng: np.random.Generator) -> dict[str, Tensor]:
    later = int(rng.choice(NEIGHBORS))
    others = [image for image in range(IMAGES) if image not in (later - 1, later)]
    keys = rng.permutation(others)[: int(rng.integers(1, _MOST_KEYS + 1))].tolist()
    images = [*keys, later - 1, later]
    rows = {image: np.sort(np.argsort(-episode[f"area{image}"], kind="stable")[:_MOST_TOKENS]) for image in set(images)}
    first = np.cumsum([0, *(len(rows[image]) for image in images)])
    contacts = []
    for image, offset in zip(images, first, strict=False):
        place = np.full(len(episode[f"area{image}"]), -1)
        place[rows[image]] = np.arange(len(rows[image]))
        touch = place[episode[f"touch{image}"]]
        known = (touch >= 0).all(axis=0)
        contacts.append(np.concatenate([touch[:, known] + offset, episode[f"share{image}"][None, known]]))
    there = episode[f"there{later}"][np.ix_(rows[later], rows[later - 1])]
    back = episode[f"back{later}"][np.ix_(rows[later - 1], rows[later])]
    packed = {
        "look": np.concatenate([episode[f"look{image}"][rows[image]] for image in images]).astype(np.float32),
        "shape": np.concatenate([episode[f"shape{image}"][rows[image]] for image in images]),
        "region_class": np.concatenate([episode[f"classes{image}"][rows[image]] for image in images]).astype(np.int64),
        "region_image": np.repeat(np.arange(len(images)), np.diff(first)),
        "contact": np.concatenate(contacts, axis=1).astype(np.float32),
        "flow_there": there.astype(np.float32),
        "flow_back": back.astype(np.float32),
        "keys": np.array(len(keys)),
    }
    return {name: torch.from_numpy(array) for name, array in packed.items()}
