"""Make the picture of docs/lines.md: the demo shot with one key whose lines are recolored, and frames painted from it.

python scripts/make_lines_picture.py [--out benchmarks/pictures/lines.png]
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from small_png import PICTURES, write_small_png

from framecolor import Shot, colorize
from framecolor.config.settings import Settings
from framecolor.core.compositing import lay_over, lay_over_color
from framecolor.demo import copy_shot
from framecolor.lineart.drawn import read_lines, segment
from framecolor.lineart.line_sides import find_line_sides
from framecolor.lineart.region_colors import region_colors
from framecolor.media import read_image, write_image
from framecolor.render.flat import paint_flat

# The key, and the frames that are shown beside it.
_KEY, _FRAMES = 1001, (1004, 1006)
_SHADE = 0.5
# What each row shows of the frames: the whole figure, and its head.
_HEIGHT_PX, _WIDTH_PX = 360, 330


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=PICTURES / "lines.png")
def main(out: Path) -> None:
    """Write the picture of line colors."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        copy_shot(folder)
        shot = Shot.open(folder)
        name = shot.keys[_KEY].name
        drawing, key = shot.read_line(_KEY), recolor(shot.read_line(_KEY), shot.read_key(_KEY))
        for path in (folder / "keys").iterdir():
            path.unlink()
        write_image(folder / "keys" / name, key)
        outcome = colorize(Shot.open(folder, frames=f"{_KEY}-{max(_FRAMES)}"), folder / "color", Settings())
        painted = [read_image(outcome.out / shot.output_name(number)) for number in _FRAMES]
    rows, columns = np.nonzero(drawing[..., 3])
    top, middle = int(rows.min()) - 10, int(columns.mean())
    pictures = [lay_over_color(one) for one in (drawing, key, *painted)]
    window = np.s_[max(0, top) : max(0, top) + _HEIGHT_PX, middle - _WIDTH_PX // 2 : middle + _WIDTH_PX // 2]
    write_small_png(out, np.hstack([picture[window] for picture in pictures]))


def recolor(drawing: NDArray[np.uint8], key: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Recolor a key's lines as a painter does: each in a shade of the lighter fill beside it, uint8 HxWx4."""
    settings = Settings()
    frame = read_lines(_KEY, drawing, settings)
    regions = segment(frame, settings)
    sides = find_line_sides(regions)
    assert sides is not None
    colors = region_colors(key, frame, regions).color
    both = [colors[side].astype(int) for side in (sides.first, sides.second)]
    light = [np.where(side[..., 3] > 0, side[..., :3].sum(axis=2), -1) for side in both]
    fill = np.where((light[0] >= light[1])[..., None], both[0], both[1])[..., :3]
    ink = frame.ink.copy()
    sides.box.crop(ink)[..., :3] = np.rint(fill * _SHADE)
    return lay_over(ink, paint_flat(regions, colors))


if __name__ == "__main__":
    main()
