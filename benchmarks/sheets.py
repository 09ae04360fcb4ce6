"""Draw a contact sheet of a clip: drawing, painted frame, truth, and wrong regions in red."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.compositing import lay_over_color
from framecolor.evaluation.metrics.regions import label_line_art, pack_rgb, vote_regions
from framecolor.lineart.lines import read_drawing
from framecolor.media import write_image

Rgba = NDArray[np.uint8]
Reader = Callable[[int], Rgba]

_CELL_PX = 360
_MOST_FRAMES = 8
_RED = (230, 30, 30)
_GAP_PX = 6


def write_sheet(
    path: Path, numbers: Sequence[int], line: Reader, painted: Reader, truth: Reader, tolerance: int
) -> None:
    """Write a sheet of up to eight spread frames: a column each, with drawing, painted, truth and wrong regions."""
    picks = np.unique(np.linspace(0, len(numbers) - 1, min(_MOST_FRAMES, len(numbers))).round().astype(int))
    columns = [_column(line(n), painted(n), truth(n), tolerance) for n in (numbers[i] for i in picks)]
    sheet = np.hstack(columns)
    write_image(path, np.dstack([sheet, np.full(sheet.shape[:2], 255, np.uint8)]))


def _column(line: Rgba, painted: Rgba, truth: Rgba, tolerance: int) -> NDArray[np.uint8]:
    labels = label_line_art(line, read_drawing(0, line).ink)
    seen = [lay_over_color(rgba) for rgba in (line, painted, truth)]
    votes = vote_regions(labels, pack_rgb(seen[2]), pack_rgb(seen[1]), tolerance)
    wrong = np.concatenate([[False], ~votes.right])[labels]
    marked = (seen[0] // 2 + 127).astype(np.uint8)
    marked[wrong] = _RED
    return np.vstack([_shrink(cell) for cell in (*seen, marked)])


def _shrink(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = min(1.0, _CELL_PX / max(rgb.shape[:2]))
    size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return np.pad(small, ((0, _GAP_PX), (0, _GAP_PX), (0, 0)), constant_values=200)
