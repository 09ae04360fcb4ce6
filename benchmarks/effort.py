"""Measure a painter's effort: how much of a clip is right after so many minutes and clicks.

    python benchmarks/effort.py --clips DIR [--only NAME ...] [--way NAME ...]

A clip begins with its first drawing, painted by hand. From there a simulated painter, who knows the truth, works on it
in one of these ways. Times are those of `framecolor.report.effort`; the computer's time does not count.

    hand     fills drawing after drawing, each prefilled from the nearest painted one (`by_hand.py`)
    area     checks the listed doubts, the frames with the most pixels expected wrong first
    checks   checks them in the order of `advise_checks`: what settles most regions in a second first
    keys     paints the key that the report suggests
    advice   checks or paints a key, whichever is expected to settle more regions in a second

A round is 20 clicks on doubts, or one key; then the clip is painted again. If no doubt is left and no key is suggested,
the painter looks through the next three drawings, which become keys. It ends when 99.5 % of the regions are right, or
when the time is over that the clip takes by hand. Of a clip with more than `--most` drawings, every second, third, ...
is taken, so that no more are left.

The quality is the share of regions of more than 10 pixels that are right within 8 levels (`acc_thres`), mean over all
drawings; those that became keys count. `area_under` is its mean over the time that the clip takes by hand: 1 if all was
right from the beginning.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from by_hand import paint_by_hand
from clips import Clip, find_clips
from curve import Point, area_under, reach
from desk import Desk
from record import RESULTS, read_results, write_results

from framecolor.bench.machine import describe_run
from framecolor.output.frame_entry import FrameEntry
from framecolor.report.advice import CheckAdvice, advise_checks
from framecolor.report.suggest import suggest_keys

WAYS = ("hand", "area", "checks", "keys", "advice")
TARGETS = (0.95, 0.99)
_CLICKS_A_ROUND = 20
_DRAWINGS_A_ROUND = 3
_ENOUGH = 0.995


@click.command()
@click.option("--clips", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--only", "names", multiple=True, help="Only this clip; can be given several times.")
@click.option("--way", "ways", type=click.Choice(WAYS), multiple=True, default=WAYS, help="Only this way to work.")
@click.option("--most", type=click.IntRange(2), default=16, show_default=True, help="Drawings of a clip.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "effort.json", show_default=True)
def main(folder: Path, names: tuple[str, ...], ways: tuple[str, ...], most: int, output: Path) -> None:
    """Simulate a painter's work on the clips in a folder, each with line/, color/ and optionally flat/."""
    for clip in find_clips(folder, names):
        run, clip = describe_run(), clip.thin_out(most)
        by_hand = paint_by_hand(list(Desk(clip, folder).scored.values()))
        for way in ways:
            with tempfile.TemporaryDirectory() as work:
                curve = by_hand if way == "hand" else work_on(clip, Path(work), way, by_hand[-1].minutes)
            results = read_results(output)
            clips = results.get("clips", {})
            row = clips.setdefault(clip.name, {})
            row[way] = {**run, **describe(curve, by_hand[-1].minutes)}
            means = {way: average([one[way] for one in clips.values() if way in one]) for way in WAYS}
            table = {"format": 1, "mean": means, "clips": dict(sorted(clips.items()))}
            write_results(output, table)
            figures = {name: row[way][name] for name in ("area_under", "minutes", "clicks", "right")}
            click.echo(f"{clip.name:16} {way:8} {figures}")


def work_on(clip: Clip, folder: Path, way: str, budget: float) -> list[Point]:
    """Work on a clip in a folder for `budget` minutes at most. Returns the curve."""
    desk = Desk(clip, folder)
    desk.paint_first_key(next(iter(clip.line)))
    while desk.curve[-1].right < _ENOUGH and desk.curve[-1].minutes < budget and len(desk.keys) < len(clip.line):
        STEPS[way](desk)
        desk.repaint()
    return desk.curve


def check_doubts(desk: Desk, frames: Sequence[FrameEntry]) -> bool:
    """Check doubts frame by frame, in their order, for one round. Tells whether there were any."""
    start = desk.clock.clicks
    for frame in frames:
        left = _CLICKS_A_ROUND - (desk.clock.clicks - start)
        doubts = desk.list_fresh(frame)
        if doubts and left > 0:
            desk.check_frame(frame.number, doubts[:left])
    return desk.clock.clicks > start


def _work_by_area(desk: Desk) -> None:
    frames = [entry for entry in desk.entries.values() if entry.unsure]
    order = sorted(frames, key=lambda frame: (-frame.unseen_px, -frame.expected_wrong_px, frame.number))
    if not check_doubts(desk, order):
        _look_through(desk)


def _work_by_keys(desk: Desk) -> None:
    suggestions = suggest_keys(desk.manifest.frames, count=1)
    if suggestions:
        desk.paint_key(suggestions[0].number)
    else:
        _look_through(desk)


def _work_by_checks(desk: Desk) -> None:
    if not check_doubts(desk, [advice.frame for advice in _list_checks(desk)]):
        _look_through(desk)


def _work_by_advice(desk: Desk) -> None:
    checks, keys = _list_checks(desk), suggest_keys(desk.manifest.frames, count=1)
    if checks and (not keys or max(advice.rate for advice in checks) >= keys[0].rate):
        _work_by_checks(desk)
    else:
        _work_by_keys(desk)


def _list_checks(desk: Desk) -> tuple[CheckAdvice, ...]:
    return advise_checks([entry for entry in desk.entries.values() if desk.list_fresh(entry)])


def _look_through(desk: Desk) -> None:
    """Look through the first drawings that are no keys yet."""
    for number in [number for number in desk.clip.line if number not in desk.keys][:_DRAWINGS_A_ROUND]:
        desk.paint_key(number)


STEPS: Mapping[str, Callable[[Desk], None]] = {
    "area": _work_by_area,
    "checks": _work_by_checks,
    "keys": _work_by_keys,
    "advice": _work_by_advice,
}


def describe(curve: Sequence[Point], budget: float) -> dict[str, Any]:
    """Describe a curve: its area, its end, and the minutes and clicks to each of `TARGETS`, None if not reached."""
    reached = {str(target): reach(curve, target) for target in TARGETS}
    last = curve[-1]
    return {
        "area_under": round(area_under(curve, budget), 4),
        "minutes": round(last.minutes, 2),
        "clicks": last.clicks,
        "right": round(last.right, 4),
        "to": {target: None if p is None else [round(p.minutes, 2), p.clicks] for target, p in reached.items()},
        "curve": [[round(point.minutes, 3), point.clicks, round(point.right, 4)] for point in curve],
    }


def average(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Compute the mean area over clips."""
    return {
        "clips": len(rows),
        "area_under": round(sum(row["area_under"] for row in rows) / len(rows), 4) if rows else None,
    }


if __name__ == "__main__":
    main()
