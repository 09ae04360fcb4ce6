"""Episodes for the painter: what it sees of each region, computed once and kept on disk, and batches of its problems.

Drawing an episode and computing its features takes as long as several steps, which use it with other keys each time.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
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
from framecolor.lineart.region_crops import crop_regions
from framecolor.lineart.region_shapes import region_traits
from framecolor.networks.checkpoint import base_weights_path, load_generator, load_matcher, matcher_weights_path
from framecolor.networks.matcher import Matcher
from framecolor.networks.painter_input import ABSENT
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
_MOST_TOKENS = 144
_MOST_KEYS = 4
_KEY_SHARES = (0.4, 0.3, 0.2, 0.1)
_PROBLEMS = 3
# Shares of the problems in which: a painted neighbor is among the sources, by flow or without; a key is a near drawing;
# colors of keys are partly unknown; some of the drawing's own colors are known; paints are joined.
_WITH_NEIGHBOR, _WITHOUT_FLOW, _NEAR, _PARTIAL, _CORRECTED, _JOINED = 0.4, 0.25, 0.25, 0.15, 0.2, 0.25
# At most this share of a neighbor's regions has a wrong color.
_MOST_WRONG = 0.25

Arrays = dict[str, NDArray[Any]]
Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Problem:
    """A drawing to paint from others.

    target     image
    sources    images, the first of which may be a neighbor
    neighbor   whether the first source is a neighbor, whose colors were decided before and may be wrong
    flow       whether flow was known when the neighbor was compared
    """

    target: int
    sources: tuple[int, ...]
    neighbor: bool = False
    flow: bool = False


@dataclass(frozen=True, eq=False)
class _Described:
    """A drawing as the matcher's input; `rows` are the regions that have tokens."""

    image: int
    rows: NDArray[np.intp]
    shape: NDArray[np.float32]
    tokens: NDArray[np.float32]
    contact: NDArray[np.float32]


class PainterEpisodes(TorchDataset[Batch]):
    """Batch n has `batch_size` of the `count` episodes, each with a few problems.

    Episode i is always the same; it is computed on first use and kept as a file in `folder`.
    """

    def __init__(
        self, data: Dataset, split: Split, seed: int, folder: Path, count: int, size_px: int, batch_size: int
    ) -> None:
        self.data, self.split, self.seed, self.count, self.size_px = data, split, seed, count, size_px
        self.batch_size = batch_size
        self.characters = data.characters(split)
        self.folder = folder / f"{split}-{data.hash}-{size_px}px"

    def __len__(self) -> int:
        return 2**31

    def __getitem__(self, index: int) -> Batch:
        rng = np.random.default_rng([self.seed, index])
        return pack([self.read(int(n)) for n in rng.integers(self.count, size=self.batch_size)], rng)

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
        described: list[_Described] = []
        for i, (drawing, look) in enumerate(zip(drawings, self._look(drawings), strict=True)):
            area = drawing.regions.area
            rows = np.sort(1 + np.argsort(-area[1:], kind="stable")[:_MOST_TOKENS])
            one = self._describe(i, drawing, look, rows)
            described.append(one)
            scale = self.size_px / drawing.regions.size[1]
            episode[f"tokens{i}"] = one.tokens.astype(np.float16)
            episode[f"contact{i}"] = one.contact.astype(np.float16)
            episode[f"shape{i}"] = one.shape
            episode[f"classes{i}"] = drawing.region_class[rows].astype(np.int32)
            episode[f"area{i}"] = (area[rows] * scale**2).astype(np.float32)
            episode[f"crops{i}"] = crop_regions(drawing.ink, drawing.trace, drawing.regions.labels, rows, scale)
        for a, b in combinations(described, 2):
            episode |= self._compare(a, b)
        for later in _NEIGHBORS:
            a, b = described[later], described[later - 1]
            there, back = overlap_by_flow(drawings[later], drawings[later - 1])
            flows = there[np.ix_(a.rows - 1, b.rows - 1)], back[np.ix_(b.rows - 1, a.rows - 1)]
            episode |= self._compare(a, b, *flows)
        return episode

    @torch.inference_mode()
    def _compare(self, a: _Described, b: _Described, *flows: NDArray[np.float32]) -> Arrays:
        """Score the regions of two drawings both ways, as arrays by the order of the drawings."""
        inputs = [a.tokens, b.tokens, a.contact, b.contact, *(flows or no_flow(len(a.tokens), len(b.tokens)))]
        ahead, back, lost_ahead, lost_back = self._matcher.compare(*map(torch.from_numpy, inputs))
        kind = "flow" if flows else ""
        scores = {
            f"score{kind}{a.image}{b.image}": ahead,
            f"score{kind}{b.image}{a.image}": back,
            f"unmatched{kind}{a.image}{b.image}": lost_ahead,
            f"unmatched{kind}{b.image}{a.image}": lost_back,
        }
        return {name: values.numpy().astype(np.float16) for name, values in scores.items()}

    @torch.inference_mode()
    def _describe(self, image: int, drawing: Drawing, look: NDArray[np.float32], rows: NDArray[np.intp]) -> _Described:
        traits = region_traits(drawing.shapes, drawing.outside)[rows - 1]
        contact = drawing.shapes.contact_among(rows)
        tokens = self._matcher.describe(*map(torch.from_numpy, (look[rows], traits, contact)))
        return _Described(image, rows, traits, tokens.numpy(), contact)

    @cached_property
    def _matcher(self) -> Matcher:
        return load_matcher(matcher_weights_path()).eval()

    @cached_property
    def _pass(self) -> FeaturePass:
        return FeaturePass(load_generator(base_weights_path()))

    @torch.inference_mode()
    def _look(self, drawings: Sequence[Drawing]) -> list[NDArray[np.float32]]:
        """Average features and context over each region: [count + 1, features + context] of each drawing."""
        planes = torch.from_numpy(np.stack([drawing.planes for drawing in drawings]))
        with autocast(planes.device):
            outputs = [maps.float().numpy() for maps in self._pass(planes)]
        looks = []
        for drawing, features, context in zip(drawings, *outputs, strict=True):
            height, width = drawing.regions.size
            view, points = View(drawing.planes, (0, 0, width, height)), drawing.points()
            fine = view.cells(points, (features.shape[0], features.shape[1]))
            coarse = view.cells(points, (context.shape[0], context.shape[1]), CONTEXT_STRIDE)
            looks.append(np.concatenate([pool(features, fine), pool(context, coarse)], axis=1))
        return looks


def no_flow(a: int, b: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the overlaps of drawings with a and b regions where no flow is known."""
    return np.zeros((a, b), np.float32), np.zeros((b, a), np.float32)


def _choose_frames(sequences: Sequence[IdSequence], rng: np.random.Generator) -> list[NDArray[np.uint16]]:
    """Choose frames of one action near each other, or far apart, or of other actions; neighbors are 1 to 3 apart."""
    action, reach = sequences[int(rng.integers(len(sequences)))], rng.random()
    at = [(action, int(rng.integers(len(action.frames))))]
    for image in range(1, IMAGES):
        if image in _NEIGHBORS:
            at.append(step_frame(*at[-1], int(rng.choice([-3, -2, -1, 1, 2, 3]))))
        elif reach < 0.5:
            at.append(step_frame(*at[0], int(rng.choice([-4, -3, -2, -1, 1, 2, 3, 4]))))
        else:
            other = action if reach < 0.8 else sequences[int(rng.integers(len(sequences)))]
            at.append((other, int(rng.integers(len(other.frames)))))
    return [sequence.frames[i] for sequence, i in at]


def choose_problem(rng: np.random.Generator) -> Problem:
    """Choose a drawing to paint and those to paint it from."""
    later = int(rng.choice(_NEIGHBORS))
    target = later if rng.random() < 0.5 else later - 1
    neighbor = later - 1 if target == later else later
    others = [int(image) for image in rng.permutation(IMAGES) if image not in (target, neighbor)]
    keys = tuple(others[: 1 + int(rng.choice(_MOST_KEYS, p=_KEY_SHARES))])
    if rng.random() < _WITH_NEIGHBOR:
        return Problem(target, (neighbor, *keys), neighbor=True, flow=bool(rng.random() >= _WITHOUT_FLOW))
    if rng.random() < _NEAR:
        return Problem(target, (neighbor, *keys[1:]))
    return Problem(target, keys)


def pack(episodes: Sequence[Arrays], rng: np.random.Generator, problems: int = _PROBLEMS) -> Batch:
    """Pack episodes, with a number of problems drawn for each, as tensors.

    Drawings, D of all episodes, padded to N regions: tokens [D, N, W], shape [D, N, 6], contact [D, N, N], present and
    area [D, N], crops uint8 of the present regions, classes [D, N] (-1: padding).
    Problems, Q: target [Q], sources [Q, S] (-1: none), score [Q, N, S * N], unmatched [Q, N], source_known [Q, S, N],
    target_known [Q, N], source_classes [Q, S, N]: as told, with a neighbor's mistakes.
    """
    count = max(len(e[f"classes{i}"]) for e in episodes for i in range(IMAGES))
    drawings = [(e, i) for e in episodes for i in range(IMAGES)]

    def stack(name: str, *shape: int, fill: float = 0, dtype: Any = np.float32) -> NDArray[Any]:
        return np.stack([_pad(e[f"{name}{i}"], *shape, fill=fill, dtype=dtype) for e, i in drawings])

    joined = [_join_paints(e, rng) for e in episodes]
    classes = np.stack([_pad(c, count, fill=-1, dtype=np.int64) for own in joined for c in own])
    chosen = [(n, choose_problem(rng)) for n in range(len(episodes)) for _ in range(problems)]
    most = max(len(p.sources) for _, p in chosen)
    sources = np.full((len(chosen), most), -1, np.int64)
    score = np.full((len(chosen), count, most, count), ABSENT, np.float32)
    unmatched = np.zeros((len(chosen), count), np.float32)
    source_known = np.zeros((len(chosen), most, count), np.float32)
    target_known = np.zeros((len(chosen), count), np.float32)
    for q, (n, problem) in enumerate(chosen):
        sources[q, : len(problem.sources)] = n * IMAGES + np.array(problem.sources)
        lost = []
        for place, source in enumerate(problem.sources):
            kind = "flow" if problem.flow and place == 0 else ""
            pair = episodes[n][f"score{kind}{problem.target}{source}"]
            score[q, : pair.shape[0], place, : pair.shape[1]] = pair
            lost.append(episodes[n][f"unmatched{kind}{problem.target}{source}"].astype(np.float32))
        unmatched[q, : len(lost[0])] = np.mean(lost, axis=0)
        hidden = rng.uniform(0.1, 0.8) if rng.random() < _PARTIAL else 0.0
        source_known[q] = rng.random((most, count)) >= hidden
        revealed = rng.uniform(0.02, 0.3) if rng.random() < _CORRECTED else 0.0
        target_known[q] = rng.random(count) < revealed
    told = np.where(sources[..., None] >= 0, classes[sources], -1)
    for q, (n, problem) in enumerate(chosen):
        if problem.neighbor:
            wrong = (rng.random(count) < rng.uniform(0, _MOST_WRONG)) & (told[q, 0] >= 0)
            own = classes[n * IMAGES : (n + 1) * IMAGES]
            told[q, 0, wrong] = rng.choice(own[own >= 0], int(wrong.sum()))
    packed: Arrays = {
        "tokens": stack("tokens", count, episodes[0]["tokens0"].shape[1]),
        "shape": stack("shape", count, 6),
        "contact": stack("contact", count, count),
        "area": stack("area", count),
        "present": (classes >= 0).astype(np.float32),
        "classes": classes,
        "crops": np.concatenate([e[f"crops{i}"] for e, i in drawings]),
        "target": np.array([n * IMAGES + p.target for n, p in chosen]),
        "sources": sources,
        "score": score.reshape(len(chosen), count, most * count),
        "unmatched": unmatched,
        "source_known": source_known * (told >= 0),
        "target_known": target_known,
        "source_classes": told,
    }
    return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in packed.items()}


def _pad(array: NDArray[Any], *shape: int, fill: float = 0, dtype: Any = np.float32) -> NDArray[Any]:
    padded = np.full(shape, fill, dtype)
    padded[tuple(slice(n) for n in array.shape)] = array
    return padded


def _join_paints(episode: Arrays, rng: np.random.Generator) -> list[NDArray[np.int32]]:
    """Join a few classes at random, as if they had one paint; never the background's."""
    classes = [episode[f"classes{i}"] for i in range(IMAGES)]
    if rng.random() >= _JOINED:
        return classes
    lut = np.arange(max(int(c.max(initial=0)) for c in classes) + 1)
    if len(lut) > 4:
        for _ in range(int(rng.integers(1, 4))):
            a, b = rng.integers(1, len(lut), 2)
            lut[lut == a] = b
    return [lut[c].astype(np.int32) for c in classes]
