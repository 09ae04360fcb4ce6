"""Composite lines over paint, and make paper transparent or white."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import Regions

WHITE = np.array([255, 255, 255, 255], np.uint8)


def lay_over(ink: NDArray[np.uint8], paint: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Composite ink over paint, both uint8 HxWx4 with straight alpha.

    Pixels without ink keep the paint, and pixels of opaque ink or without paint keep the ink, to the bit.
    """
    out = np.ascontiguousarray(paint).copy()
    packed, pixels = (np.ascontiguousarray(picture).view(np.uint32).ravel() for picture in (ink, out))
    inked = np.flatnonzero(packed > 0xFFFFFF)  # alpha is the highest byte
    over = packed[inked]
    opaque = over >= 0xFF000000
    pixels[inked[opaque]] = over[opaque]
    soft = inked[~opaque]
    if len(soft):
        # Planar, as [4, N]: several times as fast as [N, 4].
        top, under = (np.ascontiguousarray(values[soft].view(np.uint8).reshape(-1, 4).T) for values in (packed, pixels))
        top, under = top.astype(np.uint32), under.astype(np.uint32)
        top_weight = top[3] * 255
        under_weight = under[3] * (255 - top[3])
        alpha = top_weight + under_weight
        mixed = np.empty((len(soft), 4), np.uint8)
        mixed[:, :3] = ((top[:3] * top_weight + under[:3] * under_weight + alpha // 2) // alpha).T
        mixed[:, 3] = (alpha + 127) // 255
        pixels[soft] = mixed.view(np.uint32)[:, 0]
    return out


def lay_over_color(
    rgba: NDArray[np.uint8], color: NDArray[np.uint8] | tuple[int, int, int] = (255, 255, 255)
) -> NDArray[np.uint8]:
    """Composite a picture, uint8 HxWx4 with straight alpha, over one opaque color: uint8 HxWx3, rounded to nearest."""
    if rgba[..., 3].min(initial=255) == 255:
        return rgba[..., :3].copy()
    alpha = rgba[..., 3:].astype(np.uint16)
    return ((rgba[..., :3] * alpha + np.asarray(color, np.uint16) * (255 - alpha) + 127) // 255).astype(np.uint8)


def measure_difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Measure the greatest difference of red, green and blue between two pictures, uint8 HxWx3 or HxWx4: uint8 HxW."""
    apart = cv2.split(cv2.absdiff(one, other))
    return np.asarray(cv2.max(cv2.max(apart[0], apart[1]), apart[2]), np.uint8)


def clear_paper(
    colors: NDArray[np.uint8], regions: Regions, figure: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """Make the paper transparent in the regions' colors, uint8 [count + 1, 4].

    If no region is transparent, the keys were painted on opaque white: then the white regions that touch the picture's
    border are paper, but for those of the figure. Other white regions stay white, also those next to the paper.

    figure  bool [count + 1]: regions that are no paper; None: not known
    """
    if (colors[1:, 3] == 0).any():
        return colors
    paper = regions.along_border & (colors == WHITE).all(axis=1)
    out = colors.copy()
    out[paper if figure is None else paper & ~figure, 3] = 0
    return out


def fill_paper(paint: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make the transparent pixels of paint, uint8 HxWx4, opaque white."""
    out = paint.copy()
    out[out[..., 3] == 0] = WHITE
    return out
