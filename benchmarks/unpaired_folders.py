"""Draw figures of a built set for the comparison on unpaired folders: sketches of some, color pictures of others."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from subjects import Rgb, Subject, describe_subject, opaque

from framecolor.core.types import Hint
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.media import write_image
from framecolor.training.character import draw_character
from framecolor.training.dataset import Dataset
from framecolor.training.extract_lines import LineStyle, draw_lines

FIGURE_PX = 256
# A picture shows this share of a figure's height, and so much of it as paper above the head.
_SHOWN_SHARE, _HEADROOM = 0.66, 0.03
_STYLE = LineStyle(width_px=1.8, wobble_px=0.3)


def write_folders(data: Dataset, source: str, count: int, folder: Path) -> tuple[Path, Path]:
    """Write `count` sketches of one half of a source's figures and `count` color pictures of the other half.

    Returns both folders; those that are complete are left as they are. Raises SystemExit if there is no such source.
    """
    characters = list_characters(data, source, "train")
    sides = {"sketches": characters[::2], "colors": characters[1::2]}
    for name, own in sides.items():
        if len(list((folder / name).glob("*.png"))) == count:
            continue
        shutil.rmtree(folder / name, ignore_errors=True)
        for number in range(count):
            files = own[number % len(own)]
            turn = number // len(own)
            ink, rgb = draw_figure(data, files[turn % len(files)], turn / max(1, count // len(own)), seed=number)
            picture = lay_ink(np.full_like(rgb, 255) if name == "sketches" else rgb, ink)
            write_image(folder / name / f"{number:03d}.png", opaque(picture))
    return folder / "sketches", folder / "colors"


def list_characters(data: Dataset, source: str, split: str) -> list[list[str]]:
    """List the sequence files of each figure of a source. Raises SystemExit if there is no such source."""
    by_source = data.characters_by_source("val" if split == "val" else "train")
    if source not in by_source:
        raise SystemExit(
            f"{data.folder} has no {split} figures of a source {source!r}; choose of {', '.join(by_source)}"
        )
    return by_source[source]


def read_twice(data: Dataset, source: str) -> list[tuple[Subject, Subject]]:
    """Read two drawings of each held-out figure, in the same paint and with the same lines' style."""
    pairs = []
    for number, files in enumerate(list_characters(data, source, "val")):
        name = Path(files[0]).stem
        first, second = (_make_subject(f"{name} {i}", *draw_figure(data, files[0], i, number)) for i in (0.0, 0.5))
        pairs.append((first, second))
    return pairs


def draw_figure(data: Dataset, file: str, moment: float, seed: int) -> tuple[NDArray[np.bool_], Rgb]:
    """Draw one frame of a sequence on a square: ink, bool HxW, and the paint below it, uint8 HxWx3 on white.

    moment  0 to 1: first to last frame; frames of one file and seed have the same paint and the same size
    """
    sequence = data.read(file)
    rng = np.random.default_rng(seed)
    table = draw_character([sequence], rng, recolored=False)
    ids = _frame(sequence.frames, int(moment * (len(sequence.frames) - 1) + 0.5))
    rgb = table.rgb[ids]
    ink, trace = draw_lines(table.fill[ids], table.inked[ids], table.solid[ids], rgb, _STYLE, rng)
    return ink | trace, rgb


def lay_ink(rgb: Rgb, ink: NDArray[np.bool_]) -> Rgb:
    """Lay black ink over paint."""
    return np.where(ink[..., None], np.uint8(0), rgb)


def _frame(frames: NDArray[np.uint16], index: int) -> NDArray[np.uint16]:
    """Place the upper part of a frame's figure on a square, in the same size for all frames of a sequence."""
    tallest = max(cv2.boundingRect((frame > 0).astype(np.uint8))[3] for frame in frames)
    left, top, width, _ = cv2.boundingRect((frames[index] > 0).astype(np.uint8))
    zoom = _SHOWN_SHARE * tallest / FIGURE_PX
    grid = np.arange(FIGURE_PX, dtype=np.float32) * zoom
    x, y = np.meshgrid(grid + left + (width - FIGURE_PX * zoom) / 2, grid + top - _HEADROOM * tallest)
    placed = cv2.remap(frames[index], x.astype(np.float32), y.astype(np.float32), cv2.INTER_NEAREST, borderValue=0)
    return np.asarray(placed, dtype=np.uint16)


def _make_subject(name: str, ink: NDArray[np.bool_], rgb: Rgb) -> Subject:
    drawing = np.zeros((*ink.shape, 4), np.uint8)
    drawing[ink] = (0, 0, 0, 255)
    frame = read_drawing(1, drawing)
    nothing = Hint(np.zeros_like(rgb), np.zeros(ink.shape, np.float32))
    return describe_subject(name, frame, find_regions(frame), rgb, nothing, rgb)
