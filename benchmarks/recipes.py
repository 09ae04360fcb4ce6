"""All systems of the literature, trained with one budget on the same data, and scored on art that none of them saw.

    python benchmarks/recipes.py --data DATA --clips DIR [--minutes 5] [--runs RUNS] [--only SYSTEM ...]

DATA is a folder of `framecolor dataset build`. Each system gets the same processor time on one core; a training that
was stopped goes on where it was. Then every one paints held-out drawings, told strokes, a reference or nothing, and
frames of the clips, told no more than the first frame. framecolor itself stands beside them, with that frame as its
only key. Results go to results/recipes.json and pictures/recipes.png, row by row: with --only, others keep theirs.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import torch
from clips import Clip, find_clips
from numpy.typing import NDArray
from record import RESULTS, read_results, write_results
from subjects import Rgb, Subject, read_clip, read_held_out
from systems import SYSTEMS, count_steps, open_system, run_folder, train_system

from framecolor.bench.machine import describe_machine, describe_run
from framecolor.colorists.base import Colorist, Knobs
from framecolor.colorists.flats import vote_flats
from framecolor.media import read_image, write_image
from framecolor.metrics import mean_ciede2000, ssim
from framecolor.metrics.frechet import frechet_distance
from framecolor.metrics.regions import compose_over_white
from framecolor.networks.checkpoint import load_colorist, perception_weights_path
from framecolor.paint.composite import lay_over
from framecolor.paint.flat import paint_flat
from framecolor.pipeline import colorize
from framecolor.settings import Settings
from framecolor.shot import Shot

OURS = "framecolor, first frame as key"
_EMBED_PX = 128
# Held-out art is drawn at this size, its lines at twice that.
_HELD_OUT_PX = 256
_SHOWN_CLIPS = ("vpet_dance", "lottie_walker")
_CELL_PX = 200
Painted = tuple[Rgb, Rgb, NDArray[np.uint8], float]
"""Soft color with lines, flat paint with lines, color of each region, seconds."""


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--clips", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs/recipes"), show_default=True)
@click.option("--minutes", type=click.FloatRange(0, min_open=True), default=5.0, show_default=True)
@click.option("--only", multiple=True, type=click.Choice([*SYSTEMS, OURS]), help="Only this one; again for more.")
@click.option("--train-only", is_flag=True, help="Score nothing.")
@click.option("--held-out", "held_out_count", type=click.IntRange(2), default=48, show_default=True)
@click.option("--frames", type=click.IntRange(1), default=5, show_default=True, help="Of each clip.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "recipes.json", show_default=True)
@click.option("--sheet", type=click.Path(path_type=Path), help="PNG of what each row painted.")
def main(
    data: Path, clips: Path, runs: Path, minutes: float, only: tuple[str, ...], train_only: bool,
    held_out_count: int, frames: int, output: Path, sheet: Path | None,
) -> None:  # fmt: skip
    """Train what is not trained yet, score everything, and write the table's numbers."""
    names = [name for name in (*SYSTEMS, OURS) if not only or name in only]
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
        for told, paint in _rows(name, runs, found):
            row: dict[str, Any] = {"system": name, "told": told, **describe_run(), "machine": describe_machine()}
            if name in SYSTEMS:
                row |= {"minutes": minutes if SYSTEMS[name].recipe else None, "steps": count_steps(name, runs)}
            title = f"{name} | {told}"
            if name != OURS:
                row["held_out"], pictures[title] = score(held_out, paint)
            of_each = {clip: score(subjects, paint) for clip, subjects in of_clips.items()}
            row["clips"] = {clip: scores for clip, (scores, _) in of_each.items()}
            shown = [of_each[clip][1][-1] for clip in _SHOWN_CLIPS if clip in of_each]
            pictures[title] = [*pictures.get(title, [_blank()] * 4)[:4], *shown]
            keep_row(output, row)
            click.echo(f"{title}: {row.get('held_out', {}).get('acc', '')} {_mean_acc(row['clips'])}")
    if sheet is not None:
        shown = [*_spread(held_out), *(of_clips[clip][-1] for clip in _SHOWN_CLIPS if clip in of_clips)]
        lines, truth = [_cell(_line(subject)) for subject in shown], [_cell(subject.truth) for subject in shown]
        write_rows(sheet, {"drawing": lines, **pictures, "truth": truth})


def _rows(name: str, runs: Path, clips: Iterable[Clip]) -> Iterable[tuple[str, Callable[[Subject], Painted]]]:
    """What a system is told, and how it then paints."""
    if name == OURS:
        with tempfile.TemporaryDirectory() as work:
            outs = {clip.name: paint_from_first(clip, Path(work)) for clip in clips}
            yield "one key", lambda subject: read_ours(subject, outs)
        return
    colorist = open_system(name, runs)
    for told in SYSTEMS[name].told:
        yield told, lambda subject, told=told: paint_with(colorist, subject, told, SYSTEMS[name].knobs)


def paint_with(colorist: Colorist, subject: Subject, told: str, knobs: Knobs) -> Painted:
    """One drawing by one colorist."""
    begin = time.perf_counter()
    rgb = colorist.paint(subject.frame, subject.regions, subject.guide(told), knobs)
    colors = vote_flats(rgb, subject.regions, subject.palette)
    seconds = time.perf_counter() - begin
    height, width = subject.regions.size
    soft = np.rint(255 * cv2.resize(rgb, (width, height), interpolation=cv2.INTER_LINEAR)).clip(0, 255).astype(np.uint8)
    flat = compose_over_white(paint_flat(subject.regions, colors))
    return _with_lines(soft, subject), _with_lines(flat, subject), colors, seconds


def paint_from_first(clip: Clip, work: Path) -> tuple[Path, Shot, float]:
    """framecolor's own frames of a clip, with the first as the only key, and seconds a frame, the fit included."""
    root = clip.write_shot(work / clip.name, clip.keys(10**6))
    shot = Shot.open(root)
    outcome = colorize(shot, settings=Settings())
    return outcome.out, shot, outcome.seconds / len(shot.numbers)


def read_ours(subject: Subject, outs: Mapping[str, tuple[Path, Shot, float]]) -> Painted:
    """A frame that framecolor painted."""
    from framecolor.hints.keys import region_colors

    clip, _, number = subject.name.rpartition(" ")
    out, shot, seconds = outs[clip]
    rgba = read_image(out / shot.output_name(int(number)))
    rgb = compose_over_white(rgba)
    opaque = np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
    return rgb, rgb, region_colors(opaque, subject.frame, subject.regions).color, seconds


def score(subjects: list[Subject], paint: Callable[[Subject], Painted]) -> tuple[dict[str, float], list[Rgb]]:
    """Means over drawings, and pictures of four of them, flat.

    acc: share of the figure's regions whose nearest palette color is the true one; ciede2000 and ssim of the soft color
    with lines; frechet: distance of all of these pictures from the true ones over our own features.
    """
    rows = []
    soft_pictures, true_pictures, flat_pictures = [], [], []
    for subject in subjects:
        soft, flat, colors, seconds = paint(subject)
        truth = _with_lines(subject.truth, subject)
        rows.append((_accuracy(subject, colors), mean_ciede2000(soft, truth), ssim(soft, truth), seconds))
        soft_pictures.append(soft)
        true_pictures.append(truth)
        flat_pictures.append(flat)
    acc, apart, alike, seconds = zip(*rows, strict=True)
    scores = {
        "drawings": len(subjects),
        "acc": round(float(np.nanmean(acc)), 4),
        "ciede2000": round(float(np.mean(apart)), 3),
        "ssim": round(float(np.mean(alike)), 4),
        "seconds": round(float(np.median(seconds)), 3),
    }
    if len(subjects) > 8:
        scores["frechet"] = round(frechet_distance(_embed(soft_pictures), _embed(true_pictures)), 4)
    return scores, [_cell(picture) for picture in _spread(flat_pictures)] if len(subjects) > 8 else [
        _cell(flat_pictures[-1])
    ]


def _accuracy(subject: Subject, colors: NDArray[np.uint8]) -> float:
    scored = subject.scored
    apart = np.abs(colors[:, :3].astype(int) - subject.colors).max(axis=1)
    return float((apart[scored] <= 8).mean()) if scored.any() else float("nan")


def _embed(pictures: list[Rgb]) -> NDArray[np.float32]:
    network = load_colorist(perception_weights_path())[0]
    planes = []
    for picture in pictures:
        side = max(picture.shape[:2])
        square = np.full((side, side, 3), 255, np.uint8)
        square[: picture.shape[0], : picture.shape[1]] = picture
        planes.append(cv2.resize(square, (_EMBED_PX, _EMBED_PX), interpolation=cv2.INTER_AREA))
    rgb = torch.from_numpy(np.stack(planes)).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.inference_mode():
        return np.concatenate([network.embed(part).numpy() for part in rgb.split(16)])  # pyright: ignore[reportCallIssue]


def keep_row(output: Path, row: Mapping[str, Any]) -> None:
    """Write a row in place of its older self, rows in the order of the systems."""
    key = (row["system"], row["told"])
    rows = [r for r in read_results(output).get("rows", []) if (r["system"], r["told"]) != key]
    order = [*SYSTEMS, OURS]
    rows = sorted([*rows, dict(row)], key=lambda r: order.index(r["system"]))
    write_results(output, {"format": 1, "rows": rows})


def write_rows(path: Path, rows: Mapping[str, list[Rgb]]) -> None:
    """A sheet with a row of pictures for each title."""
    most = max(len(cells) for cells in rows.values())
    strips = []
    for title, cells in rows.items():
        label = np.full((_CELL_PX, 300, 3), 255, np.uint8)
        for i, part in enumerate(title.split(" | ")):
            cv2.putText(
                label, part, (8, _CELL_PX // 2 + 24 * i), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (0, 0, 0), 1, cv2.LINE_AA
            )
        strips.append(np.hstack([label, *cells, *[_blank()] * (most - len(cells))]))
    sheet = np.vstack(strips)
    write_image(path, np.dstack([sheet, np.full(sheet.shape[:2], 255, np.uint8)]))


def _with_lines(rgb: Rgb, subject: Subject) -> Rgb:
    opaque = np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
    return compose_over_white(lay_over(subject.frame.ink, opaque))


def _line(subject: Subject) -> Rgb:
    return _with_lines(np.full_like(subject.truth, 255), subject)


def _spread(items: list[Any]) -> list[Any]:
    return [items[i] for i in np.linspace(0, len(items) - 1, 4).round().astype(int)]


def _blank() -> Rgb:
    return np.full((_CELL_PX, _CELL_PX, 3), 255, np.uint8)


def _cell(rgb: Rgb) -> Rgb:
    scale = (_CELL_PX - 8) / max(rgb.shape[:2])
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    cell = _blank()
    cell[4 : 4 + small.shape[0], 4 : 4 + small.shape[1]] = small
    return cell


def _mean_acc(clips: Mapping[str, Mapping[str, float]]) -> float:
    return round(float(np.mean([scores["acc"] for scores in clips.values()])), 4)


if __name__ == "__main__":
    main()
