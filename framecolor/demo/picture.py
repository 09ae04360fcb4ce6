"""Draw one picture of a painted shot: a row of drawings above their painted frames, with the keys marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.media import read_image, write_image
from framecolor.shot.shot import Shot

Rgb = NDArray[np.uint8]

PAGE = (244, 241, 236)
_CARD = (255, 255, 255)
TEXT = (92, 86, 80)
KEY = (214, 72, 84)
_GAP_PX = 10
_MARGIN_PX = 18
_HEADING_PX = 30
_SMOOTH = 4  # text is drawn this many times larger, then area-averaged


def write_picture(path: Path, shot: Shot, painted: Path, numbers: Sequence[int], width_px: int = 1600) -> None:
    """Write a PNG of `width_px`: the drawings `numbers` above their frames in the folder `painted`.

    Raises ReadError if a drawing or frame cannot be read, OutputError if the picture cannot be written.
    """
    drawings = [shot.read_line(number) for number in numbers]
    frames = [read_image(painted / shot.output_name(number)) for number in numbers]
    crop = find_figure([*drawings, *frames])
    cell_px = (width_px - 2 * _MARGIN_PX - (len(numbers) - 1) * _GAP_PX) // len(numbers)
    top, bottom = ([lay_on_card(image[crop], cell_px) for image in row] for row in (drawings, frames))
    height = top[0].shape[0]
    page = np.full((3 * _MARGIN_PX + 2 * (height + _HEADING_PX), width_px, 3), PAGE, np.uint8)
    for column, number in enumerate(numbers):
        x, y = _MARGIN_PX + column * (cell_px + _GAP_PX), _MARGIN_PX + _HEADING_PX
        is_key = number in shot.keys
        below = y + height + _MARGIN_PX + _HEADING_PX
        place_card(page, top[column], (x, y), None)
        place_card(page, bottom[column], (x, below), KEY if is_key else None)
        write_text(page, f"drawing {number}", (x + 4, y - 9), TEXT)
        write_text(page, "key, given" if is_key else "painted", (x + 4, below - 9), KEY if is_key else TEXT)
    write_image(path, np.dstack([page, np.full(page.shape[:2], 255, np.uint8)]))


def choose_numbers(shot: Shot, count: int = 6) -> list[int]:
    """Choose up to `count` drawings: the shot's keys, and others spread between them."""
    numbers, keys = list(shot.numbers), sorted(shot.keys)
    chosen = set(keys[:count])
    while len(chosen) < min(count, len(numbers)):
        # The drawing farthest from all chosen ones, by number.
        chosen.add(max(numbers, key=lambda number: min(abs(number - other) for other in chosen)))
    return sorted(chosen)


def find_figure(images: Sequence[NDArray[np.uint8]]) -> tuple[slice, slice]:
    """Find the part of the pictures with any drawing or paint, with a margin. Returns slices of rows and columns."""
    used = np.any([(image[..., 3] > 0) & (image.min(2) < 250) for image in images], axis=0)
    height = images[0].shape[0]
    rows, columns = np.flatnonzero(used.any(1)), np.flatnonzero(used.any(0))
    if not len(rows):
        return slice(None), slice(None)
    pad = height // 60
    return (
        slice(max(0, int(rows[0]) - pad), int(rows[-1]) + pad + 1),
        slice(max(0, int(columns[0]) - pad), int(columns[-1]) + pad + 1),
    )


def lay_on_card(image: NDArray[np.uint8], width_px: int) -> Rgb:
    """Lay a picture (uint8 HxWx4) over a white card, `width_px` wide."""
    alpha = image[..., 3:].astype(np.float32) / 255
    flat = image[..., :3] * alpha + np.array(_CARD, np.float32) * (1 - alpha)
    height = round(image.shape[0] * width_px / image.shape[1])
    return np.round(cv2.resize(flat, (width_px, height), interpolation=cv2.INTER_AREA)).astype(np.uint8)


def place_card(page: Rgb, card: Rgb, at: tuple[int, int], frame: tuple[int, int, int] | None) -> None:
    """Put a card on the page, with its upper left corner at `at`, and optionally a frame of that color."""
    (x, y), (height, width) = at, card.shape[:2]
    page[y : y + height, x : x + width] = card
    if frame is not None:
        cv2.rectangle(page, (x + 1, y + 1), (x + width - 2, y + height - 2), frame, 2)


def write_text(page: Rgb, text: str, at: tuple[int, int], color: tuple[int, int, int]) -> None:
    """Write text with its baseline starting at `at`, smoother than OpenCV's own small letters."""
    font, scale, thickness = cv2.FONT_HERSHEY_SIMPLEX, 0.5 * _SMOOTH, _SMOOTH + 1
    (width, height), base = cv2.getTextSize(text, font, scale, thickness)
    pad = 2 * _SMOOTH
    rows = -(-(height + base + 2 * pad) // _SMOOTH) * _SMOOTH
    columns = -(-(width + 2 * pad) // _SMOOTH) * _SMOOTH
    large = np.zeros((rows, columns), np.uint8)
    cv2.putText(large, text, (pad, height + pad), font, scale, 255, thickness, cv2.LINE_AA)
    small = cv2.resize(large, (columns // _SMOOTH, rows // _SMOOTH), interpolation=cv2.INTER_AREA)
    ink = small.astype(np.float32)[..., None] / 255
    left, top = at[0] - pad // _SMOOTH, max(0, at[1] - (height + pad) // _SMOOTH)
    part = page[top : top + ink.shape[0], left : left + ink.shape[1]]
    ink = ink[: part.shape[0], : part.shape[1]]
    part[:] = np.round(part * (1 - ink) + np.array(color, np.float32) * ink).astype(np.uint8)
