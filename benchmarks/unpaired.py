"""Train CycleGAN on two folders without pairs, run style transfer, and show what each does best, and its limits.

    python benchmarks/unpaired.py --data DATA [--minutes 25] [--runs RUNS] [--picture benchmarks/pictures/unpaired.png]

DATA is a folder that `framecolor dataset build` wrote. From one of its sources, 100 sketches of some figures and 100
color pictures of others are drawn. CycleGAN trains on them for so many minutes of processor time on one core; a stopped
training continues, and more minutes than before train it further. Held-out figures, two drawings of each, are painted
by CycleGAN, by style transfer from one picture of the folder, and by framecolor, which gets the first drawing's paint
as the key of the second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import torch
from recipe_sheet import cell, draw_bare, lay_lines, write_rows
from recipes import paint_with
from record import RESULTS, read_results, write_results
from scoring import Painted
from subjects import Rgb, Subject, opaque
from systems import train_for
from unpaired_folders import read_twice, write_folders
from unpaired_scores import Pair, mean_histogram, score_pairs

from framecolor import Settings, color_frames
from framecolor.bench.machine import describe_run
from framecolor.colorists.open import open_colorist
from framecolor.core.compositing import lay_over_color
from framecolor.lineart.region_colors import region_colors
from framecolor.media import read_image
from framecolor.networks import systems
from framecolor.networks.perception import load_perception
from framecolor.render.flat import paint_flat
from framecolor.training.baselines.cyclegan.recipe import CycleGanRecipe
from framecolor.training.baselines.style.network import StyleLoss, transfer_style
from framecolor.training.dataset import Dataset
from framecolor.training.system_recipe import to_picture

_COUNT = 100
# Columns of the picture.
_SHOWN = 5
# Side of the drawn texture, and of a picture that gets its style.
_STROKES_PX, _TEXTURE_PX = 384, 192
_TEXTURE_STEPS, _TEXTURE_WEIGHT = 150, 12.0
_PAINTS = ((196, 92, 60), (232, 170, 84), (60, 90, 140), (240, 214, 160), (120, 60, 80), (70, 130, 120))

CYCLEGAN, STYLE, OURS = "CycleGAN", "style transfer", "framecolor"
BARE, TRUTH = "drawing, unpainted", "truth"


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--source", default="glitch", show_default=True, help="Source of DATA whose figures are drawn.")
@click.option("--runs", type=click.Path(path_type=Path), default=Path("runs/unpaired"), show_default=True)
@click.option("--minutes", type=click.FloatRange(0, min_open=True), default=25.0, show_default=True)
@click.option("--size", "size_px", type=click.IntRange(32), default=96, show_default=True, help="Picture side, px.")
@click.option("--width", type=click.IntRange(4), default=16, show_default=True, help="Filters; the authors use 64.")
@click.option("--blocks", type=click.IntRange(1), default=9, show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "unpaired.json", show_default=True)
@click.option("--picture", type=click.Path(path_type=Path), help="PNG of what each does best, and of its limits.")
def main(
    data: Path, source: str, runs: Path, minutes: float, size_px: int, width: int, blocks: int, output: Path,
    picture: Path | None,
) -> None:  # fmt: skip
    """Train CycleGAN, paint the held-out figures, and write the numbers of the table."""
    dataset = Dataset(data)
    sketches, colors = write_folders(dataset, source, _COUNT, runs / "folders")
    sizes = {"size_px": size_px, "width": width, "blocks": blocks}
    system = systems.SYSTEMS["cyclegan"]
    recipe = CycleGanRecipe(sketches, 0, colors=colors, batch=1, **sizes)
    train_for(recipe, system.rate, runs, 60 * minutes, click.echo, system.cooldown)
    given = [lay_over_color(read_image(path)) for path in sorted(colors.glob("*.png"))]
    pairs = [(replace(a, reference=given[0]), replace(b, reference=given[0])) for a, b in read_twice(dataset, source)]
    painted = paint_all(pairs, runs / "cyclegan.safetensors")
    folder = mean_histogram(given)
    rows = {name: score_pairs(pairs, own, folder) for name, own in painted.items()}
    for name, row in rows.items():
        click.echo(f"{name}: {row}")
    texture = draw_texture()
    contents = [lay_lines(pair[1].truth, pair[1]) for pair in pairs[:2]]
    styled = [transfer_texture(content, texture) for content in contents]
    steps = read_results(runs / "budget.json")["steps"]
    results: dict[str, Any] = {"source": source, "license": find_license(dataset, source), **sizes, "minutes": minutes}
    results |= {"steps": steps, "figures": len(pairs), "rows": rows, "texture": [numbers for _, numbers in styled]}
    write_results(output, {"format": 1, **results, **describe_run()})
    if picture is not None:
        best = [texture, *(p for content, (made, _) in zip(contents, styled, strict=True) for p in (content, made))]
        write_rows(picture, list_rows(pairs, painted, given, results, [cell(one) for one in best]))


def paint_all(pairs: Sequence[Pair], weights: Path) -> dict[str, list[tuple[Painted, Painted]]]:
    """Paint both drawings of all pairs by each system; framecolor paints the second one, and the first is its key."""
    cyclegan, style = open_colorist(weights), open_colorist(Path("style"))

    def paint_both(paint: Callable[[Subject], Painted]) -> list[tuple[Painted, Painted]]:
        return [(paint(a), paint(b)) for a, b in pairs]

    return {
        BARE: paint_both(lambda subject: _show(subject, np.full_like(subject.truth, 255))),
        CYCLEGAN: paint_both(lambda subject: paint_with(cyclegan, subject, "nothing")),
        STYLE: paint_both(lambda subject: paint_with(style, subject, "reference")),
        OURS: [(paint_true(a), paint_by_key(a, b)) for a, b in pairs],
        TRUTH: paint_both(paint_true),
    }


def paint_by_key(first: Subject, second: Subject) -> Painted:
    """Paint the second drawing with framecolor; its only key is the first one in its true paint."""
    begin = time.perf_counter()
    lines = [opaque(draw_bare(subject)) for subject in (first, second)]
    frames = list(color_frames(lines, {0: opaque(lay_lines(first.truth, first))}, settings=Settings()))
    seconds = time.perf_counter() - begin
    rgb = lay_over_color(frames[1].rgba)
    return rgb, rgb, region_colors(opaque(rgb), second.frame, second.regions).color, seconds


def paint_true(subject: Subject) -> Painted:
    """Return the truth, as if a system had painted it."""
    return _show(subject, subject.truth)


def _show(subject: Subject, rgb: Rgb) -> Painted:
    colors = region_colors(opaque(rgb), subject.frame, subject.regions).color
    flat = lay_lines(lay_over_color(paint_flat(subject.regions, colors)), subject)
    return lay_lines(rgb, subject), flat, colors, 0.0


def draw_texture() -> Rgb:
    """Draw short brush strokes of a few paints that follow a slowly turning direction."""
    rng = np.random.default_rng(0)
    side, size = _STROKES_PX, (_STROKES_PX, _STROKES_PX)
    height = cv2.resize(rng.normal(0, 1, (6, 6)).astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    turn = cv2.resize(rng.uniform(0, np.pi, (4, 4)).astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    canvas = np.full((side, side, 3), 240, np.uint8)
    for x, y in rng.integers(0, side, (side * side // 24, 2)):
        paint = _PAINTS[int(np.clip(1.5 * (height[y, x] + 2) + rng.normal(0, 0.4), 0, len(_PAINTS) - 1))]
        color = np.clip(np.array(paint) + rng.normal(0, 14, 3), 0, 255)
        half = side / 36 * np.array([np.cos(turn[y, x]), np.sin(turn[y, x])])
        ends = [tuple(int(v) for v in np.array([x, y]) + way * half) for way in (-1, 1)]
        cv2.line(canvas, ends[0], ends[1], tuple(float(c) for c in color), side // 80, cv2.LINE_AA)
    return canvas


def transfer_texture(content: Rgb, texture: Rgb) -> tuple[Rgb, dict[str, float]]:
    """Give a painted picture the look of a texture; also return the distances from the texture's style and the seconds.

    style_before, style_after  distance from the style (`StyleLoss`): 0 if equal, 1 for a blank
    """
    begin = time.perf_counter()
    planes = [_scale(rgb) for rgb in (content, texture)]
    loss = StyleLoss(load_perception(), planes[0], planes[1], _TEXTURE_WEIGHT)
    made = transfer_style(loss, planes[0], _TEXTURE_STEPS)
    seconds = time.perf_counter() - begin
    with torch.no_grad():
        before, after = (float(loss.compare(picture)[1]) for picture in (planes[0], made))
    numbers = {"style_before": round(before, 4), "style_after": round(after, 4), "seconds": round(seconds, 2)}
    return to_picture(made[0]), numbers


def _scale(rgb: Rgb) -> torch.Tensor:
    small = cv2.resize(rgb, (_TEXTURE_PX, _TEXTURE_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    return torch.from_numpy(np.ascontiguousarray(small.transpose(2, 0, 1)) / np.float32(127.5) - 1)[None]


def list_rows(
    pairs: Sequence[Pair], painted: dict[str, list[tuple[Painted, Painted]]], given: Sequence[Rgb],
    results: dict[str, Any], best_of_style: list[Rgb],
) -> dict[str, list[Rgb]]:  # fmt: skip
    """List the picture's rows: titles, lines divided by " | ", and cells."""
    places = np.linspace(0, len(pairs) - 1, min(_SHOWN, len(pairs))).round().astype(int)

    def show(name: str, side: int) -> list[Rgb]:
        return [cell(painted[name][place][side][0]) for place in places]

    def count_right(name: str) -> str:
        return f"{100 * rows[name]['acc']:.0f}% of regions right"

    rows, styles = results["rows"], results["texture"]
    gan, style, ours = rows[CYCLEGAN], rows[STYLE], rows[OURS]
    before, after = (float(np.mean([numbers[key] for numbers in styles])) for key in ("style_before", "style_after"))
    return {
        "given: a folder of paintings | of other figures": [cell(given[i]) for i in range(1, 2 * _SHOWN, 2)],
        "drawings": [cell(draw_bare(pairs[place][0])) for place in places],
        f"CycleGAN, best: | the colors of the folder | apart {rows[BARE]['looks']:.2f}, now {gan['looks']:.2f}":
            show(CYCLEGAN, 0),
        f"CycleGAN, limits: a second drawing | {count_right(CYCLEGAN)} | CIEDE2000 off the palette "
        f"{gan['off_palette']:.0f} | within a region {gan['in_region']:.0f} | to the first {gan['two_drawings']:.1f}":
            show(CYCLEGAN, 1),
        f"Style transfer, best: | a texture on a painting | distance of style {before:.2f}, now {after:.2f}":
            best_of_style,
        f"Style transfer, limits: | a painting as reference | {count_right(STYLE)} | CIEDE2000 off the palette "
        f"{style['off_palette']:.0f} | within a region {style['in_region']:.0f} | to the first "
        f"{style['two_drawings']:.1f}": show(STYLE, 1),
        f"framecolor, the first drawing as key | {count_right(OURS)} | CIEDE2000 off the palette "
        f"{ours['off_palette']:.0f} | within a region {ours['in_region']:.0f} | to the first "
        f"{ours['two_drawings']:.1f}": show(OURS, 1),
        "truth": show(TRUTH, 1),
    }  # fmt: skip


def find_license(data: Dataset, source: str) -> str:
    """Find the license of a source's figures, which the picture shows."""
    return next(row["license"] for row in data.table["sources"] if row["name"] == source)


if __name__ == "__main__":
    main()
