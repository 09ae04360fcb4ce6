"""Make the picture of `framecolor explore` in docs/painter.md: variations of a demo drawing, and of its painted key.

python scripts/make_explore_picture.py [--out benchmarks/pictures/explore.png]
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
import cv2
import numpy as np
from small_png import PICTURES, write_small_png

from framecolor.colorists.base import SamplingOptions
from framecolor.colorists.open import open_colorist
from framecolor.demo import copy_shot
from framecolor.explore import Inputs, explore, open_subject
from framecolor.explore.sheet import draw_sheet
from framecolor.media import read_image
from framecolor.networks.checkpoint import colorist_weights_path

_NAME = "fox.1013.png"
_COLUMNS = 5
_WIDTH_PX = 1200


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=PICTURES / "explore.png")
def main(out: Path) -> None:
    """Paint two rows of variations with the shipped weights and write them as one picture."""
    colorist = open_colorist(colorist_weights_path())
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_shot(folder)
        for role, strength in (("line", 1.0), ("keys", 0.7)):
            subject = open_subject(folder / role / _NAME)
            options = SamplingOptions(seed=0, strength=strength)
            made = explore(subject, colorist, Inputs(), options, _COLUMNS - 1, folder / f"{role}-out", model="shipped")
            pictures = [read_image(folder / f"{role}-out" / file) for file, _ in made.files]
            rows.append(draw_sheet(subject, pictures, [()] * len(pictures), columns=_COLUMNS))
    page = np.concatenate([row[..., :3] for row in rows])
    height = round(page.shape[0] * _WIDTH_PX / page.shape[1])
    small = cv2.resize(page, (_WIDTH_PX, height), interpolation=cv2.INTER_AREA)
    write_small_png(out, np.asarray(small, np.uint8))


if __name__ == "__main__":
    main()
