"""Measure how gap closing splits and leaks, on drawings into whose lines openings are cut.

    python benchmarks/gaps.py --clips DIR [--clip NAME ...]

cuts 25 openings of each width into two drawings of each clip, at random places of the lines, and finds the regions with
balls and bridges of several sizes.

    leak     share of the painted pixels that are in a region of another color, by the true painting
    regions  number of regions relative to the uncut drawing with a ball of 2; above 1, regions are split
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from clips import Clip, find_clips
from numpy.typing import NDArray
from record import RESULTS, write_results

from framecolor.bench.machine import describe_run
from framecolor.core.types import Frame, Regions
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.region_colors import region_colors
from framecolor.lineart.regions import find_regions
from framecolor.media import read_image

# Width of the openings in pixels; 0: none is cut.
OPENINGS_PX = (0, 4, 6, 8, 12)
# Width of the ball and length of the bridge, in pixels.
WAYS = ((2, 0), (4, 0), (6, 0), (8, 0), (12, 0), (2, 8), (4, 8), (6, 12))
_OPENINGS = 25
# The direction of a line is measured so far around a place, and an opening reaches so far across the line.
_AROUND_PX, _ACROSS_PX = 12, 7
_FEWEST_PX = 12


def cut_openings(frame: Frame, width_px: int, rng: np.random.Generator) -> Frame:
    """Erase the lines along `width_px` at random places, across their direction there."""
    ink, trace = frame.ink.copy(), frame.trace.copy()
    rows, columns = np.nonzero(frame.lines)
    for place in rng.integers(len(rows), size=_OPENINGS).tolist() if width_px else ():
        y, x = int(rows[place]), int(columns[place])
        window = (slice(max(0, y - _AROUND_PX), y + _AROUND_PX + 1), slice(max(0, x - _AROUND_PX), x + _AROUND_PX + 1))
        points = np.argwhere(frame.lines[window])
        if len(points) < _FEWEST_PX:
            continue
        along_y, along_x = np.linalg.eigh(np.cov(points.T))[1][:, 1]
        height, width = ink.shape[:2]
        dy, dx = np.indices((height, width), sparse=True)
        dy, dx = dy[window[0]] - y, dx[:, window[1]] - x
        erased = (np.abs(dy * along_y + dx * along_x) <= width_px / 2) & (
            np.abs(dx * along_y - dy * along_x) <= _ACROSS_PX
        )
        ink[window][erased] = 0
        trace[window][erased] = False
    return Frame(frame.number, ink, trace)


def measure_clip(clip: Clip) -> Iterator[NDArray[np.float64]]:
    """Measure two drawings of a clip. Yields (leak, regions) of each opening and way, [openings, ways, 2]."""
    for number in list(clip.line)[:: max(1, len(clip.line) // 2)][:2]:
        painted, whole = read_image(clip.truth[number]), read_drawing(number, read_image(clip.line[number]))
        count = find_regions(whole).count
        rows = []
        for width_px in OPENINGS_PX:
            frame = cut_openings(whole, width_px, np.random.default_rng(number))
            found = [find_regions(frame, gap_px=gap_px, bridge_px=bridge_px) for gap_px, bridge_px in WAYS]
            rows.append([(_measure_leak(frame, regions, painted), regions.count / count) for regions in found])
        yield np.array(rows)


def _measure_leak(frame: Frame, regions: Regions, painted: NDArray[np.uint8]) -> float:
    colors = region_colors(painted, frame, regions)
    figure = (painted[..., 3] > 127) & (painted[..., :3] < 255).any(axis=2)
    return int((colors.seen - colors.votes)[1:].sum()) / max(1, np.count_nonzero(figure))


@click.command()
@click.option("--clips", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True)
@click.option("--clip", "names", multiple=True, help="Only this clip; can be given several times.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "gaps.json", show_default=True)
def main(folder: Path, names: tuple[str, ...], output: Path) -> None:
    """Measure the clips of a folder, and write the means as JSON."""
    run = describe_run()
    drawings = [row for clip in find_clips(folder, names) for row in measure_clip(clip)]
    mean = np.mean(drawings, axis=0)
    table = {
        str(width): {f"{gap}, {bridge}": mean[i, j].round(4).tolist() for j, (gap, bridge) in enumerate(WAYS)}
        for i, width in enumerate(OPENINGS_PX)
    }
    for width, row in table.items():
        click.echo(
            f"{width:>3} px  " + "  ".join(f"{way}: {leak:.3f} {count:.2f}" for way, (leak, count) in row.items())
        )
    write_results(output, {"format": 1, **run, "drawings": len(drawings), "openings": table})


if __name__ == "__main__":
    main()
