"""Measure what the names of tones in a palette are worth where no key shows a shadow.

    python benchmarks/tones.py --picture benchmarks/pictures/tones.png

The shot is drawn in code (`toned_shot.py`): in its one key only the skin is shaded, in all other drawings hair and coat
are as well. It is painted with a palette without names and with the same palette with names. A pixel is wrong if its
color is not exactly the true one; ink and paper do not count.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np
from record import RESULTS, write_results
from toned_shot import INK, Rgba, make_toned_shot, write_toned_palette

from framecolor import Settings, Shot, colorize
from framecolor.bench.machine import describe_run
from framecolor.core.compositing import lay_over_color
from framecolor.media import read_image, write_image

_FRAMES, _SHOWN = 6, 3
_TITLES = {"names": "film.gpl", "no_names": "bare.gpl"}


@click.command()
@click.option("--picture", type=click.Path(path_type=Path), help="Also draw the key and a frame of both.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=RESULTS / "tones.json", show_default=True)
def main(picture: Path | None, output: Path) -> None:
    """Paint the shot with both palettes, and count wrong pixels."""
    run = describe_run()
    wrong: dict[str, Any] = {}
    shown: list[Rgba] = []
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        truths = make_toned_shot(folder, _FRAMES)
        write_toned_palette(folder / "bare.gpl", named=False)
        shown.append(read_image(folder / "keys/0001.png"))
        for title, palette in reversed(_TITLES.items()):
            colorize(Shot.open(folder), folder / title, Settings(palette=palette))
            frames = {number: read_image(folder / title / f"{number:04d}.png") for number in truths if number > 1}
            wrong[title] = round(float(np.mean([measure_wrong(frames[n], truths[n]) for n in frames])), 4)
            shown.append(frames[_SHOWN])
    write_results(output, {"format": 1, **run, "frames": _FRAMES, "wrong": wrong})
    for title, share in wrong.items():
        click.echo(f"{title}: {share:.1%} of the figure's pixels are wrong")
    if picture is not None:
        write_image(picture, _lay_out(shown))


def measure_wrong(painted: Rgba, truth: Rgba) -> float:
    """Measure the share of the figure's pixels without ink whose color is not the true one."""
    figure = (truth[..., 3] > 0) & (truth != INK).any(axis=2)
    return float((painted != truth).any(axis=2)[figure].mean())


def _lay_out(pictures: list[Rgba]) -> Rgba:
    """Lay pictures side by side on white, each cut to its figure."""
    cells = []
    for one in pictures:
        left, right = np.flatnonzero((one[..., 3] > 0).any(axis=0))[[0, -1]]
        cells.append(lay_over_color(one[:, max(0, left - 24) : right + 24]))
    sheet = np.hstack(cells)
    return np.dstack([sheet, np.full(sheet.shape[:2], 255, np.uint8)])


if __name__ == "__main__":
    main()
