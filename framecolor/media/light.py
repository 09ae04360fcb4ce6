"""Convert colors that are multiplied with alpha, or are linear light, to straight sRGB."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from framecolor.media.pixels import Pixels


def divide_by_alpha(data: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Divide the colors of HxWxC pixels by their alpha, the last channel, rounded to the nearest integer."""
    soft, out, full = _find_soft(data)
    colors, alpha = out[soft, :-1].astype(np.int64), out[soft, -1:].astype(np.int64)
    out[soft, :-1] = np.minimum((colors * full + alpha // 2) // alpha, full)
    return out


def round_again(data: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Round again the colors of HxWxC pixels that were divided by alpha, the last channel, and rounded down.

    The premultiplied color was an integer, which is recovered and divided to the nearest: over any background the
    result gives the same image as the file. Fully transparent pixels become white.
    """
    soft, out, full = _find_soft(data)
    colors, alpha = out[soft, :-1].astype(np.int64), out[soft, -1:].astype(np.int64)
    out[soft, :-1] = np.minimum((-(-colors * alpha // full) * 2 * full + alpha) // (2 * alpha), full)
    out[out[..., -1] == 0, :-1] = full
    return out


def encode_light(data: NDArray[np.float32], channels: str, *, premultiplied: bool) -> Pixels:
    """Encode linear light, HxWxC, as sRGB: uint8 HxWx4 straight RGBA; alpha is 255 if missing.

    channels       one letter each: r, g, b, a, y for grey
    premultiplied  colors are multiplied with alpha
    """
    out = np.full((*data.shape[:2], 4), 255, np.uint8)
    alpha = np.nan_to_num(data[..., channels.find("a")]) if "a" in channels else None
    if alpha is not None:
        out[..., 3] = np.rint(np.clip(alpha, 0, 1) * 255)
    for target, name in enumerate("rgb"):
        light = data[..., channels.find("y" if "y" in channels else name)]
        if premultiplied and alpha is not None:
            with np.errstate(over="ignore", invalid="ignore"):  # infinite light is clipped to white below
                light = np.divide(light, alpha, out=light.copy(), where=(alpha > 0) & (alpha < 1))
        index = np.rint(np.clip(np.nan_to_num(light), 0, 1) * 65535).astype(np.uint16)
        out[..., target] = _srgb_table()[index]
    return out


def _find_soft(data: NDArray[np.uint8] | NDArray[np.uint16]) -> tuple[NDArray[np.bool_], NDArray, int]:
    """Find the half transparent pixels: a mask of them, a copy of all pixels, and the value of opaque alpha."""
    full = int(np.iinfo(data.dtype).max)
    return (data[..., -1] > 0) & (data[..., -1] < full), data.copy(), full


@cache
def _srgb_table() -> Pixels:
    """Tabulate sRGB's 8-bit code of linear light k / 65535."""
    linear = np.arange(65536) / 65535
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(encoded * 255).astype(np.uint8)
