"""Measure the accuracy of painted regions on clips of known truth, with a key every N drawings.

    python benchmarks/accuracy.py --clips DIR [--clip NAME ...] [--one-key] [--fit-auto]

Chained: painted from the keys alone, as for a user. Teacher-forced: each drawing is painted from the true colors of the
one before it, as in the literature. Results of clips and of protocols (`EXTRAS`) that are not measured are kept in the
result file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from chained import TOLERANCES, Painting, describe_fit, paint_clip, run_scorer, score
from clips import Clip, find_clips
from confidence import Judged, Unlisted, count_unlisted, judge, summarize_confidence
from record import RESULTS, read_results, write_results
from sheets import write_sheet
from variants import VARIANTS, painting_as

from framecolor import Settings, colorize
from framecolor.bench.machine import describe_run
from framecolor.cli.options import setting_option
from framecolor.evaluation.metrics.score import list_frames
from framecolor.evaluation.teacher_forced import paint_teacher_forced
from framecolor.lineart.lines import read_drawing
from framecolor.media import read_image, write_image

HAND_DRAWN = ("vpet_dance", "vpet_desk", "dwanko_run")
# Measured only if an option asks for it, with a commit of its own; earlier results are kept.
EXTRAS = ("one_key", "fit_auto", "ablation", "independent")
PROTOCOLS = ("chained", "teacher_forced", "one_key", "fit_auto")
# Beside the results: the confidence of every region, so that clips of several runs can be evaluated together.
CONFIDENCE_FILE = "confidence.json"


@dataclass(frozen=True)
class Wanted:
    """What to measure besides the two protocols; see the options of the same names."""

    one_key: bool = False
    fit_auto: bool = False
    ablation: bool = False
    scorer: Path | None = None
    sheets: Path | None = None


@click.command()
@click.option("--clips", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--clip", "names", multiple=True, help="Only this clip; can be given several times.")
@click.option("--keys-every", type=click.IntRange(1), default=8, show_default=True)
@setting_option("fit", default="off", show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--one-key", is_flag=True, help="Also paint with a key at the first frame only.")
@click.option("--fit-auto", is_flag=True, help="Also paint with --fit auto.")
@click.option("--ablation", is_flag=True, help="Also paint with voters disabled or replaced, in turn.")
@click.option("--scorer", type=click.Path(path_type=Path, exists=True), help="An independent scorer to compare with.")
@click.option("--sheets", type=click.Path(path_type=Path), help="Folder for contact sheets.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "accuracy.json", show_default=True)
def main(
    folder: Path, names: tuple[str, ...], keys_every: int, fit: Any, seed: int, output: Path, **wanted: Any
) -> None:
    """Measure the clips in a folder, each with line/, color/ and optionally flat/."""
    settings = Settings(fit=fit, seed=seed)
    for clip in find_clips(folder, names):
        with tempfile.TemporaryDirectory() as work:
            row, judged = measure_clip(clip, Path(work), settings, keys_every, Wanted(**wanted))
        keep_results(output, clip.name, row, judged)
        figures = [f"{p} {row[p]['tolerance_8']['acc_thres']:.4f}" for p in PROTOCOLS if p in row]
        click.echo(f"{clip.name}: acc_thres {', '.join(figures)}")


def keep_results(output: Path, name: str, row: Mapping[str, Any], judged: Judged) -> None:
    """Write a clip's row and the confidence of its regions into the result files, and update the means."""
    sure = output.with_name(CONFIDENCE_FILE)
    regions = {**read_results(sure).get("clips", {}), name: judged.pack()}
    write_results(sure, {"format": 1, "clips": dict(sorted(regions.items()))})
    clips = read_results(output).get("clips", {})
    kept = {extra: clips[name][extra] for extra in EXTRAS if extra in clips.get(name, {})}
    clips = dict(sorted({**clips, name: {**kept, **row}}.items()))
    write_results(output, {"format": 1, "mean": average(clips, regions), "clips": clips})


def measure_clip(
    clip: Clip, work: Path, settings: Settings, keys_every: int, wanted: Wanted
) -> tuple[dict[str, Any], Judged]:
    """Paint a clip in the folder `work` by all wanted protocols, and score it."""
    run = describe_run()
    keys = clip.keys(keys_every)
    painting = paint_clip(clip, work / clip.name, work / "chained", keys, settings)
    judged = judge(painting)
    forced = work / "forced"
    for number, rgba in paint_teacher_forced(
        painting.shot, lambda n: read_image(clip.truth[n]), settings, painting.out
    ):
        write_image(forced / painting.shot.output_name(number), rgba)
    folders = {"chained": painting.out, "teacher_forced": forced}
    row: dict[str, Any] = {
        **run,
        **describe_painting(painting, settings, keys_every),
        "off_palette_px": count_off_palette(painting),
        **{protocol: score_both(clip, folder, keys) for protocol, folder in folders.items()},
        "confidence": summarize_confidence(judged),
        "doubts": asdict(count_unlisted(painting)),
    }
    row["line_change"] = row["chained"]["tolerance_8"]["line_change"]
    if wanted.scorer is not None:
        scorer = wanted.scorer
        row["independent"] = {**run, **{p: run_scorer(scorer, folder, clip, keys) for p, folder in folders.items()}}
    if wanted.sheets is not None:
        write_sheets(wanted.sheets, clip, folders, [n for n in clip.line if n not in keys])
    if wanted.one_key:
        row["one_key"] = {**run, **measure_extra(clip, work / "one_key", settings, len(clip.line))}
    if wanted.fit_auto:
        tuned = settings.updated({"fit": "auto"})
        row["fit_auto"] = {**run, **measure_extra(clip, work / "fit_auto", tuned, keys_every)}
    if wanted.ablation:
        row["ablation"] = {**run, "variants": ablate(painting, work / "ablation", settings)}
    return row, judged


def measure_extra(clip: Clip, work: Path, settings: Settings, keys_every: int) -> dict[str, Any]:
    """Paint a clip from the keys alone with other settings or keys, and score it."""
    keys = clip.keys(keys_every)
    painting = paint_clip(clip, work / clip.name, work / "color", keys, settings)
    return {
        **describe_painting(painting, settings, keys_every),
        **score_both(clip, painting.out, keys),
        "confidence": summarize_confidence(judge(painting)),
    }


def describe_painting(painting: Painting, settings: Settings, keys_every: int) -> dict[str, Any]:
    """Describe what was painted, and with which settings."""
    shot, record, outcome = painting.shot, painting.record, painting.outcome
    return {
        "settings": {"keys_every": keys_every, "fit": settings.fit, "seed": settings.seed, "engine": record["engine"]},
        "frames": len(shot.numbers),
        "keys": list(painting.keys),
        "size": [shot.size[1], shot.size[0]],
        "colors": len(record["palette"]),
        "fit": describe_fit(record),
        "paint_seconds": round(outcome.seconds - outcome.fit_seconds, 2),
    }


def score_both(clip: Clip, folder: Path, keys: Sequence[int]) -> dict[str, Any]:
    """Compute the mean scores at both tolerances."""
    return {f"tolerance_{tolerance}": score(clip, folder, keys, tolerance) for tolerance in TOLERANCES}


def count_off_palette(painting: Painting) -> int:
    """Count the pixels without ink, in all frames but keys, whose color is not in the palette. It should be 0.

    A key frame is the key, with what its painter left antialiased.
    """
    shot = painting.shot
    codes = np.array(painting.record["palette"], np.uint8).view(np.uint32).ravel()
    off = 0
    for number in set(shot.numbers).difference(painting.keys):
        free = read_drawing(number, shot.read_line(number)).ink[..., 3] == 0
        paint = np.ascontiguousarray(read_image(painting.out / shot.output_name(number))).view(np.uint32)[..., 0]
        off += int((~np.isin(paint[free], codes)).sum())
    return off


def ablate(painting: Painting, work: Path, settings: Settings) -> dict[str, Any]:
    """Paint the clip in each of the VARIANTS, and return its chained scores."""
    scores = {}
    for place, (name, variant) in enumerate(VARIANTS.items()):
        out = work / str(place)
        with painting_as(variant):
            colorize(painting.shot, out, settings)
        scored = score(painting.clip, out, painting.keys, 8)
        scores[name] = {key: scored[key] for key in ("acc", "acc_thres", "pix_f_acc")}
    return scores


def write_sheets(folder: Path, clip: Clip, scored: Mapping[str, Path], numbers: list[int]) -> None:
    """Write a contact sheet for each protocol."""
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


def average(clips: Mapping[str, Any], regions: Mapping[str, Any]) -> dict[str, Any]:
    """Compute means over the hand-drawn clips and over all clips, by protocol and tolerance.

    If only some clips were measured by a protocol, its mean names them. Confidence is computed over all regions of all
    clips together.
    """
    groups = {"hand_drawn": [name for name in HAND_DRAWN if name in clips], "all": sorted(clips)}
    means = {}
    for group, names in groups.items():
        rows = {name: clips[name] for name in names}
        if names:
            means[group] = {"clips": names, **_average_scores(rows), "confidence": _average_confidence(rows, regions)}
            if doubts := [Unlisted(**row["doubts"]) for row in rows.values() if "doubts" in row]:
                means[group]["doubts"] = asdict(Unlisted.join(doubts))
    return means


def _average_scores(rows: Mapping[str, Any]) -> dict[str, Any]:
    means: dict[str, Any] = {}
    for protocol in PROTOCOLS:
        measured = [name for name, row in rows.items() if protocol in row]
        for tolerance in (f"tolerance_{t}" for t in TOLERANCES):
            if measured:
                mean = means.setdefault(protocol, {} if len(measured) == len(rows) else {"clips": measured})
                mean[tolerance] = _mean_of([rows[name][protocol][tolerance] for name in measured])
    return means


def _average_confidence(rows: Mapping[str, Any], regions: Mapping[str, Any]) -> dict[str, Any]:
    together = [Judged.unpack(regions[name]) for name in rows if name in regions]
    return {"together": summarize_confidence(Judged.join(together))} if together else {}


def _mean_of(tables: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Compute the mean of each value over the tables that have it."""
    known = {name: [t[name] for t in tables if t[name] is not None] for name in tables[0]}
    return {name: round(float(np.mean(values)), 5) if values else None for name, values in known.items()}


if __name__ == "__main__":
    main()
