"""Make the README's opening picture from a painted demo: drawings in a row, the painted frames under them.

framecolor demo -o DEMO
python scripts/make_readme_picture.py DEMO [--out benchmarks/pictures/demo.png]
"""

from __future__ import annotations

import sys
from pathlib import Path

import click
import cv2
import numpy as np
from demo_shot.png import write_png

_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT))  # so that the script also runs from a checkout that is not installed

from framecolor.demo.picture import write_picture  # noqa: E402
from framecolor.media import read_image  # noqa: E402
from framecolor.shot.shot import Shot  # noqa: E402

# Keys 1001, 1013, 1029 and, between them, a turn with a half-closed eye, a crouch and a hop.
_NUMBERS = (1001, 1006, 1013, 1021, 1024, 1029)
_COLORS = 240


@click.command()
@click.argument("demo", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path), default=_ROOT / "benchmarks" / "pictures" / "demo.png")
@click.option("--painted", type=click.Path(path_type=Path), help="Folder of the painted frames.  [default: DEMO/color]")
@click.option("--width", default=1600, show_default=True, help="Width in pixels.")
def main(demo: Path, out: Path, painted: Path | None, width: int) -> None:
    """Write the picture of the painted demo in DEMO."""
    write_picture(out, Shot.open(demo), painted or demo / "color", _NUMBERS, width)
    write_png(out, reduce_colors(read_image(out)))
    click.echo(f"{out}: {out.stat().st_size / 1e3:.0f} kB")


def reduce_colors(rgba: np.ndarray) -> np.ndarray:
    """The picture in at most 240 colors, by k-means over its colors, so that the file is a third of the size."""
    colors, index, count = np.unique(rgba[..., :3].reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    if len(colors) <= _COLORS:
        return rgba
    # Frequent colors are the flat fills: the first centers are these, so that they come out as they are.
    order = np.argsort(-count, kind="stable")
    centers = colors[order[:_COLORS]].astype(np.float32)
    for _ in range(6):
        nearest = _find_nearest(colors, centers)
        weight = np.bincount(nearest, count, _COLORS)
        sums = np.stack([np.bincount(nearest, count * colors[:, c], _COLORS) for c in range(3)], 1)
        moved = sums / np.maximum(weight, 1)[:, None]
        centers[48:] = np.where(weight[:, None] > 0, moved, centers)[48:]
    table = np.round(centers).astype(np.uint8)
    reduced = table[_find_nearest(colors, centers)][index].reshape(*rgba.shape[:2], 3)
    return np.dstack([reduced, rgba[..., 3]])


def _find_nearest(colors: np.ndarray, centers: np.ndarray) -> np.ndarray:
    matcher = cv2.BFMatcher(cv2.NORM_L2)
    matches = matcher.match(colors.astype(np.float32), centers)
    return np.array([match.trainIdx for match in matches], np.intp)


if __name__ == "__main__":
    main()
