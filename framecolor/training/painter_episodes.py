"""Episodes for matcher and painter: drawings of a character, drawn and looked at by the base weights once.

They are kept on disk: an episode takes as long as a step of the networks that learn from it, and is used many times.
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

from framecolor.core.files import write_bytes_atomic
from framecolor.core.precision import autocast
from framecolor.lineart.region_crops import crop_regions
from framecolor.lineart.region_shapes import region_traits
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.passes import FeaturePass
from framecolor.networks.view import CONTEXT_STRIDE, View, pool
from framecolor.training.character import draw_character
from framecolor.training.dataset import Dataset, IdSequence, Split
from framecolor.training.episodes import overlap_by_flow
from framecolor.training.stage import Drawing, draw_frames, step_frame

IMAGES = 6
NEIGHBORS = (2, 4, 5)
"""Each of these images is a neighbor of the image before it, which flow joins."""

MOST_REGIONS = 144
"""Limits the regions of an image: the cost of a step grows with their square."""
# Shares of the episodes whose drawings are near each other, and of those and others of one action.
_NEAR, _SAME = 0.5, 0.8

Arrays = dict[str, NDArray[Any]]


class PainterEpisodes:
    """`count` episodes of IMAGES drawings of one recolored character, with looks, crops and colors of all regions.

    Episode i is always the same; it is computed on first use and kept as a file in `folder`.
    Of drawing i: look{i} by the base weights, shape{i}, contact{i}, crops{i}, classes{i} and area{i} (in working
    pixels), of the largest regions; of the neighbor i and the drawing before it: overlaps by flow there{i} and back{i}.
    """

    def __init__(self, data: Dataset, split: Split, seed: int, folder: Path, count: int, size_px: int) -> None:
        self.data, self.split, self.seed, self.count, self.size_px = data, split, seed, count, size_px
        self.characters = data.characters(split)
        self.folder = folder / f"{split}-{data.hash}-{size_px}px"

    def read(self, number: int) -> Arrays:
        """Read an episode's arrays from its file, or make them if there is none."""
        path = self.folder / f"{number:06d}.npz"
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as kept:
                return dict(kept)
        except (OSError, ValueError, EOFError, BadZipFile):  # none yet, or cut off by a full disk
            episode = self.make(self.draw(number))
            packed = io.BytesIO()
            np.savez(packed, **episode)  # pyright: ignore[reportArgumentType]
            write_bytes_atomic(path, packed.getvalue())
            return episode

    def make(self, drawings: Sequence[Drawing]) -> Arrays:
        """Make an episode's arrays from its drawings."""
        episode: Arrays = {}
        kept: list[NDArray[np.intp]] = []
        for i, drawing in enumerate(drawings):
            area = drawing.regions.area
            rows = np.sort(1 + np.argsort(-area[1:], kind="stable")[:MOST_REGIONS])
            kept.append(rows)
            scale = self.size_px / drawing.regions.size[1]
            episode[f"look{i}"] = self.look(drawing)[rows - 1].astype(np.float16)
            episode[f"contact{i}"] = drawing.shapes.contact_among(rows).astype(np.float16)
            episode[f"shape{i}"] = region_traits(drawing.shapes, drawing.outside)[rows - 1]
            episode[f"classes{i}"] = drawing.region_class[rows].astype(np.int32)
            episode[f"area{i}"] = (area[rows] * scale**2).astype(np.float32)
            episode[f"crops{i}"] = crop_regions(drawing.ink, drawing.trace, drawing.regions.labels, rows, scale)
        for later in NEIGHBORS:
            there, back = overlap_by_flow(drawings[later], drawings[later - 1])
            a, b = kept[later] - 1, kept[later - 1] - 1
            episode[f"there{later}"] = there[np.ix_(a, b)].astype(np.float16)
            episode[f"back{later}"] = back[np.ix_(b, a)].astype(np.float16)
        return episode

    def draw(self, number: int) -> list[Drawing]:
        """Draw the drawings of an episode."""
        sequences, rng = self.choose_character(number)
        character = draw_character(sequences, rng)
        frames = _choose_frames(sequences, rng)
        return draw_frames(self.size_px, character, frames, NEIGHBORS, rng)

    def choose_character(self, number: int) -> tuple[list[IdSequence], np.random.Generator]:
        """Choose the character of an episode: its sequences, and the random numbers that its drawing goes on with."""
        rng = np.random.default_rng([7 if self.split == "train" else 8, number])
        files = self.characters[int(rng.integers(len(self.characters)))]
        return [self.data.read(file) for file in files], rng

    @torch.inference_mode()
    def look(self, drawing: Drawing) -> NDArray[np.float32]:
        """Average features and context over each region: [count, features + context]."""
        planes = torch.from_numpy(drawing.planes)[None]
        with autocast(planes.device):
            features, context = (maps[0].float().numpy() for maps in self._pass(planes))
        height, width = drawing.regions.size
        view, points = View(drawing.planes, (0, 0, width, height)), drawing.points()
        fine = view.cells(points, (features.shape[0], features.shape[1]))
        coarse = view.cells(points, (context.shape[0], context.shape[1]), CONTEXT_STRIDE)
        return np.concatenate([pool(features, fine), pool(context, coarse)], axis=1)[1:]

    @cached_property
    def _pass(self) -> FeaturePass:
        return FeaturePass(load_generator(base_weights_path()))


def _choose_frames(sequences: Sequence[IdSequence], rng: np.random.Generator) -> list[NDArray[np.uint16]]:
    """Choose frames of one action near each other, or far apart, or of other actions; neighbors are 1 to 3 apart."""
    action, reach = sequences[int(rng.integers(len(sequences)))], rng.random()
    at = [(action, int(rng.integers(len(action.frames))))]
    for image in range(1, IMAGES):
        if image in NEIGHBORS:
            at.append(step_frame(*at[-1], int(rng.choice([-3, -2, -1, 1, 2, 3]))))
        elif reach < _NEAR:
            at.append(step_frame(*at[0], int(rng.choice([-4, -3, -2, -1, 1, 2, 3, 4]))))
        else:
            other = action if reach < _SAME else sequences[int(rng.integers(len(sequences)))]
            at.append((other, int(rng.integers(len(other.frames)))))
    return [sequence.frames[i] for sequence, i in at]
