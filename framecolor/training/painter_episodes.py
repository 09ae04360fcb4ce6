"""Episodes for the painter: what it is given for each region, and problems of painting drawn from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, permutations
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import block_diag
from torch.utils.data import Dataset as TorchDataset

from framecolor.lineart.region_crops import crop_regions
from framecolor.lineart.region_shapes import region_traits
from framecolor.networks.checkpoint import load_matcher, matcher_weights_path
from framecolor.networks.matcher import Matcher
from framecolor.networks.painter_pairs import ABSENT
from framecolor.training.episodes import overlap_by_flow
from framecolor.training.kept_episodes import IMAGES, NEIGHBORS, Arrays, KeptEpisodes
from framecolor.training.loop import Batch
from framecolor.training.stage import Drawing

# Limits the regions of an image: the cost of a step grows with their square.
_MOST_TOKENS = 144
_MOST_KEYS = 4
_KEY_SHARES = (0.4, 0.3, 0.2, 0.1)
_PROBLEMS = 3
_FIRST_SHARE = 0.5
# Shares of the problems in which: a painted neighbor is among the sources, by flow or without; a key is a near drawing;
# colors of keys are partly unknown; some of the drawing's own colors are known; paints are joined.
_WITH_NEIGHBOR, _WITHOUT_FLOW, _NEAR, _PARTIAL, _CORRECTED, _JOINED = 0.4, 0.25, 0.25, 0.15, 0.2, 0.25
# Share of the episodes in which the character stands twice, and of the paints that differ then.
_TWINS, _OWN_PAINT = 0.15, 0.8
# At most this share of a neighbor's regions has a wrong color.
_MOST_WRONG = 0.25


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


class PainterEpisodes(KeptEpisodes):
    """Episodes with tokens, crops and colors of all regions, and the matcher's scores of all pairs of drawings.

    Of drawing i: tokens{i}, shape{i}, contact{i}, crops{i}, classes{i} and area{i} (in working pixels), of the largest
    regions; of drawings i and j: score{i}{j} and unmatched{i}{j}; scoreflow{i}{j} and unmatchedflow{i}{j} of neighbors.
    """

    near, same = 0.5, 0.8

    def make(self, drawings: Sequence[Drawing]) -> Arrays:
        """See `KeptEpisodes.make`."""
        episode: Arrays = {}
        described: list[_Described] = []
        for i, drawing in enumerate(drawings):
            area = drawing.regions.area
            rows = np.sort(1 + np.argsort(-area[1:], kind="stable")[:_MOST_TOKENS])
            one = self._describe(i, drawing, rows)
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
        for later in NEIGHBORS:
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
    def _describe(self, image: int, drawing: Drawing, rows: NDArray[np.intp]) -> _Described:
        traits = region_traits(drawing.shapes, drawing.outside)[rows - 1]
        contact = drawing.shapes.contact_among(rows)
        tokens = self._matcher.describe(*map(torch.from_numpy, (self.look(drawing)[rows - 1], traits, contact)))
        return _Described(image, rows, traits, tokens.numpy(), contact)

    @cached_property
    def _matcher(self) -> Matcher:
        return load_matcher(matcher_weights_path()).eval()


def no_flow(a: int, b: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the overlaps of drawings with a and b regions where no flow is known."""
    return np.zeros((a, b), np.float32), np.zeros((b, a), np.float32)


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
    if rng.random() < _WITH_NEIGHBOR:
        return Problem(target, (neighbor, *keys), neighbor=True, flow=bool(rng.random() >= _WITHOUT_FLOW))
    if rng.random() < _NEAR:
        return Problem(target, (neighbor, *keys[1:]))
    return Problem(target, keys)


def pack(episodes: Sequence[Arrays], rng: np.random.Generator, problems: int = _PROBLEMS) -> Batch:
    """Pack episodes, with a number of problems drawn for each, as tensors.

    Drawings, D of all episodes, padded to N regions: tokens [D, N, W], shape [D, N, 6], contact [D, N, N], present
    [D, N], area [D, N], crops uint8 of the present regions, classes [D, N] (-1: padding).
    Problems, Q: target [Q], sources [Q, S] (-1: none), score [Q, N, S * N], unmatched [Q, N], source_known [Q, S, N],
    target_known [Q, N], source_classes [Q, S, N]: as told, with a neighbor's mistakes.
    """
    episodes = [pair_up(e, rng) if rng.random() < _TWINS else e for e in episodes]
    images = [_count_images(e) for e in episodes]
    first = np.cumsum([0, *images])
    drawings = [(e, i) for e, own in zip(episodes, images, strict=True) for i in range(own)]
    count = max(len(e[f"classes{i}"]) for e, i in drawings)

    def stack(name: str, *shape: int, fill: float = 0, dtype: Any = np.float32) -> NDArray[Any]:
        return np.stack([_pad(e[f"{name}{i}"], *shape, fill=fill, dtype=dtype) for e, i in drawings])

    joined = [_join_paints(e, rng) for e in episodes]
    classes = np.stack([_pad(c, count, fill=-1, dtype=np.int64) for own in joined for c in own])
    chosen = [(n, choose_problem(images[n], rng)) for n in range(len(episodes)) for _ in range(problems)]
    most = max(len(p.sources) for _, p in chosen)
    sources = np.full((len(chosen), most), -1, np.int64)
    score = np.full((len(chosen), count, most, count), ABSENT, np.float32)
    unmatched = np.zeros((len(chosen), count), np.float32)
    source_known = np.zeros((len(chosen), most, count), np.float32)
    target_known = np.zeros((len(chosen), count), np.float32)
    for q, (n, problem) in enumerate(chosen):
        sources[q, : len(problem.sources)] = first[n] + np.array(problem.sources)
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
            own = classes[first[n] : first[n + 1]]
            told[q, 0, wrong] = rng.choice(own[own >= 0], int(wrong.sum()))
    packed: Arrays = {
        "tokens": stack("tokens", count, episodes[0]["tokens0"].shape[1]),
        "shape": stack("shape", count, 6),
        "contact": stack("contact", count, count),
        "area": stack("area", count),
        "present": (classes >= 0).astype(np.float32),
        "classes": classes,
        "crops": np.concatenate([e[f"crops{i}"] for e, i in drawings]),
        "target": np.array([first[n] + p.target for n, p in chosen]),
        "sources": sources,
        "score": score.reshape(len(chosen), count, most * count),
        "unmatched": unmatched,
        "source_known": source_known * (told >= 0),
        "target_known": target_known,
        "source_classes": told,
    }
    return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in packed.items()}


def pair_up(episode: Arrays, rng: np.random.Generator) -> Arrays:
    """Pair up an episode's drawings: in each, the character stands twice, side by side, the right one in other paints.

    Its tokens are those of the drawings apart, which is near enough.
    """
    order = rng.permutation(IMAGES)
    pairs = list(zip(order[: IMAGES // 2], order[IMAGES // 2 :], strict=True))
    kept = [np.sort(np.argsort(-episode[f"area{i}"], kind="stable")[: _MOST_TOKENS // 2]) for i in range(IMAGES)]
    paints = np.arange(1 + max(int(episode[f"classes{i}"].max(initial=0)) for i in range(IMAGES)))
    own = rng.random(len(paints)) < _OWN_PAINT
    own[0] = False  # paper
    repainted = np.where(own, paints + len(paints), paints).astype(np.int32)
    paired: Arrays = {}
    for n, (left, right) in enumerate(pairs):
        for name in ("tokens", "area", "crops"):
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
    for (a, target), (b, source) in permutations(enumerate(pairs), 2):
        blocks = [[episode[f"score{i}{j}"][np.ix_(kept[i], kept[j])] for j in source] for i in target]
        paired[f"score{a}{b}"] = np.block(blocks)
        lost = [np.minimum(*(episode[f"unmatched{i}{j}"][kept[i]] for j in source)) for i in target]
        paired[f"unmatched{a}{b}"] = np.concatenate(lost)
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
