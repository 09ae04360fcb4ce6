"""Measure how fast a painted 1920x1080 shot is recolored from its mattes, PNG to PNG.

    python benchmarks/repaint.py

The shot is drawn in code (`framecolor/bench/drawn_shot.py`) and painted once with mattes, which is not measured. Then
all frames are recolored repeatedly, with all cores and with one: reading matte and drawing, looking up the paint,
laying the line over it, encoding and writing. The result has to equal the painted frames to the byte.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
from record import RESULTS, write_results

from framecolor import Settings, Shot, colorize, recolor_frames
from framecolor.bench.drawn_shot import write_shot
from framecolor.bench.machine import describe_run
from framecolor.bench.sizes import parse_size
from framecolor.bench.timing import interleave, summarize
from framecolor.core.cpu import count_usable_cores
from framecolor.output.mattes import PALETTE_GPL


@click.command()
@click.option("--frames", type=click.IntRange(2), default=24, show_default=True)
@click.option("--size", default="1080p", show_default=True, metavar="540p|720p|1080p|4K|WxH")
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True)
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "repaint.json", show_default=True)
def main(frames: int, size: str, repeats: int, output: Path) -> None:
    """Paint a shot with mattes, then time recoloring it."""
    height, width = parse_size(size)
    run = describe_run()
    with tempfile.TemporaryDirectory() as work:
        shot = Shot.open(write_shot(Path(work) / "walk", frames, 2, (height, width)))
        out = shot.root / "color"
        colorize(shot, out, Settings(fit="off", mattes=True))
        cores = sorted({count_usable_cores(), 1}, reverse=True)
        works = {f"cores_{count}": lambda count=count: recolor(out, count) for count in cores}
        taken = interleave(works, warmup=1, repeats=repeats)
    times = {name: summarize([1000 * seconds / frames for seconds in values]) for name, values in taken.items()}
    shape = {"size": [width, height], "frames": frames, "format": "png", "line": "over"}
    write_results(output, {"format": 1, **run, "shot": shape, "ms_per_frame": times})
    for name, row in times.items():
        click.echo(f"{name}: {row['median']} ms a frame ({row['least']} to {row['most']})")


def recolor(out: Path, workers: int) -> float:
    """Recolor all frames of a folder with its own palette; return the seconds. Raises RuntimeError if one changed."""
    target = out.with_name("again")
    done = recolor_frames(out, out / PALETTE_GPL, target, workers=workers)
    for path in out.glob("*.png"):
        if path.read_bytes() != (target / path.name).read_bytes():
            raise RuntimeError(f"{path.name}: the recolored frame differs from the painted one")
    return done.seconds


if __name__ == "__main__":
    main()
