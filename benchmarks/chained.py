"""Paint a clip from some of its frames, as for a user, and score it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from clips import Clip
from numpy import bool_, int32, uint8
from numpy.typing import NDArray
from record import read_results

from framecolor import Outcome, Settings, Shot
from framecolor.evaluation.metrics import FrameScore, ShotScore, score_sequence
from framecolor.evaluation.metrics.regions import (
    RegionVotes,
    label_line_art,
    lay_over_color,
    pack_rgb,
    vote_regions,
)
from framecolor.evaluation.metrics.score import SMALL_REGION_PX, list_frames
from framecolor.lineart.lines import read_drawing
from framecolor.media import read_image
from framecolor.output.manifest import MANIFEST_NAME
from framecolor.pipeline import colorize as pipeline
from framecolor.pipeline import stream
from framecolor.propagation.smoothing import FramePosterior

# Levels. The truth of most clips is antialiased, so that up to 8 levels count as the same color; 0: exact colors only.
TOLERANCES = (8, 0)


@dataclass(frozen=True, eq=False)
class Painting:
    """A painted clip.

    out         folder of the frames
    record      content of framecolor.json
    posteriors  of each drawing that this run painted, by frame number
    """

    clip: Clip
    keys: tuple[int, ...]
    shot: Shot
    out: Path
    outcome: Outcome
    record: Mapping[str, Any]
    posteriors: Mapping[int, FramePosterior]


def paint_clip(clip: Clip, root: Path, out: Path, keys: Sequence[int], settings: Settings) -> Painting:
    """Write a clip with these frames as keys into the new folder `root`, and paint it into `out`."""
    return paint_shot(clip, Shot.open(clip.write_shot(root, keys)), out, keys, settings)


def paint_shot(clip: Clip, shot: Shot, out: Path, keys: Sequence[int], settings: Settings) -> Painting:
    """Paint a shot of a clip's drawings with these frames as keys into `out`."""
    with collect_posteriors() as posteriors:
        outcome = pipeline.colorize(shot, out, settings)
    if outcome.failed:
        raise SystemExit(f"{clip.name}: frames failed: {outcome.failed}")
    return Painting(clip, tuple(keys), shot, out, outcome, read_results(out / MANIFEST_NAME), posteriors)


@contextmanager
def collect_posteriors() -> Iterator[dict[int, FramePosterior]]:
    """Collect the pipeline's posteriors by frame number, for the time of this context."""
    posteriors: dict[int, FramePosterior] = {}
    believe = stream.believe

    def keep(*arguments: Any) -> Iterator[FramePosterior]:
        for item in believe(*arguments):
            posteriors[item.number] = item
            yield item

    with patch.object(stream, "believe", keep):
        yield posteriors


def describe_fit(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the steps of the fit and its accuracy on its own keys; None if nothing was fitted."""
    return record["fit"] and {name: record["fit"][name] for name in ("steps", "key_accuracy")}


def score(clip: Clip, painted: Path, keys: Sequence[int], tolerance: int) -> dict[str, Any]:
    """Compute the mean scores of the painted frames without keys; regions come from the drawings."""
    return round_scores(score_frames(clip, painted, keys, tolerance).mean)


def score_frames(clip: Clip, painted: Path, keys: Sequence[int], tolerance: int) -> ShotScore:
    """Score the painted frames without keys; regions come from the drawings."""
    frames = list_frames(painted)

    def read(files: Mapping[int, Path]) -> Callable[[int], NDArray[uint8]]:
        return lambda number: read_image(files[number])

    return score_sequence(clip.line, read(frames), read(clip.truth), read(clip.line), tolerance=tolerance, skip=keys)


def round_scores(scores: FrameScore) -> dict[str, Any]:
    """Round scores for result files."""
    return {name: None if value is None else round(value, 5) for name, value in asdict(scores).items()}


def compare_regions(clip: Clip, number: int, painted: Path) -> tuple[NDArray[int32], RegionVotes, NDArray[bool_]]:
    """Find the regions of a drawing, compare their paint with the truth, and mark those that `acc_thres` counts."""
    line = read_image(clip.line[number])
    labels = label_line_art(line, read_drawing(number, line).ink)
    true, ours = (pack_rgb(lay_over_color(read_image(path))) for path in (clip.truth[number], painted))
    votes = vote_regions(labels, true, ours, TOLERANCES[0])
    return labels, votes, votes.area > SMALL_REGION_PX


def run_scorer(scorer: Path, painted: Path, clip: Clip, keys: Sequence[int]) -> dict[str, float]:
    """Run an independent scorer, PRED TRUTH --line DIR --tol 8 --skip ... --json, and return the "mean" it prints."""
    truth, line = (next(iter(files.values())).parent for files in (clip.truth, clip.line))
    command = [sys.executable, scorer, painted, truth, "--line", line, "--tol", "8", "--json", "--skip", *keys]
    done = subprocess.run([str(part) for part in command], capture_output=True, encoding="utf-8", check=True)
    return {name: round(value, 5) for name, value in json.loads(done.stdout)["mean"].items()}
