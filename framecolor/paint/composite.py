"""Line over paint, and what the paper becomes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.settings import Background

WHITE = np.array([255, 255, 255, 255], np.uint8)


def lay_over(ink: NDArray[np.uint8], paint: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Straight-alpha composite of ink over paint, both uint8 HxWx4.

    Where there is no ink the paint's pixels come out unchanged, and where ink is opaque or nothing is painted the
    ink's, to the bit.
    """
    out = paint.copy()
    rows, columns = np.nonzero(ink[..., 3])
    if not len(rows):
        return out
    top, under = ink[rows, columns].astype(np.uint32), paint[rows, columns].astype(np.uint32)
    top_weight = top[:, 3:] * 255
    under_weight = under[:, 3:] * (255 - top[:, 3:])
    alpha = top_weight + under_weight
    mixed = np.empty_like(top, dtype=np.uint8)
    mixed[:, :3] = (top[:, :3] * top_weight + under[:, :3] * under_weight + alpha // 2) // alpha
    mixed[:, 3:] = (alpha + 127) // 255
    out[rows, columns] = mixed
    return out


def set_background(paint: NDArray[np.uint8], background: Background) -> NDArray[np.uint8]:
    """Paint with its paper as wished.

    Paper is what is transparent and, when nothing is, the white areas that touch the picture's border (keys that were
    painted on opaque white).
    """
    if background == "keys":
        return paint
    empty = paint[..., 3] == 0
    if background == "paper":
        out = paint.copy()
        out[empty] = WHITE
        return out
    return paint if empty.any() else _clear_white_border(paint)


def _clear_white_border(paint: NDArray[np.uint8]) -> NDArray[np.uint8]:
    white = (paint.view(np.uint32)[..., 0] == WHITE.view(np.uint32)[0]).astype(np.uint8)
    areas = cv2.connectedComponents(white, connectivity=4)[1]
    edge = np.concatenate([areas[0], areas[-1], areas[:, 0], areas[:, -1]])
    outer = np.zeros(int(areas.max()) + 1, bool)
    outer[edge] = True
    outer[0] = False
    out = paint.copy()
    out[outer[areas], 3] = 0
    return out
