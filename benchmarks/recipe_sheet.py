"""Draw the picture of the comparison: a row for each system, a column for each drawing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from subjects import Rgb, Subject, opaque

from framecolor.core.compositing import lay_over, lay_over_color
from framecolor.media import write_image

# Number of drawings that are shown.
_SHOWN = 4
_CELL_PX = 200
_TITLE_PX = 300


def write_rows(path: Path, rows: Mapping[str, list[Rgb]]) -> None:
    """Write a sheet with a row of pictures for each title."""
    most = max(len(cells) for cells in rows.values())
    strips = []
    for title, cells in rows.items():
        label = np.full((_CELL_PX, _TITLE_PX, 3), 255, np.uint8)
        lines = title.split(" | ")
        for i, part in enumerate(lines):
            y = _CELL_PX // 2 + 24 * i - 12 * max(0, len(lines) - 2)
            cv2.putText(label, part, (8, y), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (0, 0, 0), 1, cv2.LINE_AA)
        strips.append(np.hstack([label, *cells, *[_blank()] * (most - len(cells))]))
    sheet = np.vstack(strips)
    write_image(path, opaque(sheet))


def lay_lines(rgb: Rgb, subject: Subject) -> Rgb:
    """Lay the drawing's lines over a picture."""
    return lay_over_color(lay_over(subject.frame.ink, opaque(rgb)))


def draw_bare(subject: Subject) -> Rgb:
    """Draw the lines alone, on white."""
    return lay_lines(np.full_like(subject.truth, 255), subject)


def spread(items: list[Any]) -> list[Any]:
    """Choose some of the items, evenly spread."""
    return [items[i] for i in np.linspace(0, len(items) - 1, _SHOWN).round().astype(int)]


def _blank() -> Rgb:
    """Make an empty cell of the sheet."""
    return np.full((_CELL_PX, _CELL_PX, 3), 255, np.uint8)


def cell(rgb: Rgb) -> Rgb:
    """Scale a picture to fit into a cell."""
    scale = (_CELL_PX - 8) / max(rgb.shape[:2])
    small = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    out = _blank()
    out[4 : 4 + small.shape[0], 4 : 4 + small.shape[1]] = small
    return out
