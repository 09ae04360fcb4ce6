"""Measure the peak memory of painting 100 and 1000 drawings of 1920x1080, to see if it grows with a shot's length.

    python benchmarks/memory.py                     # about ten minutes
    python benchmarks/memory.py --frames 100 300    # about three

Each shot is painted in its own process, as by `framecolor colorize`. Both show the same walk, and only their first
drawing is a key. That is the hardest case: drawings wait for the next key, and none comes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import click
from record import RESULTS, write_results

from framecolor.bench.drawn_shot import write_shot
from framecolor.bench.machine import describe_run
from framecolor.bench.sizes import parse_size
from framecolor.bench.timing import read_peak, summarize
from framecolor.cli import main as framecolor


@click.command()
@click.option("--frames", type=click.IntRange(3), nargs=2, default=(100, 1000), show_default=True)
@click.option("--size", default="1080p", show_default=True, metavar="540p|720p|1080p|4K|WxH")
@click.option("--repeats", type=click.IntRange(1), default=1, show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "memory.json", show_default=True)
@click.option("--paint", type=click.Path(path_type=Path), hidden=True, help="Paint this shot and print the peak.")
def main(frames: tuple[int, int], size: str, repeats: int, output: Path, paint: Path | None) -> None:
    """Measure the peak memory of a short and a long shot."""
    if paint is not None:
        click.echo(paint_and_measure(paint))
        return
    height, width = parse_size(size)
    run = describe_run()
    with tempfile.TemporaryDirectory() as work:
        peaks = measure(Path(work), frames, (height, width), repeats)
    short, long = (row["peak_mib"]["median"] for row in peaks)
    results = {
        "format": 1,
        **run,
        "size": [width, height],
        "shots": peaks,
        "ratio": round(long / short, 3),
    }
    write_results(output, results)
    click.echo(f"{frames[0]} drawings {short} MiB, {frames[1]} drawings {long} MiB, ratio {results['ratio']}")


def measure(work: Path, frames: tuple[int, int], size: tuple[int, int], repeats: int) -> list[dict[str, Any]]:
    """Measure the peaks of both shots, the shorter one first."""
    short, long = sorted(frames)
    first, second = (write_shot(work / str(count), count, 1, size) for count in (short, long))
    _paint_apart(first)  # warm-up: makes the networks' graphs
    rows = []
    for shot, count in ((first, short), (second, long)):
        painted = [_paint_apart(shot) for _ in range(repeats)]
        rows.append({"frames": count, "peak_mib": summarize(painted, 1)})
    return rows


def paint_and_measure(folder: Path) -> float:
    """Paint a shot in this process as the command does, and return the peak memory in MiB."""
    try:
        with redirect_stdout(sys.stderr):
            framecolor(["colorize", str(folder), "--overwrite"])
    except SystemExit as end:
        if end.code != 0:
            raise
    return read_peak()["peak_mib"]


def _paint_apart(folder: Path) -> float:
    command = [sys.executable, __file__, "--paint", str(folder)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    return float(done.stdout)


if __name__ == "__main__":
    main()
