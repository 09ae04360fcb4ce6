"""Batches for matcher and painter: problems of painting, drawn from episodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import block_diag
from torch.utils.data import Dataset as TorchDataset

from framecolor.training.loop import Batch
from framecolor.training.painter_episodes import IMAGES, MOST_REGIONS, NEIGHBORS, Arrays, PainterEpisodes

_MOST_KEYS = 4
_KEY_SHARES = (0.4, 0.3, 0.2, 0.1)
_PROBLEMS = 3
_FIRST_SHARE = 0.5
# Shares of the problems in which: a source is a near drawing; a near drawing of which only a few regions are told, as
# by corrections, is one more source; colors of sources are partly unknown; some of the drawing's own colors are known;
# paints are joined.
_NEAR, _FEW, _PARTIAL, _CORRECTED, _JOINED = 0.25, 0.3, 0.1, 0.2, 0.25
# Of a drawing of which few regions are told, at most this many.
_MOST_TOLD = 6
# Share of the episodes in which the character stands twice, and of the paints that differ then.
_TWINS, _OWN_PAINT = 0.15, 0.8
# One episode in four has its neighbors linked without flow, which may be unavailable.
_WITHOUT_FLOW = 0.25


@dataclass(frozen=True)
class Problem:
    """A drawing to paint from others.

    target   image
    sources  images
    few      whether of the first source only a few regions are told
    """

    target: int
    sources: tuple[int, ...]
    few: bool = False


class PainterBatches(TorchDataset[Batch]):
    """Batch n has `batch_size` episodes, each with a few problems; see `pack`.

    Half of the episodes are of the first of `sources`, the others of any.
    """

    def __init__(self, sources: Sequence[PainterEpisodes], seed: int, batch_size: int) -> None:
        self.sources, self.seed, self.batch_size = sources, seed, batch_size

    def __len__(self) -> int:
        return 2**31

    def __getitem__(self, index: int) -> Batch:
        rng = np.random.default_rng([self.seed, index])
        episodes = []
        for _ in range(self.batch_size):
            source = self.sources[0 if rng.random() < _FIRST_SHARE else int(rng.integers(len(self.sources)))]
            episodes.append(source.read(int(rng.integers(source.count))))
        return pack(episodes, rng)


def choose_problem(images: int, rng: np.random.Generator) -> Problem:
    """Choose a drawing to paint, of an episode's images, and those to paint it from."""
    if images != IMAGES:  # twins, none of which are neighbors
        target, *others = (int(image) for image in rng.permutation(images))
        return Problem(target, tuple(others[: int(rng.integers(1, images))]))
    later = int(rng.choice(NEIGHBORS))
    target = later if rng.random() < 0.5 else later - 1
    neighbor = later - 1 if target == later else later
    others = [int(image) for image in rng.permutation(IMAGES) if image not in (target, neighbor)]
    keys = tuple(others[: 1 + int(rng.choice(_MOST_KEYS, p=_KEY_SHARES))])
    if rng.random() < _FEW:
        return Problem(target, (neighbor, *keys), few=True)
    if rng.random() < _NEAR:
        return Problem(target, (neighbor, *keys[1:]))
    return Problem(target, keys)


def pack(episodes: Sequence[Arrays], rng: np.random.Generator, problems: int = _PROBLEMS) -> Batch:
    """Pack episodes, with a number of problems drawn for each, as tensors.

    Drawings, D of all episodes, padded to N regions: look [D, N, F], shape [D, N, 6], contact [D, N, N], count [D],
    area [D, N], crops uint8 of the regions that are there, classes [D, N] (-1: padding).
    Problems, Q: target [Q], sources [Q, S] (-1: none), source_known [Q, S, N], target_known [Q, N].
    Neighbors, one pair of each episode that has any: link [L, 2], the later drawing first, and their overlaps by flow,
    there [L, N, N] and back [L, N, N]; 0 if there is no flow.
    """
    episodes = [pair_up(e, rng) if rng.random() < _TWINS else e for e in episodes]
    images = [_count_images(e) for e in episodes]
    first = np.cumsum([0, *images])
    drawings = [(e, i) for e, own in zip(episodes, images, strict=True) for i in range(own)]
    counts = np.array([len(e[f"classes{i}"]) for e, i in drawings])
    count = int(counts.max())

    def stack(name: str, *shape: int, fill: float = 0, dtype: Any = np.float32) -> NDArray[Any]:
        return np.stack([_pad(e[f"{name}{i}"], *shape, fill=fill, dtype=dtype) for e, i in drawings])

    joined = [_join_paints(e, rng) for e in episodes]
    classes = np.stack([_pad(c, count, fill=-1, dtype=np.int64) for own in joined for c in own])
    chosen = [(n, choose_problem(images[n], rng)) for n in range(len(episodes)) for _ in range(problems)]
    most = max(len(p.sources) for _, p in chosen)
    sources = np.full((len(chosen), most), -1, np.int64)
    source_known = np.zeros((len(chosen), most, count), np.float32)
    target_known = np.zeros((len(chosen), count), np.float32)
    for q, (n, problem) in enumerate(chosen):
        sources[q, : len(problem.sources)] = first[n] + np.array(problem.sources)
        hidden = rng.uniform(0.1, 0.8) if rng.random() < _PARTIAL else 0.0
        source_known[q] = rng.random((most, count)) >= hidden
        if problem.few:
            told = rng.permutation(counts[sources[q, 0]])[: int(rng.integers(1, _MOST_TOLD + 1))]
            source_known[q, 0] = 0
            source_known[q, 0, told] = 1
        revealed = rng.uniform(0.02, 0.3) if rng.random() < _CORRECTED else 0.0
        target_known[q] = rng.random(count) < revealed
    present = np.where(sources[..., None] >= 0, classes[sources], -1) >= 0
    packed: Arrays = {
        "look": stack("look", count, episodes[0]["look0"].shape[1]),
        "shape": stack("shape", count, 6),
        "contact": stack("contact", count, count),
        "area": stack("area", count),
        "count": counts,
        "classes": classes,
        "crops": np.concatenate([e[f"crops{i}"] for e, i in drawings]),
        "target": np.array([first[n] + p.target for n, p in chosen]),
        "sources": sources,
        "source_known": source_known * present,
        "target_known": target_known,
        **_link_neighbors(episodes, first, count, rng),
    }
    return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in packed.items()}


def _link_neighbors(
    episodes: Sequence[Arrays], first: NDArray[np.intp], count: int, rng: np.random.Generator
) -> dict[str, NDArray[Any]]:
    """Choose a pair of neighbors of each episode but twins: see `pack`."""
    link, there, back = [], [], []
    for episode, start in zip(episodes, first, strict=False):
        later = int(rng.choice(NEIGHBORS))
        with_flow = rng.random() >= _WITHOUT_FLOW
        if f"there{later}" in episode:
            link.append((start + later, start + later - 1))
            there.append(with_flow * _pad(episode[f"there{later}"], count, count))
            back.append(with_flow * _pad(episode[f"back{later}"], count, count))
    flows = np.array([there, back], np.float32).reshape(2, len(link), count, count)
    return {"link": np.array(link, np.int64).reshape(-1, 2), "there": flows[0], "back": flows[1]}


def pair_up(episode: Arrays, rng: np.random.Generator) -> Arrays:
    """Pair up an episode's drawings: in each, the character stands twice, side by side, the right one in other paints.

    Its looks are those of the drawings apart, which is near enough.
    """
    order = rng.permutation(IMAGES)
    pairs = list(zip(order[: IMAGES // 2], order[IMAGES // 2 :], strict=True))
    kept = [np.sort(np.argsort(-episode[f"area{i}"], kind="stable")[: MOST_REGIONS // 2]) for i in range(IMAGES)]
    paints = np.arange(1 + max(int(episode[f"classes{i}"].max(initial=0)) for i in range(IMAGES)))
    own = rng.random(len(paints)) < _OWN_PAINT
    own[0] = False  # paper
    repainted = np.where(own, paints + len(paints), paints).astype(np.int32)
    paired: Arrays = {}
    for n, (left, right) in enumerate(pairs):
        for name in ("look", "area", "crops"):
            paired[f"{name}{n}"] = np.concatenate([episode[f"{name}{i}"][kept[i]] for i in (left, right)])
        classes = [episode[f"classes{i}"][kept[i]] for i in (left, right)]
        paired[f"classes{n}"] = np.concatenate([classes[0], repainted[classes[1]]])
        shapes = [episode[f"shape{i}"][kept[i]].copy() for i in (left, right)]
        for shape, side in zip(shapes, (-1, 1), strict=True):
            shape[:, :2] /= 2
            shape[:, 0] += side / 4
            shape[:, 2] -= np.log(2)
        paired[f"shape{n}"] = np.concatenate(shapes)
        contacts = (episode[f"contact{i}"][np.ix_(kept[i], kept[i])] for i in (left, right))
        paired[f"contact{n}"] = np.asarray(block_diag(*contacts))
    return paired


def _count_images(episode: Arrays) -> int:
    return sum(name.startswith("classes") for name in episode)


def _pad(array: NDArray[Any], *shape: int, fill: float = 0, dtype: Any = np.float32) -> NDArray[Any]:
    padded = np.full(shape, fill, dtype)
    padded[tuple(slice(n) for n in array.shape)] = array
    return padded


def _join_paints(episode: Arrays, rng: np.random.Generator) -> list[NDArray[np.int32]]:
    """Join a few classes at random, as if they had one paint; never the background's."""
    classes = [episode[f"classes{i}"] for i in range(_count_images(episode))]
    if rng.random() >= _JOINED:
        return classes
    lut = np.arange(max(int(c.max(initial=0)) for c in classes) + 1)
    if len(lut) > 4:
        for _ in range(int(rng.integers(1, 4))):
            a, b = rng.integers(1, len(lut), 2)
            lut[lut == a] = b
    return [lut[c].astype(np.int32) for c in classes]
