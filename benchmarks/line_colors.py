"""Measure the colors of lines on a clip whose lines are recolored for the test, as painters recolor them in keys.

    python benchmarks/line_colors.py CLIP [--rule priority|nearest|pair] [--key 0 ...] [--sheet lines.png]

CLIP holds line/ and color/ of one shot. Lines get a dark shade of a fill beside them, in exact values; those beside
every third fill keep the ink of color/. A few frames so painted are keys, and the lines of the others are compared.
Writes results/line_colors.json. Also measured: pixels of trace lines, which belong to the fill that color/ shows.

rule  priority: the shade of that fill within 4 pixels that comes first in the order of the palette, so that hair has
      its color wherever it touches skin; nearest: of the nearest fill, so that a line may have two colors along its
      middle; pair: one shade for each pair of fills
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
from clips import Clip
from numpy.typing import NDArray
from record import RESULTS, write_results

from framecolor import Settings, Shot, colorize
from framecolor.bench.machine import describe_run
from framecolor.core.compositing import lay_over, lay_over_color
from framecolor.core.types import Frame
from framecolor.evaluation.metrics.score import list_frames
from framecolor.lineart.line_sides import find_nearest
from framecolor.lineart.lines import read_drawing
from framecolor.media import read_image, write_image

Pixels = NDArray[np.uint8]
RULES = ("priority", "nearest", "pair")

_REACH_PX = 4
_SHADE = 0.45
_OPAQUE, _HALF = 250, 128
# A line pixel is right if it has the true color, within rounding; an antialiased one also shows the fills beside it.
_LEVELS, _SOFT_LEVELS, _SIDE_LEVELS = 0, 24, 8
_SHEET_WIDTH_PX = 420


@click.command()
@click.argument("clip", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--rule", "rules", type=click.Choice(RULES), multiple=True, default=RULES, show_default=True)
@click.option("--key", "keys", type=int, multiple=True, help="Number of a key; by default the first drawing.")
@click.option("--sheet", type=click.Path(path_type=Path), help="Write drawings, paint, truth and wrong pixels.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "line_colors.json")
def main(clip: Path, rules: tuple[str, ...], keys: tuple[int, ...], sheet: Path | None, output: Path) -> None:
    """Measure the line colors of a clip."""
    opened, rows = Clip.open(clip), {}
    for rule in rules:
        with tempfile.TemporaryDirectory() as work:
            rows[rule] = measure_rule(opened, rule, keys or tuple(opened.keys(len(opened.line))), Path(work), sheet)
        click.echo(f"{opened.name} {rule}: {rows[rule]}")
    write_results(output, {"format": 1, **describe_run(), "clip": opened.name, "rules": rows})


def measure_rule(clip: Clip, rule: str, keys: tuple[int, ...], work: Path, sheet: Path | None) -> dict[str, Any]:
    """Paint a clip with recolored lines from some of its frames as keys, and score the others."""
    truth: dict[int, Pixels] = {}
    shades = list_fills(read_image(clip.truth[keys[0]]))
    for number in clip.line:
        frame = read_drawing(number, read_image(clip.line[number]))
        truth[number] = recolor_lines(frame, read_image(clip.truth[number]), shades, rule)
    shot = clip.write_shot(work / "shot", ())
    for number in keys:
        write_image(shot / "keys" / clip.color[number].name, truth[number])
    begin = time.monotonic()
    outcome = colorize(Shot.open(shot), work / "out", Settings())
    seconds = time.monotonic() - begin
    painted = {n: read_image(path) for n, path in list_frames(work / "out").items()}
    if sheet is not None:
        draw_sheet(clip, painted, truth, sheet.with_name(f"{sheet.stem}_{rule}{sheet.suffix}"))
    scores = [score_frame(clip, n, painted[n], truth[n]) for n in clip.line if n not in keys]
    mean = {
        name: round(float(np.average([s[name][0] for s in scores], weights=[max(1, s[name][1]) for s in scores])), 4)
        for name in scores[0]
    }
    repeated = all(np.array_equal(lay_over_color(painted[n]), truth[n][..., :3]) for n in keys)
    return {**mean, "keys_to_the_bit": repeated, "seconds": round(seconds, 2), "warnings": list(outcome.warnings)}


def list_fills(painted: Pixels) -> list[tuple[int, int, int]]:
    """List the colors that fill at least 200 pixels of a painting, the most frequent, paper, left out."""
    colors, count = np.unique(painted.reshape(-1, 4)[:, :3], axis=0, return_counts=True)
    order = np.argsort(-count, kind="stable")
    return [tuple(colors[i].tolist()) for i in order[1:] if count[i] >= 200 and colors[i].max() >= 64]


def recolor_lines(frame: Frame, painted: Pixels, fills: list[tuple[int, int, int]], rule: str) -> Pixels:
    """Paint a frame with its lines in shades of the fills beside them, uint8 HxWx4, opaque."""
    alpha, rgb = frame.ink[..., 3], lay_over_color(painted)
    names = np.full(alpha.shape, len(fills), np.uint8)
    for name, color in enumerate(fills):
        names[(np.abs(rgb.astype(int) - color).max(axis=2) <= 8) & (alpha == 0) & ~frame.trace] = name
    line = (alpha > 0) | frame.trace
    free = (names < len(fills)) | ~line
    place = find_nearest(free)[1]
    under, nearest = rgb.copy(), names.copy()
    y, x = np.nonzero(free)
    under[~free], nearest[~free] = rgb[y, x][place[~free]], names[y, x][place[~free]]
    core = rgb[alpha >= _OPAQUE]
    colors, count = np.unique(core, axis=0, return_counts=True)
    own = colors[count.argmax()]
    shade = np.array([own if i % 3 == 2 else np.rint(np.array(c) * _SHADE) for i, c in enumerate(fills)] + [own])
    window = np.ones((2 * _REACH_PX + 1,) * 2, np.uint8)
    filled = np.where(line, np.uint8(len(fills)), names)
    first = np.where(line, cv2.erode(filled, window), nearest)
    if rule == "nearest":
        picked = shade[nearest]
    elif rule == "priority":
        picked = shade[first]
    else:
        last = cv2.dilate(np.where(filled == len(fills), np.uint8(0), filled + 1), window).astype(int) - 1
        mixed = np.rint((shade[first] * 2 + shade[np.maximum(last, 0)]) / 3)
        picked = np.where((last >= 0)[..., None] & (shade[first] != own).any(axis=2)[..., None], mixed, shade[first])
    ink = np.dstack([picked.astype(np.uint8), alpha])
    base = np.dstack([np.where(frame.trace[..., None], rgb, under), np.full(alpha.shape, 255, np.uint8)])
    return lay_over(ink, base)


def score_frame(clip: Clip, number: int, painted: Pixels, truth: Pixels) -> dict[str, tuple[float, int]]:
    """Score a frame: shares of right pixels and their number, of opaque and antialiased lines and of trace lines."""
    frame = read_drawing(number, read_image(clip.line[number]))
    off = np.abs(lay_over_color(painted).astype(int) - truth[..., :3]).max(axis=2)
    alpha = frame.ink[..., 3]
    opaque, soft = alpha >= _OPAQUE, (alpha >= _HALF) & (alpha < _OPAQUE)
    beside = cv2.dilate((alpha > 0).view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    trace = frame.trace & ~beside
    side = lay_over_color(painted).astype(int) - find_sides(frame, truth, trace)
    on_side = np.abs(side).max(axis=2) <= _SIDE_LEVELS
    found = {"line": (off <= _LEVELS, opaque), "soft_line": (off <= _SOFT_LEVELS, soft), "trace": (on_side, trace)}
    return {name: (float(right[where].mean()) if where.any() else 1.0, int(where.sum()))
            for name, (right, where) in found.items()}  # fmt: skip


def find_sides(frame: Frame, truth: Pixels, trace: NDArray[np.bool_]) -> NDArray[np.int_]:
    """Find the fill that pixels of trace lines belong to, int HxWx3: of those around, the one nearest to the truth."""
    rgb = truth[..., :3].astype(int)
    side, best = np.zeros_like(rgb), np.full(trace.shape, 999)
    for down in range(-_REACH_PX, _REACH_PX + 1):
        for right in range(-_REACH_PX, _REACH_PX + 1):
            near, is_fill = np.roll(rgb, (down, right), (0, 1)), np.roll(~frame.trace, (down, right), (0, 1))
            is_fill &= np.roll(frame.ink[..., 3] == 0, (down, right), (0, 1))
            off = np.where(is_fill & trace, np.abs(near - rgb).max(axis=2), 999)
            side[off < best], best = near[off < best], np.minimum(best, off)
    return side


def draw_sheet(clip: Clip, painted: Mapping[int, Pixels], truth: Mapping[int, Pixels], path: Path) -> None:
    """Draw drawing, painted frame, truth and wrong pixels in red, one row a frame."""
    rows = []
    for number, file in clip.line.items():
        one, two = lay_over_color(painted[number]), truth[number][..., :3]
        wrong = two // 3 + 170
        wrong[np.abs(one.astype(int) - two).max(axis=2) > _SOFT_LEVELS] = (255, 0, 0)
        pictures = [lay_over_color(read_image(file)), one, two, wrong]
        height = round(_SHEET_WIDTH_PX * one.shape[0] / one.shape[1])
        size = (_SHEET_WIDTH_PX, height)
        rows.append(np.hstack([cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in pictures]))
    sheet = np.vstack(rows)
    write_image(path, np.dstack([sheet, np.full(sheet.shape[:2], 255, np.uint8)]))


if __name__ == "__main__":
    main()
