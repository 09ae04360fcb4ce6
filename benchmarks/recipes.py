"""Train all systems of the literature with the same budget on the same data, and score them on held-out art and clips.

    python benchmarks/recipes.py --data DATA --clips DIR [--minutes 5] [--runs RUNS] [--only SYSTEM ...] [--told ...]

DATA is a folder that `framecolor dataset build` wrote. Each system gets the same processor time on one core; a stopped
training continues. Then every system, those that ship included, paints held-out drawings and frames of the clips from
strokes, from a reference (of a clip: its first frame) or from nothing. framecolor is compared with that frame as its
only key. --only chooses systems, --told chooses conditions. Each row replaces its earlier version in
results/recipes.json; the other rows stay. --sheet writes the picture.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
from clips import Clip, find_clips
from recipe_sheet import cell, draw_bare, lay_lines, spread, write_rows
from record import RESULTS, read_results, write_results
from scoring import Painted, measure_obedience, score
from subjects import Rgb, Subject, opaque, read_clip, read_held_out
from systems import SYSTEMS, count_steps, open_system, run_folder, train_system

from framecolor import Settings, Shot, colorize
from framecolor.bench.machine import describe_run
from framecolor.colorists.base import Colorist, SamplingOptions
from framecolor.core.compositing import lay_over_color
from framecolor.lineart.region_colors import region_colors
from framecolor.media import read_image
from framecolor.render.flat import paint_flat

OURS = "framecolor, first frame as key"
CONDITIONS: Mapping[str, tuple[str, ...]] = {
    **{name: system.conditions for name, system in SYSTEMS.items()},
    OURS: ("one key",),
}
# Size of held-out art; its lines have twice this size.
_HELD_OUT_PX = 256


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--clips", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs/recipes"), show_default=True)
@click.option("--minutes", type=click.FloatRange(0, min_open=True), default=5.0, show_default=True)
@click.option("--only", multiple=True, type=click.Choice([*CONDITIONS]), help="Only these systems.")
@click.option(
    "--told", multiple=True, type=click.Choice(sorted({*chain(*CONDITIONS.values())})), help="Only these conditions."
)
@click.option("--train-only", is_flag=True, help="Train, but do not score.")
@click.option("--held-out", "held_out_count", type=click.IntRange(2), default=48, show_default=True)
@click.option("--frames", type=click.IntRange(1), default=5, show_default=True, help="Frames of each clip.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "recipes.json", show_default=True)
@click.option("--sheet", type=click.Path(path_type=Path), help="PNG for held-out art as each row paints it.")
def main(
    data: Path, clips: Path, runs: Path, minutes: float, only: tuple[str, ...], told: tuple[str, ...], train_only: bool,
    held_out_count: int, frames: int, output: Path, sheet: Path | None,
) -> None:  # fmt: skip
    """Train the systems that are not trained yet, score all of them, and write the numbers of the table."""
    chosen = [name for name in CONDITIONS if not only or name in only]
    names = [name for name in chosen if not told or {*told} & {*CONDITIONS[name]}]
    for name in names:
        if name in SYSTEMS and SYSTEMS[name].recipe:
            click.echo(f"training {name}")
            train_system(name, data, run_folder(name, runs), 60 * minutes, click.echo)
    if train_only:
        return
    held_out = list(read_held_out(data, held_out_count, _HELD_OUT_PX))
    found = find_clips(clips, ())
    of_clips = {clip.name: list(read_clip(clip, frames)) for clip in found}
    pictures: dict[str, list[Rgb]] = {}
    for name in names:
        for condition, paint in _rows(name, runs, found):
            if told and condition not in told:
                continue
            row: dict[str, Any] = {"system": name, "told": condition, **describe_run()}
            if name in SYSTEMS:
                row |= {"minutes": minutes if SYSTEMS[name].recipe else None, "steps": count_steps(name, runs)}
            title = f"{name} | {condition}"
            if name != OURS:
                row["held_out"], pictures[title] = score(held_out, paint)
                if condition == "reference":
                    row["held_out"]["obeys"] = measure_obedience(held_out, paint)
            row["clips"] = {clip: score(subjects, paint)[0] for clip, subjects in of_clips.items()}
            keep_row(output, row)
            click.echo(f"{title}: {row.get('held_out', {}).get('acc', '')} {_mean_acc(row['clips'])}")
    if sheet is not None:
        shown = spread(held_out)
        lines, truth = [cell(draw_bare(subject)) for subject in shown], [cell(subject.truth) for subject in shown]
        write_rows(sheet, {"drawing": lines, **pictures, "truth": truth})


def _rows(name: str, runs: Path, clips: Iterable[Clip]) -> Iterable[tuple[str, Callable[[Subject], Painted]]]:
    """Yield each condition of a system, with the function that paints under it."""
    if name == OURS:
        with tempfile.TemporaryDirectory() as work:
            outs = {clip.name: paint_from_first(clip, Path(work)) for clip in clips}
            yield "one key", lambda subject: read_ours(subject, outs)
        return
    colorist = open_system(name, runs)
    for condition in SYSTEMS[name].conditions:
        yield condition, lambda subject, of=condition: paint_with(colorist, subject, of)


def paint_with(colorist: Colorist, subject: Subject, condition: str) -> Painted:
    """Paint a drawing with a colorist under a condition."""
    begin = time.perf_counter()
    conditioning = subject.condition(condition)
    rgb = colorist.paint(subject.frame, subject.regions, conditioning, SamplingOptions())
    colors = subject.vote(rgb, conditioning.hint, subject.palette)
    seconds = time.perf_counter() - begin
    height, width = subject.regions.size
    soft = np.rint(255 * cv2.resize(rgb, (width, height), interpolation=cv2.INTER_LINEAR)).clip(0, 255).astype(np.uint8)
    flat = lay_over_color(paint_flat(subject.regions, colors))
    return lay_lines(soft, subject), lay_lines(flat, subject), colors, seconds


def paint_from_first(clip: Clip, work: Path) -> tuple[Path, Shot, float]:
    """Paint a clip with framecolor from its first frame as the only key: folder, shot and seconds per frame."""
    root = clip.write_shot(work / clip.name, clip.keys(10**6))
    shot = Shot.open(root)
    outcome = colorize(shot, settings=Settings())
    return outcome.out, shot, outcome.seconds / len(shot.numbers)


def read_ours(subject: Subject, outs: Mapping[str, tuple[Path, Shot, float]]) -> Painted:
    """Read a frame that framecolor painted."""
    clip, _, number = subject.name.rpartition(" ")
    out, shot, seconds = outs[clip]
    rgba = read_image(out / shot.output_name(int(number)))
    rgb = lay_over_color(rgba)
    return rgb, rgb, region_colors(opaque(rgb), subject.frame, subject.regions).color, seconds


def keep_row(output: Path, row: Mapping[str, Any]) -> None:
    """Write a row into the result file, in place of its earlier version and in the order of the systems."""
    key = (row["system"], row["told"])
    order = [*SYSTEMS, OURS]
    rows = [r for r in read_results(output).get("rows", []) if (r["system"], r["told"]) != key]
    rows = [r for r in rows if r["system"] in order]  # earlier results may have others
    rows = sorted([*rows, dict(row)], key=lambda r: order.index(r["system"]))
    write_results(output, {"format": 1, "rows": rows})


def _mean_acc(clips: Mapping[str, Mapping[str, float]]) -> float:
    return round(float(np.mean([scores["acc"] for scores in clips.values()])), 4)


if __name__ == "__main__":
    main()
