"""Write pictures of the README and the docs as small files; shared by the scripts that make them."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image

PICTURES = Path(__file__).resolve().parent.parent / "benchmarks" / "pictures"


def write_small_png(path: Path, rgb: NDArray[np.uint8]) -> None:
    """Write a picture (uint8 HxWx3) with a palette of 256 colors, a third of the size, and print the file's size."""
    reduced = Image.fromarray(rgb).quantize(256, kmeans=6, dither=Image.Dither.NONE)
    reduced.save(path, optimize=True)
    click.echo(f"{path}: {path.stat().st_size / 1e3:.0f} kB")
