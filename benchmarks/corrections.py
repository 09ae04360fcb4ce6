"""Measure how many corrections a clip needs, and how many other regions each correction repairs.

    python benchmarks/corrections.py --clips DIR [--clip NAME ...] [--target 0.98]

A simulated painter who knows the truth opens the worst frames of a clip that was painted from every 8th frame, and
corrects the wrong regions in them (those that `acc_thres` counts). The clip is painted again with `--fit keep`. This
repeats until the clip reaches the target. At the end it is painted once more with the default settings.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
from chained import TOLERANCES, compare_regions, paint_clip, score
from clips import Clip, find_clips
from numpy.typing import NDArray
from record import RESULTS, read_results, write_results

from framecolor import Settings, Shot, colorize
from framecolor.bench.machine import describe_run
from framecolor.core.compositing import lay_over_color
from framecolor.shot.corrections import Correction, write_corrections

# Frames that are corrected in a round, and their least distance: a correction also repairs neighboring frames.
_FRAMES_A_ROUND = 3
_LEAST_APART = 3


@click.command()
@click.option("--clips", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--clip", "names", multiple=True, help="Only this clip; can be given several times.")
@click.option("--keys-every", type=click.IntRange(1), default=8, show_default=True)
@click.option("--target", type=click.FloatRange(0, 1), default=0.98, show_default=True, help="acc_thres to reach.")
@click.option("--rounds", type=click.IntRange(1), default=12, show_default=True, help="Most rounds.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "corrections.json",
              show_default=True)  # fmt: skip
def main(folder: Path, names: tuple[str, ...], keys_every: int, target: float, rounds: int, output: Path) -> None:
    """Measure the clips in a folder, each with line/, color/ and optionally flat/."""
    for clip in find_clips(folder, names):
        with tempfile.TemporaryDirectory() as work:
            row = {**describe_run(), **correct_clip(clip, Path(work), keys_every, target, rounds)}
        clips = {**read_results(output).get("clips", {}), clip.name: row}
        write_results(output, {"format": 1, "target": target, "clips": dict(sorted(clips.items()))})
        end = row["rounds"][-1]["acc_thres"] if row["rounds"] else row["start"]
        click.echo(f"{clip.name}: {row['start']} to {end} by {row['corrections']} corrections")


def correct_clip(clip: Clip, work: Path, keys_every: int, target: float, most_rounds: int) -> dict[str, Any]:
    """Correct one clip: its accuracy at the start, after each round, and painted once more with default settings."""
    keys = clip.keys(keys_every)
    painting = paint_clip(clip, work / clip.name, work / "color", keys, Settings())
    out, file = painting.out, work / "corrections.json"
    palette = np.array(painting.record["palette"], np.uint8)
    start = score(clip, out, keys, TOLERANCES[0])["acc_thres"]
    made: list[Correction] = []
    rounds: list[dict[str, Any]] = []
    wrong = first_wrong = _find_wrong(clip, painting.shot, out, keys)
    accuracy = start
    while accuracy < target and len(rounds) < most_rounds:
        # A region that is still wrong after its correction is not a region of its own in framecolor: it is left out.
        left = {n: [c for c in _correct(n, regions, palette) if c not in made] for n, regions in wrong.items()}
        fresh = [c for number in _choose_frames(left) for c in left[number]]
        if not fresh:
            break
        made += fresh
        write_corrections(file, painting.shot.name, made)
        colorize(Shot.open(painting.shot.root, corrections=file), out, Settings(fit="keep"))
        before, wrong = wrong, _find_wrong(clip, painting.shot, out, keys)
        accuracy = score(clip, out, keys, TOLERANCES[0])["acc_thres"]
        saved = _count(before) - _count(wrong) - len(fresh)
        rounds.append({"corrections": len(fresh), "saved": saved, "acc_thres": accuracy})
    row: dict[str, Any] = {
        "frames": len(clip.line) - len(keys),
        "start": start,
        "wrong": _count(first_wrong),
        "rounds": rounds,
        "corrections": len(made),
        "a_frame": round(len(made) / (len(clip.line) - len(keys)), 3),
        "reached": accuracy >= target,
        "saved_each": round(sum(r["saved"] for r in rounds) / len(made), 3) if made else None,
    }
    if made:
        shot = Shot.open(painting.shot.root, corrections=file)
        colorize(shot, out, Settings())
        row["refitted"] = score(clip, out, keys, TOLERANCES[0])["acc_thres"]
    return row


Wrong = dict[int, list[tuple[NDArray[np.bool_], tuple[int, int, int]]]]
"""Frame number -> mask and true color of each of its wrong regions."""


def _find_wrong(clip: Clip, shot: Shot, out: Path, keys: list[int]) -> Wrong:
    wrong: Wrong = {}
    for number in shot.numbers:
        if number in keys:
            continue
        labels, votes, counted = compare_regions(clip, number, out / shot.output_name(number))
        wrong[number] = [(labels == i + 1, _unpack(int(votes.true[i]))) for i in np.flatnonzero(~votes.right & counted)]
    return wrong


def _choose_frames(left: dict[int, list[Correction]]) -> list[int]:
    """Choose the frames with the most corrections that are not close to each other."""
    places = {number: place for place, number in enumerate(left)}
    chosen: list[int] = []
    for number in sorted(left, key=lambda n: (-len(left[n]), n)):
        apart = all(abs(places[number] - places[other]) >= _LEAST_APART for other in chosen)
        if left[number] and apart and len(chosen) < _FRAMES_A_ROUND:
            chosen.append(number)
    return chosen


def _correct(number: int, regions: list[Any], palette: NDArray[np.uint8]) -> list[Correction]:
    made = []
    for mask, true in regions:
        inside = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
        y, x = np.unravel_index(int(inside.argmax()), inside.shape)
        apart = np.abs(lay_over_color(palette[None])[0].astype(int) - true).max(axis=1)
        known = int(apart.argmin())
        # If no key shows the color, give the true one.
        red, green, blue, alpha = palette[known].tolist() if apart[known] <= TOLERANCES[0] else (*true, 255)
        made.append(Correction(number, int(x), int(y), (red, green, blue, alpha)))
    return made


def _count(wrong: Wrong) -> int:
    return sum(len(regions) for regions in wrong.values())


def _unpack(code: int) -> tuple[int, int, int]:
    return code >> 16 & 255, code >> 8 & 255, code & 255


if __name__ == "__main__":
    main()
