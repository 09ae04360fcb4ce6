"""Measure what one more key is worth, and whether the report suggests a good one.

    python benchmarks/one_more_key.py --clips DIR [--clip NAME ...] [--fit off|N|auto] [--rounds 3] [--seeds 3]

A clip begins with its first and its last drawing as keys. In each round one more key is added, chosen by

    advice  the first suggestion of the report (`framecolor.report.suggest` on the run's framecolor.json)
    random  any other drawing; the mean over seeds
    widest  the middle of the widest stretch without a key

and the clip is painted again. There are two figures, both from mean chained acc_thres within 8 levels:

    shot    over all drawings but the first two keys. A drawing that became a key counts as right, as a painted drawing
            is part of what a key is worth.
    lead    accuracy of advice minus that of another way, over drawings that are keys in neither run; None if all are
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import numpy as np
from chained import describe_fit, paint_clip, score_frames
from clips import Clip, find_clips
from record import RESULTS, read_results, write_results

from framecolor import Settings
from framecolor.bench.machine import describe_run
from framecolor.cli.options import setting_option
from framecolor.output.frame_entry import FrameEntry
from framecolor.output.manifest import Manifest
from framecolor.report.suggest import suggest_keys

OTHERS = ("random", "widest")


@dataclass(frozen=True)
class Run:
    """A clip painted from `keys`: acc_thres of the other drawings, the entries of framecolor.json, and the fit."""

    keys: tuple[int, ...]
    accuracy: Mapping[int, float]
    frames: Sequence[FrameEntry]
    fit: Mapping[str, Any] | None

    def shot_accuracy(self, start: Sequence[int]) -> float:
        """Compute the mean over all drawings but those in `start`; other keys count as right."""
        drawings = (set(self.keys) | set(self.accuracy)) - set(start)
        return float(np.mean([self.accuracy.get(number, 1.0) for number in drawings]))

    def lead(self, other: Run) -> float | None:
        """Compute the lead over another run on drawings that are keys in neither; None if all are keys."""
        shared = sorted(set(self.accuracy) & set(other.accuracy))
        return float(np.mean([self.accuracy[n] - other.accuracy[n] for n in shared])) if shared else None


@click.command()
@click.option("--clips", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--clip", "names", multiple=True, help="Only this clip; can be given several times.")
@setting_option("fit", default="off", show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Random drawings to average over.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "one_more_key.json", show_default=True
)
def main(folder: Path, names: tuple[str, ...], fit: Any, rounds: int, seeds: int, output: Path) -> None:
    """Add keys to the clips in a folder, each with line/, color/ and optionally flat/."""
    for clip in find_clips(folder, names):
        run = describe_run()
        with tempfile.TemporaryDirectory() as work:
            row = measure_clip(clip, Path(work), Settings(fit=fit), rounds, seeds)
        results = read_results(output)
        fits = results.get("fits", {})
        clips = {**fits.get(str(fit), {}).get("clips", {}), clip.name: {**run, **row}}
        fits[str(fit)] = {"mean": average(clips), "clips": dict(sorted(clips.items()))}
        write_results(output, {"format": 1, "fits": dict(sorted(fits.items()))})
        ways = {way: [figures[way]["shot"] for figures in row["rounds"]] for way in ("advice", *OTHERS)}
        click.echo(f"{clip.name}: {row['start']['shot']:.4f}, then " + ", ".join(f"{w} {v}" for w, v in ways.items()))


def measure_clip(clip: Clip, work: Path, settings: Settings, rounds: int, seeds: int) -> dict[str, Any]:
    """Paint a clip in the folder `work` with one more key in each round, for each way to choose it."""
    numbers = list(clip.line)
    start = (numbers[0], numbers[-1])
    painter = _Painter(clip, work, settings)
    first = painter.paint(start)
    advice = widest = first
    random = [first] * seeds
    generators = [np.random.default_rng(seed) for seed in range(seeds)]
    table = []
    for _ in range(rounds):
        advice = painter.paint(add(advice, choose_advised(advice)))
        widest = painter.paint(add(widest, choose_widest(widest)))
        random = [
            painter.paint(add(run, choose_random(run, generator)))
            for run, generator in zip(random, generators, strict=True)
        ]
        table.append(
            {
                "advice": _describe([advice], start),
                "widest": {**_describe([widest], start), "lead": _mean([advice.lead(widest)])},
                "random": {**_describe(random, start), "lead": _mean([advice.lead(run) for run in random])},
            }
        )
    return {
        "settings": {"fit": settings.fit, "seeds": seeds},
        "frames": len(numbers),
        "start": {**_describe([first], start), "fit": first.fit},
        "rounds": table,
    }


class _Painter:
    """Paints one clip from different keys."""

    def __init__(self, clip: Clip, work: Path, settings: Settings) -> None:
        self.clip, self.work, self.settings = clip, work, settings
        self._painted: dict[tuple[int, ...], Run] = {}

    def paint(self, keys: tuple[int, ...]) -> Run:
        """Fit and paint, unless the clip was painted from these keys before."""
        if keys not in self._painted:
            self._painted[keys] = self._paint(keys)
        return self._painted[keys]

    def _paint(self, keys: tuple[int, ...]) -> Run:
        root, out = self.work / "shot" / self.clip.name, self.work / "color"
        shutil.rmtree(root, ignore_errors=True)
        painting = paint_clip(self.clip, root, out, keys, self.settings)
        scored = score_frames(self.clip, out, keys, 8).frames if len(keys) < len(self.clip.line) else {}
        accuracy = {number: frame.acc_thres for number, frame in scored.items() if frame.acc_thres is not None}
        return Run(keys, accuracy, Manifest.read(out).frames, describe_fit(painting.record))


def add(run: Run, number: int | None) -> tuple[int, ...]:
    """Add a key to those of a run; None adds nothing."""
    return run.keys if number is None else tuple(sorted((*run.keys, number)))


def choose_advised(run: Run) -> int | None:
    """Choose the first suggestion of the report; None if it has none."""
    suggestions = suggest_keys(run.frames, count=1)
    return suggestions[0].number if suggestions else None


def choose_random(run: Run, generator: np.random.Generator) -> int | None:
    """Choose a random drawing that is neither a key nor a hold; None if all are."""
    drawings = [frame.number for frame in run.frames if frame.status == "painted"]
    return int(generator.choice(drawings)) if drawings else None


def choose_widest(run: Run) -> int | None:
    """Choose the middle of the first widest stretch without a key, without its holds; None if all are keys or holds."""
    drawings = [frame for frame in run.frames if frame.status in ("painted", "key")]
    keys = [place for place, frame in enumerate(drawings) if frame.status == "key"]
    left, right = max(pairwise(keys), key=lambda gap: gap[1] - gap[0])
    return drawings[(left + right) // 2].number if right - left > 1 else None


def average(clips: Mapping[str, Any]) -> dict[str, Any]:
    """Compute means over the clips: `shot` at the start; `shot` and `lead` of each way in each round that all have."""
    rows = [clips[name]["rounds"] for name in clips]
    rounds = []
    for figures in zip(*rows, strict=False):
        rounds.append(
            {
                way: {name: _mean([clip[way].get(name) for clip in figures]) for name in ("shot", "lead")}
                for way in ("advice", *OTHERS)
            }
        )
    return {"clips": list(clips), "start": _mean([clip["start"]["shot"] for clip in clips.values()]), "rounds": rounds}


def _describe(runs: Sequence[Run], start: Sequence[int]) -> dict[str, Any]:
    return {
        "keys": [[key for key in run.keys if key not in start] for run in runs],
        "shot": _mean([run.shot_accuracy(start) for run in runs]),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), 4) if known else None


if __name__ == "__main__":
    main()
