"""Make the README's picture of `framecolor explore`: variations of a demo drawing, and below them of its painted key.

python scripts/make_explore_picture.py [--out benchmarks/pictures/explore.png]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click
import cv2
import numpy as np
from demo_shot.png import write_png
from make_readme_picture import reduce_colors

_ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(_ROOT))  # so that the script also runs from a checkout that is not installed

from framecolor.colorists.base import SamplingOptions, open_colorist  # noqa: E402
from framecolor.demo import copy_shot  # noqa: E402
from framecolor.explore import Inputs, explore, open_subject  # noqa: E402
from framecolor.explore.sheet import draw_sheet  # noqa: E402
from framecolor.media import read_image  # noqa: E402
from framecolor.networks.checkpoint import colorist_weights_path  # noqa: E402

_NAME = "fox.1013.png"
_COLUMNS = 5


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=_ROOT / "benchmarks" / "pictures" / "explore.png")
@click.option("--seed", default=0, show_default=True, help="Of the first variation.")
@click.option("--width", default=1200, show_default=True, help="Width in pixels.")
def main(out: Path, seed: int, width: int) -> None:
    """Paint two rows of variations with the shipped weights and write them as one picture."""
    colorist = open_colorist(colorist_weights_path())
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_shot(folder)
        for role, strength in (("line", 1.0), ("keys", 0.7)):
            subject = open_subject(folder / role / _NAME)
            options = SamplingOptions(seed=seed, strength=strength)
            made = explore(subject, colorist, Inputs(), options, _COLUMNS - 1, folder / f"{role}-out", model="shipped")
            pictures = [read_image(folder / f"{role}-out" / file) for file, _ in made.files]
            rows.append(draw_sheet(subject, pictures, [()] * len(pictures), columns=_COLUMNS))
    page = np.concatenate([row[..., :3] for row in rows])
    height = round(page.shape[0] * width / page.shape[1])
    small = cv2.resize(page, (width, height), interpolation=cv2.INTER_AREA)
    write_png(out, reduce_colors(np.dstack([small, np.full(small.shape[:2], 255, np.uint8)])))
    click.echo(f"{out}: {out.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
