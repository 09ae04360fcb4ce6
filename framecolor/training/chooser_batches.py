"""Batches for the chooser: drawings of which a few regions have strokes, or of which the palette is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset as TorchDataset

from framecolor.matching.choices import arrange
from framecolor.networks.chooser import CANDIDATE_VALUES, Choice
from framecolor.training.chooser_episodes import ChooserEpisodes
from framecolor.training.loop import Batch
from framecolor.training.painter_episodes import IMAGES
from framecolor.training.paintings import turn_hue

Float = NDArray[np.float32]

# Of each episode, this many drawings are taken.
_DRAWINGS = 2
_FIRST_SHARE = 0.5
# Shares of the drawings with a palette, and of those with strokes beside it.
_PALETTES, _BOTH = 0.35, 0.3
# Dots of a stroke hint; how they favor large regions: by area, or its root.
_FEWEST, _MOST, _BY_AREA = 2, 60, 0.67
_DOTS = 24
# Share of stroke hints as a painter sets them; how much his regions differ from the largest (log of their area).
_ONE_EACH, _HABIT = 0.5, 1.0
# Share of drawings in which strokes spill into neighbors, and of strokes that do.
_SPILLED, _SPILL = 0.25, 0.12
# Colors in a palette: most, those of other pictures, and the scatter of shares (log) and of levels.
_MOST_COLORS, _STRANGE, _SHARE_SCATTER, _LEVEL_SCATTER = 24, 4, 0.5, 12.0
_TURNED = 0.35
_LEAST_AREA_PX, _FULL_AREA_PX = 4.0, 400.0
# The weight of the smallest regions in the loss, against 1 of large ones.
_LEAST_WEIGHT = 0.3


class ChooserBatches(TorchDataset[Batch]):
    """Batch n of a seed is always the same: `batch` drawings, half of them of the first of `sources`."""

    def __init__(self, sources: Sequence[ChooserEpisodes], seed: int, batch: int, *, given: str = "any") -> None:
        """given: "any" as in training; "strokes": 24 dots by area; "one each": 24 as a painter sets them; "palette"."""
        self.sources, self.seed, self.batch, self.given = sources, seed, batch, given

    def __len__(self) -> int:
        return 2**31

    def __getitem__(self, index: int) -> Batch:
        rng = np.random.default_rng([self.seed, index])
        rows: list[dict[str, NDArray[Any]]] = []
        while len(rows) < self.batch:
            source = self.sources[0 if rng.random() < _FIRST_SHARE else int(rng.integers(len(self.sources)))]
            episode = source.read(int(rng.integers(source.count)))
            for i in rng.permutation(IMAGES)[: min(_DRAWINGS, self.batch - len(rows))]:
                drawing = {k: episode[f"{k}{i}"] for k in ("tokens", "shape", "contact", "area", "classes")}
                rows.append(ask(drawing, episode["colors"], rng, self.given))
        return pack(rows)


def ask(
    drawing: Mapping[str, NDArray[Any]], colors: NDArray[np.uint8], rng: np.random.Generator, given: str = "any"
) -> dict[str, NDArray[Any]]:
    """Draw what is given of a drawing: the arrays of a `Choice` without its batch, and what is learned.

    target  int64 [T], the candidate of each region, -1: none
    weight  float32 [T], of each region in the loss
    same    int64 [T], the class of each region
    """
    classes, area = drawing["classes"], drawing["area"].astype(np.float32)
    paper = drawing["shape"][:, 5] > 0.5
    palette = given == "palette" or (given == "any" and rng.random() < _PALETTES)
    strokes = given in ("strokes", "one each") or (given == "any" and (not palette or rng.random() < _BOTH))
    paintable = ~paper & (classes > 0)
    if not strokes:
        picked = np.zeros(len(classes), bool)
    elif given == "one each" or (given == "any" and rng.random() < _ONE_EACH):
        picked = pick_one_each(area, classes, paintable, rng, given)
    else:
        picked = draw_picks(area, paintable, rng, given)
    told = np.unique(classes[~paper & (classes > 0)] if palette else classes[picked])[:_MOST_COLORS]
    candidates = np.concatenate([[0], told]).astype(np.int64)
    place = np.full(max(int(classes.max(initial=0)), 0) + 1, -1)
    place[candidates] = np.arange(len(candidates))
    target = place[classes]
    stroke = np.where(picked, target, -1)
    if given == "any" and rng.random() < _SPILLED:
        stroke = spill(stroke, drawing["contact"].astype(np.float32), paper, rng)
    described = describe_candidates(candidates, classes, area * ~paper, colors, rng, palette)
    contact = drawing["contact"].astype(np.float32)
    row = arrange(drawing["tokens"].astype(np.float32), drawing["shape"], contact, stroke, described)
    unknown = row["known"].sum(axis=1) == 0
    weight = ~paper & unknown & (area > _LEAST_AREA_PX)
    grown = _LEAST_WEIGHT + (1 - _LEAST_WEIGHT) * np.sqrt(np.minimum(area / _FULL_AREA_PX, 1))
    return row | {"target": target, "weight": (weight * grown).astype(np.float32), "same": classes.astype(np.int64)}


def draw_picks(area: Float, paintable: NDArray[np.bool_], rng: np.random.Generator, given: str) -> NDArray[np.bool_]:
    """Draw the regions that dots fall in, bool [T]."""
    count = _DOTS if given == "strokes" else draw_count(rng)
    power = 1.0 if given == "strokes" or rng.random() < _BY_AREA else 0.5
    weight = np.power(area, power) * paintable
    picked = np.zeros(len(area), bool)
    if weight.sum() > 0:
        picked[rng.choice(len(area), count, p=weight / weight.sum())] = True
    return picked


def pick_one_each(
    area: Float, classes: NDArray[np.integer], paintable: NDArray[np.bool_], rng: np.random.Generator, given: str
) -> NDArray[np.bool_]:
    """Pick the regions of a painter's dots, bool [T]: one of each color first, then more, large ones first."""
    count = _DOTS if given == "one each" else draw_count(rng)
    habit = 0.0 if given == "one each" else float(rng.uniform(0, _HABIT))
    order = np.argsort(-np.log(area + 1) - rng.normal(0, habit, len(area)), kind="stable")
    order = order[paintable[order]]
    _, first = np.unique(classes[order], return_index=True)
    firsts = order[np.sort(first)]
    picked = np.zeros(len(area), bool)
    picked[np.concatenate([firsts, order[~np.isin(order, firsts)]])[:count]] = True
    return picked


def draw_count(rng: np.random.Generator) -> int:
    """Draw the number of dots; few are more frequent than many."""
    return round(float(np.exp(rng.uniform(np.log(_FEWEST), np.log(_MOST)))))


def spill(
    stroke: NDArray[np.intp], contact: Float, paper: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.intp]:
    """Let some strokes color a neighbor of their region, too."""
    spilled = stroke.copy()
    for region in np.flatnonzero(stroke >= 0):
        around = contact[region] * ~paper
        if rng.random() < _SPILL and around.sum() > 0:
            spilled[rng.choice(len(around), p=around / around.sum())] = stroke[region]
    return spilled


def describe_candidates(
    candidates: NDArray[np.int64], classes: NDArray[np.integer], area: Float, colors: NDArray[np.uint8],
    rng: np.random.Generator, palette: bool,
) -> Float:  # fmt: skip
    """Describe the colors to choose from, [C, CANDIDATE_VALUES], as another picture of the character shows them.

    A palette has shares, and a few colors that the drawing does not have.
    """
    rgb = colors[np.minimum(candidates, len(colors) - 1)].astype(np.float32)
    strange = int(rng.integers(0, _STRANGE + 1)) if palette else 0
    rgb = np.concatenate([rgb, rng.uniform(0, 255, (strange, 3)).astype(np.float32)])
    if rng.random() < _TURNED and len(rgb) > 1:
        rgb[1:] = 255 * turn_hue(rgb[None, 1:] / np.float32(255), float(rng.uniform(0, 360)))[0]
    rgb[1:] += rng.normal(0, rng.uniform(0, _LEVEL_SCATTER), rgb[1:].shape)
    share = np.zeros(len(rgb), np.float32)
    if palette:
        own = np.bincount(np.maximum(classes, 0), area, int(candidates.max()) + 1)[candidates[1:]]
        share[1:] = np.concatenate([own, rng.uniform(0.005, 0.1, strange) * max(1.0, float(own.sum()))])
        share[1:] *= np.exp(rng.normal(0, _SHARE_SCATTER, len(rgb) - 1))
        share = share / max(float(share.sum()), 1e-6)
    out = np.ones((len(rgb), CANDIDATE_VALUES), np.float32)
    out[:, :3], out[:, 3] = rgb.clip(0, 255) / 127.5 - 1, np.sqrt(share)
    return out


def pack(rows: Sequence[Mapping[str, NDArray[Any]]]) -> Batch:
    """Stack drawings, padded to the most regions and colors of any; padding has target and class -1."""
    regions, colors = (max(len(row[name]) for row in rows) for name in ("tokens", "candidates"))
    batch = {}
    for name, first in rows[0].items():
        sides = [colors if name == "candidates" else regions]
        if name in ("contact", "apart"):
            sides.append(regions)
        elif name in ("known", "flow", "near"):
            sides.append(colors)
        elif first.ndim > 1:
            sides.append(first.shape[1])
        stacked = np.full((len(rows), *sides), -1 if name in ("target", "same") else 0, first.dtype)
        for i, row in enumerate(rows):
            stacked[(i, *(slice(0, side) for side in row[name].shape))] = row[name]
        batch[name] = torch.from_numpy(stacked)
    return batch


def make_choice(batch: Batch) -> Choice:
    """Make the network's input of a batch."""
    return Choice(**{name: batch[name] for name in Choice.__dataclass_fields__})
