"""Measure variations painted from nothing: do parts that share a paint agree, is skin skin, does white stay white?

    python benchmarks/parts.py --data DATA [--drawings 48] [--variations 8] [--sheet sheet.png]

The drawings are held-out art with known paint. No painting from nothing can have the true colors, but it can use one
paint where the truth does. Pairs of regions are counted, as in the evaluation of clusterings: the share of the pairs
of one true paint that have one color, the share of the other pairs that have two, and the adjusted Rand index (Hubert
& Arabie, Comparing partitions, 1985), which is 1 for the true paints and 0 by chance, for one color everywhere, and for
a color for each region.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from recipe_sheet import cell, draw_bare, lay_lines, write_rows
from record import RESULTS, read_results, write_results
from subjects import Subject, read_held_out

from framecolor.bench.machine import describe_run
from framecolor.colorists.base import Colorist, Conditioning, SamplingOptions
from framecolor.colorists.flats import to_lab
from framecolor.colorists.open import open_colorist
from framecolor.colorists.propose import propose_painting
from framecolor.core.compositing import lay_over_color
from framecolor.explore.subject import Subject as Drawing
from framecolor.explore.variations import spread as measure_spread
from framecolor.networks.shipped import colorist_weights_path, find_model
from framecolor.render.flat import paint_flat

_HELD_OUT_PX = 256
_NEAR_LEVELS = 8
# Twins are of one paint, and the smaller has at least this share of the other's area: eyes, boots, sleeves.
_TWINS = 0.7
_SHEET_DRAWINGS = 12
# Skin in CIELAB: lightness, chroma and hue in degrees. White: least lightness and most chroma.
_SKIN_LIGHT, _SKIN_CHROMA, _SKIN_HUE = (25, 95), (10, 48), (35, 82)
_WHITE_LIGHT, _WHITE_CHROMA = 92, 8

Colors = NDArray[np.uint8]
Truth = Mapping[str, NDArray[Any]]


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--model", default=None, help="Weights of another colorist.  [default: that of explore]")
@click.option("--drawings", type=click.IntRange(1), default=48, show_default=True)
@click.option("--variations", type=click.IntRange(2), default=8, show_default=True)
@click.option("--row", default="framecolor", show_default=True, help="Name of the row in the result file.")
@click.option("--sheet", type=click.Path(path_type=Path), help="PNG for some drawings, each with its variations.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "parts.json", show_default=True)
def main(
    data: Path, model: str | None, drawings: int, variations: int, row: str, sheet: Path | None, output: Path
) -> None:
    """Write one row for the colorist, and rows for simple answers."""
    colorist = open_colorist(colorist_weights_path() if model is None else find_model(model, Path()))
    subjects = list(read_held_out(data, drawings, _HELD_OUT_PX))
    begin = time.perf_counter()
    painted = [paint_variations(subject, colorist, variations) for subject in subjects]
    seconds = (time.perf_counter() - begin) / (variations * len(subjects))
    scores = score_all(subjects, painted)
    apart = [measure_spread(own, _as_drawing(subject)) for subject, own in zip(subjects, painted, strict=True)]
    scores |= {"spread": round(float(np.mean(apart)), 2), "seconds": round(seconds, 2)}
    rows: dict[str, Any] = dict(read_results(output).get("rows", {}))
    rows[row] = {"drawings": len(subjects), "variations": variations, **scores, **describe_run()}
    for name, change in SIMPLE.items():
        changed = [[change(s, colors) for colors in own] for s, own in zip(subjects, painted, strict=True)]
        rows[name] = {"drawings": len(subjects), "variations": variations, **score_all(subjects, changed)}
    write_results(output, {"format": 1, "rows": rows})
    for name, values in rows.items():
        click.echo(f"{name}: { ({k: v for k, v in values.items() if isinstance(v, float)}) }")
    if sheet is not None:
        _write_sheet(sheet, subjects, painted)


def paint_variations(subject: Subject, colorist: Colorist, count: int) -> list[Colors]:
    """Paint a drawing from nothing with seeds 0..count - 1, as `framecolor explore` does: colors of its regions."""
    options = [SamplingOptions(seed=seed) for seed in range(count)]
    return [propose_painting(subject.frame, subject.regions, Conditioning(), one, colorist) for one in options]


def score_all(subjects: Sequence[Subject], painted: Sequence[Sequence[Colors]]) -> dict[str, float]:
    """Average `score_parts` over variations, then over the drawings that have such regions."""
    rows = [
        average([score_parts(describe_truth(subject), colors) for colors in own])
        for subject, own in zip(subjects, painted, strict=True)
    ]
    return {name: round(value, 4) for name, value in average(rows).items()}


def average(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Average numbers by name; rows without a number of a name are left out of its mean."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: float(np.mean([row[name] for row in rows if name in row])) for name in names}


def describe_truth(subject: Subject) -> Truth:
    """Describe the scored regions and their pairs: rows, skin, white [T]; same, twin, weight [T, T] above the diagonal.

    weight  the root of the smaller area
    """
    rows = np.flatnonzero(subject.scored)
    colors, area = subject.colors[rows].astype(int), subject.regions.area[rows]
    first, second = np.triu_indices(len(rows), 1)
    same = np.abs(colors[first] - colors[second]).max(axis=1) <= _NEAR_LEVELS
    smaller, larger = np.minimum(area[first], area[second]), np.maximum(area[first], area[second])
    skin, white = is_skin(subject.colors[rows]), is_white(subject.colors[rows])
    twin = same & (smaller >= _TWINS * larger)
    return {"rows": rows, "skin": skin, "white": white, "same": same, "twin": twin, "weight": np.sqrt(smaller)}


def score_parts(truth: Truth, colors: Colors) -> dict[str, float]:
    """Score the colors of regions, [count + 1, 4]. Numbers of what the drawing does not have are left out.

    rand                    adjusted Rand index of the colors against the true paints
    weighted_rand           the same, each pair weighted by the root of the smaller area
    joined                  share of the pairs of one true paint that have one color
    apart                   share of the pairs of different true paints that have different colors
    twins                   share of pairs of one true paint and about one size (eyes, boots) that have one color
    skin, skin_elsewhere    share of regions that truly have a skin's color, and of all others, painted in one
    white, white_elsewhere  the same for white: paper, eyes, teeth
    """
    own = colors[truth["rows"]]
    if len(own) == 0:
        return {}
    first, second = np.triu_indices(len(own), 1)
    joined, same = (own[first] == own[second]).all(axis=1), truth["same"]
    numbers: dict[str, float] = {}
    if same.any() and not same.all():
        numbers["rand"] = adjusted_rand(joined, same, np.ones(len(same)))
        numbers["weighted_rand"] = adjusted_rand(joined, same, truth["weight"])
    _add(numbers, "joined", joined, same)
    _add(numbers, "apart", ~joined, ~same)
    _add(numbers, "twins", joined, truth["twin"])
    for name, painted in (("skin", is_skin(own[:, :3])), ("white", is_white(own[:, :3]) | (own[:, 3] == 0))):
        _add(numbers, name, painted, truth[name])
        _add(numbers, f"{name}_elsewhere", painted, ~truth[name])
    return numbers


def _add(numbers: dict[str, float], name: str, hit: NDArray[np.bool_], among: NDArray[np.bool_]) -> None:
    if among.any():
        numbers[name] = float(hit[among].mean())


def adjusted_rand(joined: NDArray[np.bool_], same: NDArray[np.bool_], weight: NDArray[np.floating]) -> float:
    """Compute the adjusted Rand index by pairs [P]: in one found group, in one true group, and their weights.

    The truth has to have pairs of both kinds.
    """
    both, found, missed, neither = (
        float(weight[pairs].sum()) for pairs in (joined & same, joined & ~same, ~joined & same, ~joined & ~same)
    )
    expected = (both + missed) * (missed + neither) + (both + found) * (found + neither)
    return 2 * (both * neither - missed * found) / expected


def is_skin(rgb: Colors) -> NDArray[np.bool_]:
    """Tell which colors [N, 3] a person's skin may have."""
    light, chroma, hue = _polar(rgb)
    limits = ((light, _SKIN_LIGHT), (chroma, _SKIN_CHROMA), (hue, _SKIN_HUE))
    return np.logical_and.reduce([(value > low) & (value < high) for value, (low, high) in limits])


def is_white(rgb: Colors) -> NDArray[np.bool_]:
    """Tell which colors [N, 3] are white."""
    light, chroma, _ = _polar(rgb)
    return (light > _WHITE_LIGHT) & (chroma < _WHITE_CHROMA)


def _polar(rgb: Colors) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Convert colors to lightness, chroma, and hue in degrees, of CIELAB."""
    light, a, b = to_lab(rgb / np.float32(255)).T
    return light, np.hypot(a, b), np.degrees(np.arctan2(b, a))


def _give_truth(subject: Subject, colors: Colors) -> Colors:
    """Give each true paint the color of its largest region: the best that grouping can do."""
    out = colors.copy()
    rows = np.flatnonzero(subject.scored)
    paints = np.unique(subject.colors[rows], axis=0, return_inverse=True)[1].ravel()
    for paint in range(int(paints.max(initial=-1)) + 1):
        own = rows[paints == paint]
        out[own] = colors[own[subject.regions.area[own].argmax()]]
    return out


def _shuffle(subject: Subject, colors: Colors) -> Colors:
    """Shuffle the colors of the scored regions: the same paints without any knowledge of the parts."""
    rows, out = np.flatnonzero(subject.scored), colors.copy()
    out[rows] = colors[np.random.default_rng(0).permutation(rows)]
    return out


def _part(subject: Subject, colors: Colors) -> Colors:
    """Give each region a color of its own."""
    order = np.arange(len(colors))
    return np.stack([order % 256, order // 256, np.full_like(order, 9), np.full_like(order, 255)], 1).astype(np.uint8)


SIMPLE: Mapping[str, Callable[[Subject, Colors], Colors]] = {
    "shuffled": _shuffle,
    "each region alone": _part,
    "true groups": _give_truth,
}


def _as_drawing(subject: Subject) -> Drawing:
    return Drawing(Path(subject.name), subject.frame, subject.regions)


def _write_sheet(path: Path, subjects: Sequence[Subject], painted: Sequence[Sequence[Colors]]) -> None:
    picked = np.linspace(0, len(subjects) - 1, min(_SHEET_DRAWINGS, len(subjects))).round().astype(int)
    shown = [subjects[i] for i in picked]
    columns = {"drawing": [cell(draw_bare(subject)) for subject in shown]}
    for number in range(len(painted[0])):
        flats = [lay_over_color(paint_flat(subjects[i].regions, painted[i][number])) for i in picked]
        columns[str(number + 1)] = [cell(lay_lines(flat, s)) for flat, s in zip(flats, shown, strict=True)]
    write_rows(path, columns)


if __name__ == "__main__":
    main()
