"""A contact sheet of a data set: frames of random characters as line art and colors, as in training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.errors import ReadError
from framecolor.training.character import draw_character
from framecolor.training.contact_sheet import write_contact_sheet
from framecolor.training.dataset import Dataset
from framecolor.training.stage import Drawing, Pose, Stage


def write_sheet(
    data: Path, path: Path, *, source: str | None, rows: int, columns: int, size_px: int, seed: int
) -> None:
    """Write `rows` episodes of `columns` frames each, lines left and colors right, as one PNG.

    Raises ReadError if `data` is not a data set or does not have the source.
    """
    dataset = Dataset(data)
    by_source = dataset.characters_by_source("train")
    if source is not None and source not in by_source:
        raise ReadError(data, f"has no source {source}", f"choose one of {', '.join(by_source)}")
    names = [source] if source is not None else list(by_source)
    pictures: list[list[NDArray[np.uint8]]] = []
    for row in range(rows):
        rng = np.random.default_rng([seed, row])
        characters = by_source[names[row % len(names)]]
        files = characters[int(rng.integers(len(characters)))]
        sequences = [dataset.read(file) for file in files]
        stage = Stage.draw(size_px, draw_character(sequences, rng), rng)
        frames = sequences[int(rng.integers(len(sequences)))].frames
        chosen = np.linspace(0, len(frames) - 1, columns).round().astype(int)
        drawings = [stage.draw_frame(frames[i], Pose.draw(rng), rng) for i in chosen]
        pictures.append([picture for drawing in drawings for picture in (draw_planes(drawing), paint(drawing))])
    write_contact_sheet(pictures, path)


def draw_planes(drawing: Drawing) -> NDArray[np.uint8]:
    """Show ink dark (its plane of nearness, see `lineart.input_planes`) and trace lines red on white, uint8 HxWx3."""
    ink, trace = drawing.planes[0] ** 2, drawing.planes[6]
    picture = np.stack([1 - ink, 1 - np.maximum(ink, trace), 1 - np.maximum(ink, trace)], axis=2)
    return (picture.clip(0, 1) * 255).astype(np.uint8)


def paint(drawing: Drawing) -> NDArray[np.uint8]:
    """Show the colors, uint8 HxWx3."""
    return (drawing.rgb * 255).round().astype(np.uint8)
