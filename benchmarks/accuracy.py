"""How many regions come out right on clips whose truth is known, from keys every so many drawings.

    python benchmarks/accuracy.py --clips DIR [--clip NAME ...]

Chained: painted from the keys alone, as a user has it. Teacher-forced: each drawing from the true colors of the one
before it, as the literature scores. The result file keeps what it says of clips that are not measured this time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np
from clips import Clip, find_clips
from machine import describe_machine, describe_run
from numpy.typing import NDArray
from record import RESULTS, read_results, write_results
from sheets import write_sheet
from variants import VARIANTS, without

from framecolor.cli.options import FitType
from framecolor.lineart.drawing import read_drawing
from framecolor.media import read_image, write_image
from framecolor.metrics import score_sequence
from framecolor.metrics.score import list_frames
from framecolor.pipeline import colorize
from framecolor.protocols import paint_teacher_forced
from framecolor.record import RECORD_NAME
from framecolor.settings import Settings
from framecolor.shot import Shot

HAND_DRAWN = ("vpet_dance", "vpet_desk", "dwanko_run")
# The truth of most clips was painted with antialiasing: 8 levels are the same color. 0 counts exact colors only.
TOLERANCES = (8, 0)


@click.command()
@click.option("--clips", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--clip", "names", multiple=True, help="Only this one; may be given several times.")
@click.option("--keys-every", type=click.IntRange(1), default=8, show_default=True)
@click.option("--fit", type=FitType(), default="auto", show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--scorer", type=click.Path(path_type=Path, exists=True), help="An independent scorer to compare with.")
@click.option("--ablation", is_flag=True, help="Also paint with voters silenced, one variant after the other.")
@click.option("--sheets", type=click.Path(path_type=Path), help="Folder for contact sheets.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "accuracy.json", show_default=True)
def main(
    folder: Path,
    names: tuple[str, ...],
    keys_every: int,
    fit: Any,
    seed: int,
    scorer: Path | None,
    ablation: bool,
    sheets: Path | None,
    output: Path,
) -> None:
    """Measure the clips in a folder, each with line/, color/ and optionally flat/."""
    settings = Settings(fit=fit, seed=seed)
    for clip in find_clips(folder, names):
        with tempfile.TemporaryDirectory() as work:
            row = measure_clip(clip, Path(work), settings, keys_every, scorer, ablation, sheets)
        results = read_results(output)
        clips = {**results.get("clips", {}), clip.name: row}
        write_results(output, {"format": 1, "mean": average(clips), "clips": dict(sorted(clips.items()))})
        chained, forced = (row[protocol]["tolerance_8"]["acc_thres"] for protocol in ("chained", "teacher_forced"))
        click.echo(f"{clip.name}: acc_thres chained {chained:.4f}, teacher-forced {forced:.4f}")


def measure_clip(
    clip: Clip,
    work: Path,
    settings: Settings,
    keys_every: int,
    scorer: Path | None = None,
    ablation: bool = False,
    sheets: Path | None = None,
) -> dict[str, Any]:
    """Paint one clip in the folder `work`, both ways, and score it."""
    run = describe_run()
    keys = clip.keys(keys_every)
    shot = Shot.open(clip.write_shot(work / clip.name, keys))
    out = work / "chained"
    outcome = colorize(shot, out, settings)
    if outcome.failed:
        raise SystemExit(f"{clip.name}: frames failed: {outcome.failed}")
    record = read_results(out / RECORD_NAME)
    forced = work / "forced"
    for number, rgba in paint_teacher_forced(shot, lambda n: read_image(clip.truth[n]), settings, out):
        write_image(forced / shot.output_name(number), rgba)
    row: dict[str, Any] = {
        **run,
        "machine": describe_machine(),
        "settings": {"keys_every": keys_every, "fit": settings.fit, "seed": settings.seed, "engine": record["engine"]},
        "frames": len(shot.numbers),
        "keys": keys,
        "size": [shot.size[1], shot.size[0]],
        "colors": len(record["palette"]),
        "fit": {name: record["fit"][name] for name in ("steps", "seconds", "key_accuracy")},
        "paint_seconds": round(outcome.seconds - outcome.fit_seconds, 2),
        "off_palette_px": count_off_palette(shot, out, record["palette"]),
    }
    scored = {"chained": out, "teacher_forced": forced}
    for protocol, folder in scored.items():
        row[protocol] = {f"tolerance_{t}": score(clip, folder, keys, t) for t in TOLERANCES}
    row["line_change"] = row["chained"]["tolerance_8"]["line_change"]
    if scorer is not None:
        row["independent"] = {p: run_scorer(scorer, folder, clip, keys) for p, folder in scored.items()}
    if sheets is not None:
        write_sheets(sheets, clip, scored, [n for n in clip.line if n not in keys])
    if ablation:
        row["ablation"] = ablate(clip, shot, out, settings, keys)
    return row


def score(clip: Clip, painted: Path, keys: list[int], tolerance: int) -> dict[str, Any]:
    """Mean scores of the painted frames that are no keys; regions come from the drawings."""
    frames = list_frames(painted)

    def read(files: Mapping[int, Path]) -> Callable[[int], NDArray[np.uint8]]:
        return lambda number: read_image(files[number])

    mean = score_sequence(
        clip.line, read(frames), read(clip.truth), read(clip.line), tolerance=tolerance, skip=keys
    ).mean
    return {name: None if value is None else round(value, 5) for name, value in asdict(mean).items()}


def count_off_palette(shot: Shot, painted: Path, palette: list[list[int]]) -> int:
    """Painted pixels of all frames that no ink touches and whose color is none of the palette's. Should be 0."""
    codes = np.array(palette, np.uint8).view(np.uint32).ravel()
    off = 0
    for number in shot.numbers:
        free = read_drawing(number, shot.read_line(number)).ink[..., 3] == 0
        paint = np.ascontiguousarray(read_image(painted / shot.output_name(number))).view(np.uint32)[..., 0]
        off += int((~np.isin(paint[free], codes)).sum())
    return off


def ablate(clip: Clip, shot: Shot, out: Path, settings: Settings, keys: list[int]) -> dict[str, Any]:
    """Chained scores of each variant, all with the same fit. The painted frames in `out` are lost."""
    scores = {}
    for name, silenced in VARIANTS.items():
        with without(*silenced):
            colorize(shot, out, settings.updated({"overwrite": True}))
        scores[name] = {k: v for k, v in score(clip, out, keys, 8).items() if k in ("acc", "acc_thres", "pix_f_acc")}
    return scores


def run_scorer(scorer: Path, painted: Path, clip: Clip, keys: list[int]) -> dict[str, float]:
    """What a scorer of its own says: PRED TRUTH --line DIR --tol 8 --skip ... --json, with a "mean" in its answer."""
    truth, line = (next(iter(files.values())).parent for files in (clip.truth, clip.line))
    command = [sys.executable, scorer, painted, truth, "--line", line, "--tol", "8", "--json", "--skip", *keys]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    return {name: round(value, 5) for name, value in json.loads(done.stdout)["mean"].items()}


def write_sheets(folder: Path, clip: Clip, scored: Mapping[str, Path], numbers: list[int]) -> None:
    for protocol, painted in scored.items():
        files = list_frames(painted)
        write_sheet(
            folder / f"{clip.name}.{protocol}.png",
            numbers,
            lambda n: read_image(clip.line[n]),
            lambda n, files=files: read_image(files[n]),
            lambda n: read_image(clip.truth[n]),
            tolerance=8,
        )


def average(clips: Mapping[str, Any]) -> dict[str, Any]:
    """Means over the clips, of the hand-drawn ones and of all that were measured, by protocol and tolerance."""
    groups = {"hand_drawn": [name for name in HAND_DRAWN if name in clips], "all": sorted(clips)}
    return {group: {"clips": names, **_mean([clips[n] for n in names])} for group, names in groups.items() if names}


def _mean(rows: list[dict[str, Any]]) -> dict[str, Any]:
    means: dict[str, Any] = {}
    for protocol in ("chained", "teacher_forced"):
        for tolerance in (f"tolerance_{t}" for t in TOLERANCES):
            tables = [row[protocol][tolerance] for row in rows]
            known = {name: [t[name] for t in tables if t[name] is not None] for name in tables[0]}
            values = {name: round(float(np.mean(v)), 5) if v else None for name, v in known.items()}
            means.setdefault(protocol, {})[tolerance] = values
    return means


if __name__ == "__main__":
    main()
