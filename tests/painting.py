"""What the tests of whole runs share: paint a small shot, and look at what came out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from framecolor import Event, Outcome, Progress, Settings, Shot, colorize, colorize_stencils
from framecolor.media import read_image

_PLACES = ("keys", "hints", "stencils", "corrections", "frames")

FIT = 3
"""Steps of the fits here: as good as none, and long enough to be stopped half-way."""

Pixels = NDArray[np.uint8]


def paint(root: Path | str, out: Path | None = None, **given: Any) -> Outcome:
    """Open a shot and paint it; `given` are settings, what `Shot.open` takes, or progress(stage, done, total)."""
    places = {name: given.pop(name) for name in _PLACES if name in given}
    progress = given.pop("progress", None)

    def listen(event: Event) -> None:
        if isinstance(event, Progress) and progress is not None:
            progress(event.stage, event.done, event.total)

    colorize_shot = colorize_stencils if "stencils" in places else colorize
    return colorize_shot(Shot.open(root, **places), out, Settings(**given), listen)


def read_frames(folder: Path) -> dict[str, Pixels]:
    """Name -> pixels of every frame in a folder."""
    return {path.name: read_image(path) for path in sorted(folder.glob("*.png"))}


def read_bytes(folder: Path) -> dict[str, bytes]:
    """Name -> content of every frame in a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.png"))}


def read_all(folder: Path) -> dict[str, bytes]:
    """Path -> content of every file below a folder, also of hidden ones."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def list_files(folder: Path) -> dict[str, int]:
    """Path -> time of the last change of every file below a folder, also of hidden ones."""
    return {str(p.relative_to(folder)): p.stat().st_mtime_ns for p in sorted(folder.rglob("*")) if p.is_file()}


def colors_of(pixels: Pixels) -> set[tuple[int, ...]]:
    """The RGBA values of an image, or of some of its pixels."""
    return {tuple(color) for color in np.unique(pixels.reshape(-1, 4), axis=0).tolist()}


def copy_shot(root: Path, target: Path) -> Path:
    """A copy to change, files with their times."""
    shutil.copytree(root, target)
    return target


def share_equal(a: Pixels, b: Pixels) -> float:
    """Share of pixels that are the same."""
    return float((a == b).all(axis=-1).mean())
