"""Measure how fast a 1920x1080 shot is painted, PNG to PNG, and how long each stage takes.

    python benchmarks/throughput.py

The shot is drawn in code (`framecolor/bench/drawn_shot.py`), once with a new drawing in every frame and once on twos.
Measured are frames a second, the milliseconds of each stage alone on one core, and the seconds that `--fit auto` takes
to fit a network to the three keys with nothing cached.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from record import RESULTS, read_results, write_results

from framecolor import Event, Progress, Settings, Shot, colorize
from framecolor.bench.drawn_shot import write_shot
from framecolor.bench.end_to_end import measure_shot
from framecolor.bench.machine import describe_run
from framecolor.bench.sizes import parse_size
from framecolor.bench.suite import find_precision
from framecolor.bench.timing import summarize
from framecolor.bench.workload import Workload
from framecolor.cli.options import setting_option
from framecolor.engines.registry import choose_engine


@click.command()
@click.option("--frames", type=click.IntRange(3), default=120, show_default=True)
@click.option("--keys", type=click.IntRange(2), default=3, show_default=True)
@click.option("--size", default="1080p", show_default=True, metavar="540p|720p|1080p|4K|WxH")
@setting_option("fit", default="auto", show_default=True)
@click.option("--fit-repeats", type=click.IntRange(1), default=1, show_default=True)
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "throughput.json", show_default=True)
def main(frames: int, keys: int, size: str, fit: Any, fit_repeats: int, repeats: int, output: Path) -> None:
    """Time the painting of both clips and their stages, and a fit."""
    sides = parse_size(size)
    run = describe_run()
    settings = Settings(overwrite=True)
    with tempfile.TemporaryDirectory() as work:
        moving, twos = (
            Shot.open(write_shot(Path(work) / name, frames, keys, sides, hold))
            for name, hold in (("moving", 1), ("twos", 2))
        )
        results = {
            "fit": measure_fit(moving, replace(settings, fit=fit), fit_repeats),
            **measure(moving, settings, repeats),
            "twos": measure(twos, settings, repeats),
        }
    write_results(output, {"format": 1, **run, **results})
    click.echo(
        f"fit {results['fit']['seconds']['median']} s, {results['frames_per_second']['median']} frames a second, "
        f"on twos {results['twos']['frames_per_second']['median']}; "
        f"slowest stage {results['end_to_end']['slowest_stage']}"
    )


def measure(shot: Shot, settings: Settings, repeats: int) -> dict[str, Any]:
    """Measure repeated paintings of a shot, then its stages with the engine loaded once.

    `start_seconds` is the time before the first drawing, in which keys are read.
    """
    out = shot.root / "color"
    colorize(shot, out, settings)  # warm-up: graphs of the networks, files in the disk cache
    outcomes = [colorize(shot, out, settings) for _ in range(repeats)]
    frames = len(shot.wanted)
    engine = choose_engine(settings.engine)
    rows, table, _ = measure_shot(Workload(shot, out, settings), shot.name, find_precision(engine), warmup=1, repeats=1)
    record = read_results(out / "framecolor.json")
    return {
        "shot": {
            "size": [shot.size[1], shot.size[0]],
            "frames": frames,
            "keys": len(shot.keys),
            "regions": round(sum(frame["regions"] for frame in record["frames"]) / frames, 1),
            "colors": len(record["palette"]),
        },
        "engine": engine.name,
        "frames_per_second": summarize([frames / o.seconds for o in outcomes]),
        "painting_frames_per_second": summarize([frames / (o.seconds - o.fit_seconds) for o in outcomes]),
        "start_seconds": summarize([o.fit_seconds for o in outcomes]),
        "stages_ms": {row["stage"]: row["ms"] for row in rows},
        "end_to_end": table,
    }


class _FitIsDone(Exception):  # noqa: N818
    """The fit is done."""


def measure_fit(shot: Shot, settings: Settings, repeats: int) -> dict[str, Any]:
    """Measure the seconds from the files of the keys to a fitted network, with nothing cached."""
    seconds, steps = [], 0

    def stop(event: Event) -> None:
        nonlocal steps
        if isinstance(event, Progress):
            if event.stage == "paint":
                raise _FitIsDone
            steps = event.total

    for _ in range(repeats):
        shutil.rmtree(shot.root / "color", ignore_errors=True)
        begin = time.perf_counter()
        with suppress(_FitIsDone):
            colorize(shot, shot.root / "color", settings, stop)
        seconds.append(time.perf_counter() - begin)
    return {"steps": steps, "seconds": summarize(seconds, 1)}


if __name__ == "__main__":
    main()
