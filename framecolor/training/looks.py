"""Episodes for the matcher: features of each region by the base weights, computed once and kept on disk.

Drawing an episode and computing its features takes as long as ten steps of the matcher, which uses it many times.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from framecolor.core.files import write_bytes_atomic
from framecolor.core.precision import autocast
from framecolor.lineart.region_shapes import region_traits
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.passes import FeaturePass
from framecolor.networks.view import CONTEXT_STRIDE, View, pool
from framecolor.training.character import draw_character
from framecolor.training.dataset import Dataset, IdSequence, Split
from framecolor.training.episodes import overlap_by_flow
from framecolor.training.stage import Drawing, draw_frames, step_frame

IMAGES = 6
# Each of these images is a neighbor of the image before it, which flow joins.
_NEIGHBORS = (2, 4, 5)
# Limits the regions of an image: the cost of a step grows with their square.
_MOST_TOKENS = 128
_MOST_KEYS = 3

Arrays = dict[str, NDArray[Any]]


class LookEpisodes(TorchDataset[dict[str, Tensor]]):
    """Batch n is one of `count` episodes, with 1 to 3 keys and two neighbors chosen from its drawings.

    Images are ordered keys, the earlier neighbor, the later one; R regions in all, the largest of each image.
    look [R, features + context]; shape [R, 6]; region_class [R]; region_image [R]; contact [3, E]: region, neighbor,
    share; flow_there [A, B], flow_back [B, A]: overlap by flow of the two neighbors, the later one first; keys.
    Episode i is always the same; it is computed on first use and kept as a file in `folder`.
    """

    def __init__(self, data: Dataset, split: Split, seed: int, folder: Path, count: int, size_px: int) -> None:
        self.data, self.split, self.seed, self.count, self.size_px = data, split, seed, count, size_px
        self.characters = data.characters(split)
        self.folder = folder / f"{split}-{data.hash}-{size_px}px"

    def __len__(self) -> int:
        return 2**31

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        rng = np.random.default_rng([self.seed, index])
        return _pack(self.read(int(rng.integers(self.count))), rng)

    def read(self, number: int) -> Arrays:
        """Read an episode's arrays from its file, or make them if there is none."""
        path = self.folder / f"{number:06d}.npz"
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as kept:
                return dict(kept)
        except (OSError, ValueError, EOFError, BadZipFile):  # none yet, or cut off by a full disk
            episode = self._make(number)
            packed = io.BytesIO()
            np.savez(packed, **episode)  # pyright: ignore[reportArgumentType]
            write_bytes_atomic(path, packed.getvalue())
            return episode

    def _make(self, number: int) -> Arrays:
        rng = np.random.default_rng([7 if self.split == "train" else 8, number])
        files = self.characters[int(rng.integers(len(self.characters)))]
        sequences = [self.data.read(file) for file in files]
        character = draw_character(sequences, rng)
        frames = _choose_frames(sequences, rng)
        drawings = draw_frames(self.size_px, character, frames, _NEIGHBORS, rng)
        episode: Arrays = {}
        for i, drawing in enumerate(drawings):
            region, neighbor, share = drawing.shapes.contact
            episode[f"look{i}"] = self._look(drawing).astype(np.float16)
            episode[f"shape{i}"] = region_traits(drawing.shapes, drawing.outside)
            episode[f"classes{i}"] = drawing.region_class[1:].astype(np.int32)
            episode[f"area{i}"] = drawing.regions.area[1:].astype(np.int32)
            episode[f"touch{i}"] = np.stack([region - 1, neighbor - 1]).astype(np.int32)
            episode[f"share{i}"] = share
        for later in _NEIGHBORS:
            there, back = overlap_by_flow(drawings[later], drawings[later - 1])
            episode[f"there{later}"], episode[f"back{later}"] = there.astype(np.float16), back.astype(np.float16)
        return episode

    @cached_property
    def _pass(self) -> FeaturePass:
        return FeaturePass(load_generator(base_weights_path()))

    @torch.inference_mode()
    def _look(self, drawing: Drawing) -> NDArray[np.float32]:
        """Average features and context over each region: [count, features + context]."""
        planes = torch.from_numpy(drawing.planes)[None]
        with autocast(planes.device):
            features, context = (maps[0].float().numpy() for maps in self._pass(planes))
        height, width = drawing.regions.size
        view, points = View(drawing.planes, (0, 0, width, height)), drawing.points()
        fine = view.cells(points, (features.shape[0], features.shape[1]))
        coarse = view.cells(points, (context.shape[0], context.shape[1]), CONTEXT_STRIDE)
        return np.concatenate([pool(features, fine), pool(context, coarse)], axis=1)[1:]


def _choose_frames(sequences: Sequence[IdSequence], rng: np.random.Generator) -> list[NDArray[np.uint16]]:
    """Choose frames of one action near each other, or far apart, or of other actions; neighbors are 1 to 3 apart."""
    action, reach = sequences[int(rng.integers(len(sequences)))], rng.random()
    at = [(action, int(rng.integers(len(action.frames))))]
    for image in range(1, IMAGES):
        if image in _NEIGHBORS:
            at.append(step_frame(*at[-1], int(rng.choice([-3, -2, -1, 1, 2, 3]))))
        elif reach < 0.4:
            at.append(step_frame(*at[0], int(rng.choice([-4, -3, -2, -1, 1, 2, 3, 4]))))
        else:
            other = action if reach < 0.75 else sequences[int(rng.integers(len(sequences)))]
            at.append((other, int(rng.integers(len(other.frames)))))
    return [sequence.frames[i] for sequence, i in at]


def _pack(episode: Arrays, rng: np.random.Generator) -> dict[str, Tensor]:
    later = int(rng.choice(_NEIGHBORS))
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
