"""How fast a 1920x1080 shot is painted, PNG to PNG, and where the time goes.

    python benchmarks/throughput.py

Three numbers: seconds from three PNG keys to a fitted network with nothing cached, frames a second after that, and
milliseconds of each stage alone on one core. The shot is drawn in code (`drawn_shot.py`).
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import click
from record import RESULTS, read_results, summarize, write_results
from stages import Bench, compare, measure_stages

from framecolor.bench.drawn_shot import write_shot
from framecolor.bench.machine import describe_machine, describe_run
from framecolor.cli.options import FitType
from framecolor.engines.base import choose_engine
from framecolor.fitting import fit_shot
from framecolor.keyframes import add_gallery, read_keyframes
from framecolor.pipeline import Outcome, colorize
from framecolor.settings import Settings
from framecolor.shot import Shot


@click.command()
@click.option("--frames", type=click.IntRange(3), default=48, show_default=True)
@click.option("--keys", type=click.IntRange(2), default=3, show_default=True)
@click.option("--size", default="1920x1080", show_default=True, metavar="WxH")
@click.option("--fit", type=FitType(), default="auto", show_default=True)
@click.option("--fit-repeats", type=click.IntRange(1), default=1, show_default=True)
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
@click.option("--stage-drawings", type=click.IntRange(1), default=12, show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "throughput.json", show_default=True)
def main(
    frames: int,
    keys: int,
    size: str,
    fit: Any,
    fit_repeats: int,
    repeats: int,
    stage_drawings: int,
    output: Path,
) -> None:
    """Time the fit, the painting and its stages."""
    width, height = (int(side) for side in size.split("x"))
    run = describe_run()
    with tempfile.TemporaryDirectory() as work:
        shot = Shot.open(write_shot(Path(work) / "shot", frames, keys, (height, width)))
        results = measure(shot, Path(work), Settings(fit=fit, overwrite=True), fit_repeats, repeats, stage_drawings)
    write_results(output, {"format": 1, **run, "machine": describe_machine(), **results})
    click.echo(
        f"fit {results['fit']['seconds']['median']} s, {results['frames_per_second']['median']} frames a second, "
        f"slowest stage {results['end_to_end']['slowest']}"
    )


def measure(
    shot: Shot, work: Path, settings: Settings, fit_repeats: int, repeats: int, stage_drawings: int
) -> dict[str, Any]:
    """Fit with nothing cached, paint with the fit cached, then the stages."""
    out = work / "color"
    fits, facts = zip(*(_fit_afresh(shot, settings, out) for _ in range(fit_repeats)), strict=True)
    colorize(shot, out, settings)  # warm-up: files in the disk cache, the engine's first compilation
    outcomes = [colorize(shot, out, settings) for _ in range(repeats)]
    frames = len(shot.wanted)
    painting = [frames / (o.seconds - o.fit_seconds) for o in outcomes]
    bench = _prepare(shot, settings, out)
    stages = measure_stages(bench, min(stage_drawings, frames - 2), work / "frame.png")
    cores = os.cpu_count() or 1
    return {
        "shot": {
            "size": [shot.size[1], shot.size[0]],
            "frames": frames,
            "keys": len(shot.keys),
            "regions": _count_regions(out),
            "colors": len(bench.keyframes.palette),
        },
        "settings": {"fit": settings.fit, "engine": choose_engine(settings.engine).name},
        "fit": {"steps": facts[0]["steps"], "seconds": summarize(fits, 1)},
        "frames_per_second": summarize([frames / o.seconds for o in outcomes]),
        "painting_frames_per_second": summarize(painting),
        "start_seconds": summarize([o.fit_seconds for o in outcomes]),
        "stages_ms": stages,
        "end_to_end": compare(stages, 1000 * _median_frame_seconds(outcomes, frames), cores),
    }


def _fit_afresh(shot: Shot, settings: Settings, out: Path) -> tuple[float, dict[str, Any]]:
    """Seconds from the keys' files to a fitted network, and what the fit says of itself."""
    shutil.rmtree(out, ignore_errors=True)
    begin = time.perf_counter()
    fitted = fit_shot(shot, read_keyframes(shot, settings), settings, out, None, lambda stage, done, total: None)
    return time.perf_counter() - begin, fitted.facts


def _prepare(shot: Shot, settings: Settings, out: Path) -> Bench:
    keyframes = read_keyframes(shot, settings)
    fitted = fit_shot(shot, keyframes, settings, out, None, lambda stage, done, total: None)
    runner = choose_engine(settings.engine).load(fitted.network)
    return Bench(shot, add_gallery(shot, keyframes, runner, settings), runner, settings)


def _median_frame_seconds(outcomes: list[Outcome], frames: int) -> float:
    return sorted((o.seconds - o.fit_seconds) / frames for o in outcomes)[len(outcomes) // 2]


def _count_regions(out: Path) -> float:
    frames = read_results(out / "framecolor.json")["frames"]
    return round(sum(frame["regions"] for frame in frames) / len(frames), 1)


if __name__ == "__main__":
    main()
