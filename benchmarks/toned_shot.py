"""A shot in code whose figure has shadows between trace lines, some of them in no key, and its palette with names."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.media import write_image

Rgba = NDArray[np.uint8]
"""uint8 HxWx4, straight RGBA."""

SIZE = (240, 320)
PAPER, INK, TRACE = (255, 255, 255, 0), (0, 0, 0, 255), (0, 0, 255, 255)
COLORS = {
    "skin": (255, 224, 189, 255),
    "skin shadow": (214, 160, 125, 255),
    "hair": (120, 70, 40, 255),
    "hair shadow": (70, 36, 20, 255),
    "coat": (60, 90, 160, 255),
    "coat shadow": (34, 52, 104, 255),
    "boots": (46, 40, 38, 255),
}
SHADED_IN_KEY = ("skin",)

# Each part: center and half axes of its ellipse, and how its shadow is cut off: the share of the height that stays lit.
_PARTS = (
    ("coat", (0, 60), (46, 58), 0.3),
    ("boots", (-22, 112), (20, 12), None),
    ("boots", (24, 112), (20, 12), None),
    ("hair", (0, -48), (40, 36), 0.25),
    ("skin", (0, -30), (24, 26), 0.35),
)


def draw_toned(step: int, shaded: tuple[str, ...]) -> tuple[Rgba, Rgba]:
    """Draw one step of a figure that walks to the right: line art on transparent, and the truth, both uint8 HxWx4.

    shaded  parts with a shadow, below a blue trace line
    """
    line = np.zeros((*SIZE, 4), np.uint8)
    paint = np.zeros((*SIZE, 4), np.uint8)
    paint[:] = PAPER
    middle = (110 + 8 * step, 112)
    for part, (dx, dy), axes, lit in _PARTS:
        center = (middle[0] + dx + step % 2 * 2, middle[1] + dy)
        inside = np.zeros(SIZE, np.uint8)
        cv2.ellipse(inside, center, axes, 0, 0, 360, 1, -1)
        line[inside > 0] = 0
        paint[inside > 0] = COLORS[part]
        if lit is not None and part in shaded:
            dark = np.zeros(SIZE, np.uint8)
            edge = (center[0] - 10, center[1] + round(lit * axes[1]) + axes[1])
            cv2.ellipse(dark, edge, (2 * axes[0], axes[1]), 8, 0, 360, 1, -1)
            paint[(dark & inside) > 0] = COLORS[f"{part} shadow"]
            border = np.zeros(SIZE, np.uint8)
            cv2.ellipse(border, edge, (2 * axes[0], axes[1]), 8, 0, 360, 1, 2)
            line[(border & inside) > 0] = TRACE
        outline = np.zeros(SIZE, np.uint8)
        cv2.ellipse(outline, center, axes, 0, 0, 360, 1, 2)
        line[outline > 0] = INK
    painted = paint.copy()
    painted[line[..., 3] > 0] = np.where((line[line[..., 3] > 0][:, 2] > 0)[:, None], paint[line[..., 3] > 0], INK)
    return line, painted


def make_toned_shot(folder: Path, frames: int = 5) -> dict[int, Rgba]:
    """Write line/, keys/ with the first drawing, in which only the skin is shaded, and film.gpl. Returns all truths."""
    truths = {}
    for step in range(frames):
        shaded = SHADED_IN_KEY if step == 0 else ("skin", "hair", "coat")
        line, truth = draw_toned(step, shaded)
        write_image(folder / f"line/{step + 1:04d}.png", line)
        if step == 0:
            write_image(folder / "keys/0001.png", truth)
        truths[step + 1] = truth
    write_toned_palette(folder / "film.gpl")
    return truths


def write_toned_palette(path: Path, *, named: bool = True) -> None:
    """Write the colors as .gpl, with or without the names of their parts."""
    rows = [f"{r} {g} {b}\t{name if named else f'paint {k}'}" for k, (name, (r, g, b, _)) in enumerate(COLORS.items())]
    path.write_text("GIMP Palette\nName: film\n" + "\n".join(rows) + "\n", "utf-8")
