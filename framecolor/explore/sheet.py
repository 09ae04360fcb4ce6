"""The contact sheet: the drawing or key, and each variation with its number and paints."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.demo.picture import KEY, PAGE, TEXT, find_figure, lay_on_card, place_card, write_text
from framecolor.explore.subject import Subject
from framecolor.media import read_image

_COLUMNS = 3
_MARGIN_PX, _GAP_PX, _HEADING_PX = 18, 12, 28
_SWATCH_PX = 18
_MOST_SWATCHES = 14
_LEAST_CELL_PX, _MOST_CELL_PX = 360, 520

Color = tuple[int, int, int, int]


def draw_sheet(
    subject: Subject,
    pictures: Sequence[NDArray[np.uint8]],
    palettes: Sequence[Sequence[Color]],
    *,
    columns: int = _COLUMNS,
) -> NDArray[np.uint8]:
    """Draw the drawing or key and all variations on one page, uint8 HxWx4, in rows of `columns`.

    pictures  the variations, uint8 HxWx4 of the drawing's size
    palettes  paints of each variation, of which the first are drawn below it
    """
    first = read_image(subject.line if subject.key is None else subject.key)
    crop = find_figure([first, *pictures])
    width = min(max(first[crop].shape[1], _LEAST_CELL_PX), _MOST_CELL_PX)
    cards = [lay_on_card(picture[crop], width) for picture in (first, *pictures)]
    titles = ["drawing" if subject.key is None else "key", *(str(i + 1) for i in range(len(pictures)))]
    columns = min(columns, len(cards))
    rows = -(-len(cards) // columns)
    height = cards[0].shape[0]
    cell = _HEADING_PX + height + _SWATCH_PX + _GAP_PX
    page = np.full(
        (2 * _MARGIN_PX + rows * cell, 2 * _MARGIN_PX + columns * (width + _GAP_PX) - _GAP_PX, 3), PAGE, np.uint8
    )
    for i, (card, title) in enumerate(zip(cards, titles, strict=True)):
        x = _MARGIN_PX + i % columns * (width + _GAP_PX)
        y = _MARGIN_PX + i // columns * cell + _HEADING_PX
        place_card(page, card, (x, y), None if i else KEY)
        write_text(page, title, (x + 4, y - 9), TEXT if i else KEY)
        if i:
            _draw_paints(page, palettes[i - 1], x + 4, y + height + 4)
    return np.dstack([page, np.full(page.shape[:2], 255, np.uint8)])


def _draw_paints(page: NDArray[np.uint8], palette: Sequence[Color], x: int, y: int) -> None:
    for i, color in enumerate(palette[:_MOST_SWATCHES]):
        left, right = x + i * (_SWATCH_PX + 4), x + i * (_SWATCH_PX + 4) + _SWATCH_PX
        cv2.rectangle(page, (left, y), (right, y + _SWATCH_PX - 4), color[:3], -1)
        cv2.rectangle(page, (left, y), (right, y + _SWATCH_PX - 4), TEXT, 1)
