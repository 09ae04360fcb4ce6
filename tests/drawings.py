"""Small drawings for the tests: a figure of a few regions that moves, as line art and as painted frames."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from framecolor import InputError, Shot
from framecolor.media import write_image

SIZE = (96, 128)
SKIN, COAT, SCARF, PAPER = (250, 214, 180, 255), (60, 90, 160, 255), (200, 40, 50, 255), (255, 255, 255, 0)
PALETTE = {SKIN, COAT, SCARF, PAPER}


def draw(step: int, size: tuple[int, int] = SIZE) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Line art (black ink on transparent) and the painted frame of one step of a figure that walks to the right."""
    height, width = size
    x = 36 + 3 * step
    head, body, scarf = (x, 28), (x, 62), ((x - 14, 42), (x + 14, 50))
    paint = np.zeros((height, width, 4), np.uint8)
    paint[:] = PAPER
    line = np.zeros((height, width), np.uint8)
    for shape, color in (("body", COAT), ("head", SKIN), ("scarf", SCARF)):
        for target, value, thickness in ((paint, color, -1), (line, 0, -1), (line, 255, 2)):
            if shape == "scarf":
                cv2.rectangle(target, *scarf, value, thickness)
            else:
                center, axes = (head, (14, 16)) if shape == "head" else (body, (22, 20))
                cv2.ellipse(target, center, axes, 0, 0, 360, value, thickness)
    ink = np.zeros((height, width, 4), np.uint8)
    ink[..., 3] = line
    painted = paint.copy()
    painted[line > 0] = (0, 0, 0, 255)
    return ink, painted


def make_shot(
    folder: Path, frames: int = 7, keys: tuple[int, ...] = (0, 6), first: int = 1001, name: str = "cut.{:04d}.png"
) -> Path:
    """A shot folder with line/ and keys/."""
    for step in range(frames):
        line, painted = draw(step)
        write_image(folder / "line" / name.format(first + step), line)
        if step in keys:
            write_image(folder / "keys" / name.format(first + step), painted)
    return folder


def refuse(path: str | Path, *words: str, **options: str | Path) -> str:
    """Check that opening a shot raises an InputError of one line, with a fix and all of the words; return its text."""
    with pytest.raises(InputError) as caught:
        Shot.open(path, **options)  # type: ignore[arg-type]
    message = str(caught.value)
    assert caught.value.fix and "\n" not in message
    assert [word for word in words if word not in message] == [], message
    return message
