"""Fit the model that says how likely each region's color is right (`framecolor/propagation/confidence.py`).

    python scripts/calibrate_confidence.py --data DATASET [--shots N] [-o framecolor/weights/confidence.json]

Short shots of the data set's held-out characters are drawn and painted in memory without a fit. The first drawing is a
key, and in most shots the last one too. All regions above 10 px of the other drawings are samples. Shots with a larger
share of wrong regions than --most-wrong are left out: they are harder than a painter's shots and would make the model
too unsure. The printed figures are cross-validated. Run it again after a change of the weights.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from framecolor import Settings
from framecolor.core.types import Palette
from framecolor.engines.base import Runner
from framecolor.engines.torch import TorchRunner
from framecolor.evaluation.metrics.calibration import measure_auroc, measure_calibration_error
from framecolor.keys.key_drawing import WORKING_AREA_PX
from framecolor.keys.key_gallery import describe_regions
from framecolor.keys.keyframes import Keyframes, make_sample
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.lineart.sampling import sample_points
from framecolor.matching.gallery import Gallery, KeyRegions
from framecolor.networks.checkpoint import base_weights_path, load_generator, matcher_weights_path, painter_weights_path
from framecolor.networks.palette_head import PaletteNetwork
from framecolor.networks.view import figure_box, look, working_scale
from framecolor.propagation.belief import Node, propagate
from framecolor.propagation.confidence import FEATURES, Calibration, estimate, gather_evidence, pack_calibration
from framecolor.propagation.features import compute_features, link_frames
from framecolor.training.character import draw_character
from framecolor.training.dataset import Dataset
from framecolor.training.stage import Drawing, Pose, Stage, find_majority

_SIZE_PX = 224
# Most spans of a real shot lie between two keys, and a figure does not move as a whole in every drawing.
_TWO_KEYS = 0.75
_MOVES = 0.5
_SMALL_REGION_PX = 10
_FLAGGED_SHARE = 0.15
_FOLDS = 5
_DECAY = 1e-2
_SETTINGS = Settings(fit="off")

Rgba = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Samples:
    """Regions: evidence float32 [N, F], belief in their color float32 [N], right bool [N], number of the shot [N]."""

    evidence: NDArray[np.float32]
    belief: NDArray[np.float32]
    right: NDArray[np.bool_]
    shot: NDArray[np.int64]


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--shots", type=click.IntRange(_FOLDS), default=60, show_default=True)
@click.option("--most-wrong", type=click.FloatRange(0, 1), default=0.3, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--output", "-o", type=click.Path(path_type=Path, dir_okay=False), required=True)
def main(data: Path, shots: int, most_wrong: float, seed: int, output: Path) -> None:
    """Paint shots of known truth, fit the model to which regions are right, and write it."""
    dataset = Dataset(data)
    painted = [paint_shot(dataset, seed, shot) for shot in _count(shots)]
    samples = join([part for part in painted if (~part.right).mean() <= most_wrong])
    kept = len(np.unique(samples.shot))
    click.echo(f"{kept} of {shots} shots kept")
    found = np.zeros(len(samples.right), np.float32)
    for fold in range(_FOLDS):
        out = samples.shot % _FOLDS == fold
        found[out] = estimate(samples.evidence[out], fit(samples.evidence[~out], samples.right[~out]))
    report = {"belief": measure(samples.belief, samples.right), "confidence": measure(found, samples.right)}
    for name, figures in report.items():
        click.echo(f"{name}: " + ", ".join(f"{key} {value}" for key, value in figures.items()))
    calibration = fit(samples.evidence, samples.right)
    for name, weight in zip(FEATURES, calibration.weight, strict=True):
        click.echo(f"  {name} {weight:+.2f}")
    content = {
        **pack_calibration(calibration),
        "fitted_on": {
            "data": dataset.hash,
            "split": "val",
            "shots": kept,
            "of": shots,
            "most_wrong": most_wrong,
            "seed": seed,
        },
        "held_out": report,
        "matcher": hashlib.sha256(matcher_weights_path().read_bytes()).hexdigest(),
        "painter": hashlib.sha256(painter_weights_path().read_bytes()).hexdigest(),
    }
    output.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def paint_shot(dataset: Dataset, seed: int, number: int) -> Samples:
    """Draw and paint shot `number`, and return its regions as samples."""
    rng = np.random.default_rng([seed, number])
    drawings = draw_shot(dataset, number, rng)
    lines = [draw_lines(drawing) for drawing in drawings]
    keys = [0, len(drawings) - 1] if rng.random() < _TWO_KEYS else [0]
    truths = [find_truth(drawing, rgba) for drawing, rgba in zip(drawings, lines, strict=True)]
    known = np.unique(np.concatenate([truths[key][1:] for key in keys]))
    keyframes, runner = read_keys({key: lines[key] for key in keys}, {key: truths[key] for key in keys}, known)
    computed = [compute_features(i, rgba, keyframes, runner, _SETTINGS) for i, rgba in enumerate(lines)]
    links = [link_frames(earlier, later, runner) for earlier, later in pairwise(computed)]
    nodes = [Node(features.votes, keyframes.belief(features.number)) for features in computed]
    parts = []
    for features, truth, belief in zip(computed, truths, propagate(nodes, links), strict=True):
        if features.number in keys:
            continue
        counted = 1 + np.flatnonzero(features.area[1:] > _SMALL_REGION_PX)
        evidence, right = gather_evidence(belief, features.unmatched), known[belief.argmax(axis=1)] == truth
        sure = belief.max(axis=1)
        parts.append(Samples(evidence[counted], sure[counted], right[counted], np.full(len(counted), number)))
    return join(parts)


def draw_shot(dataset: Dataset, number: int, rng: np.random.Generator) -> list[Drawing]:
    """Draw 8 to 10 drawings of one action of a held-out character; the sources alternate."""
    sources = list(dataset.characters_by_source("val").values())
    characters = sources[number % len(sources)]
    sequences = [dataset.read(file) for file in characters[int(rng.integers(len(characters)))]]
    frames = sequences[int(rng.integers(len(sequences)))].frames
    stage = Stage.draw(_SIZE_PX, draw_character(sequences, rng), rng)
    pose, at = Pose.draw(rng), int(rng.integers(len(frames)))
    drawings: list[Drawing] = []
    wanted = int(rng.integers(8, 11))
    while len(drawings) < wanted:
        drawing = stage.draw_frame(frames[at], pose, rng)
        if drawing.regions.count > 1:  # otherwise the figure is outside of the picture
            drawings.append(drawing)
            at = (at + 1) % len(frames)
        pose = pose.nudged(rng) if rng.random() < _MOVES else pose
    return drawings


def draw_lines(drawing: Drawing) -> Rgba:
    """Draw the lines as in a file: black on transparent, uint8 HxWx4."""
    rgba = np.zeros((*drawing.regions.size, 4), np.uint8)
    rgba[drawing.regions.labels == 0, 3] = 255
    return rgba


def find_truth(drawing: Drawing, rgba: Rgba) -> NDArray[np.int64]:
    """Find the true class of each region that painting finds, int64 [count + 1]."""
    return find_majority(find_regions(read_drawing(0, rgba)), drawing.region_class[drawing.regions.labels])


def read_keys(
    lines: dict[int, Rgba], truths: dict[int, NDArray[np.int64]], known: NDArray[np.int64]
) -> tuple[Keyframes, Runner]:
    """Make the keyframes that `framecolor.keys.keyframes` would read from files, and a runner of the network.

    known  classes that any key shows, sorted: they are the palette
    """
    index = {key: np.searchsorted(known, truth).clip(0, len(known) - 1) for key, truth in truths.items()}
    frames = {key: read_drawing(key, rgba) for key, rgba in lines.items()}
    scale = working_scale([figure_box(frame) for frame in frames.values()], WORKING_AREA_PX)
    colors = np.zeros((len(known), 4), np.uint8)
    colors[:, 0], colors[:, 1], colors[:, 3] = np.arange(len(known)) % 256, np.arange(len(known)) // 256, 255
    classes, prior = np.arange(len(known)), np.zeros(len(known), np.float32)
    keyframes = Keyframes(Palette(colors), index, scale, classes, prior)
    regions = {key: find_regions(frame) for key, frame in frames.items()}
    views = {key: look(frame, regions[key], scale) for key, frame in frames.items()}
    network = PaletteNetwork(load_generator(base_weights_path()), keyframes.class_count)
    network.start_head([make_sample(views[key], regions[key], index[key]) for key in frames])
    runner = TorchRunner(network)
    gallery = []
    for key, view in views.items():
        pending = runner.infer(view, sample_points(regions[key]), votes=False)
        tokens = describe_regions(frames[key], regions[key], scale, pending, runner)
        gallery.append(KeyRegions(key, tokens, index[key][tokens.rows]))
    return Keyframes(Palette(colors), index, scale, classes, prior, gallery=Gallery(gallery, len(known))), runner


def join(parts: list[Samples]) -> Samples:
    """Join the samples of several drawings or shots."""
    names = ("evidence", "belief", "right", "shot")
    return Samples(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def fit(evidence: NDArray[np.float32], right: NDArray[np.bool_]) -> Calibration:
    """Fit a logistic regression with L2 on standardized evidence."""
    mean, scale = evidence.mean(axis=0, dtype=np.float64), evidence.std(axis=0, dtype=np.float64) + 1e-6
    x = torch.from_numpy((evidence - mean) / scale)
    y = torch.from_numpy(right.astype(np.float64))
    weight = torch.zeros(len(FEATURES), dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        solver.zero_grad()
        value = F.binary_cross_entropy_with_logits(x @ weight + bias, y) + _DECAY * weight.square().sum()
        value.backward()
        return value

    solver.step(loss)
    return Calibration(mean, scale, weight.detach().numpy(), float(bias.detach()))


def measure(confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> dict[str, float | int]:
    """Summarize regions, wrong ones, the share of these among the 15 % least sure, AUROC and calibration error."""
    order = np.argsort(confidence, kind="stable")
    flagged = order[: round(_FLAGGED_SHARE * len(order))]
    bad = int((~right).sum())
    return {
        "regions": len(right),
        "wrong": bad,
        "captured": round(float((~right)[flagged].sum() / bad), 4),
        "auroc": round(measure_auroc(confidence, right) or 0.0, 4),
        "calibration_error": round(measure_calibration_error(confidence, right) or 0.0, 4),
    }


def _count(shots: int) -> Iterator[int]:
    with click.progressbar(range(shots), label="shots") as numbers:
        yield from numbers


if __name__ == "__main__":
    main()
