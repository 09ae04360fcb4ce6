"""Shrink pictures and encode them as WebP, also as data URIs."""

from __future__ import annotations

import base64

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.core.types import is_colored

THUMBNAIL_PX = 320
LARGE_PX = 1100


def encode_webp(rgba: NDArray[np.uint8], long_side_px: int, quality: int) -> str:
    """Encode a picture (HxWx4 straight RGBA) as a WebP data URI, shrunk to a long side of at most `long_side_px`."""
    return "data:image/webp;base64," + base64.b64encode(encode_webp_file(rgba, long_side_px, quality)).decode("ascii")


def encode_webp_file(rgba: NDArray[np.uint8], long_side_px: int, quality: int) -> bytes:
    """Encode a picture as `encode_webp` does, as the bytes of a file."""
    small = shrink(rgba, long_side_px)
    bgra = cv2.cvtColor(small, cv2.COLOR_RGBA2BGRA) if small[..., 3].min() < 255 else small[..., 2::-1]
    return cv2.imencode(".webp", np.ascontiguousarray(bgra), [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()


def encode_png(rgb: NDArray[np.uint8]) -> str:
    """Encode a small picture of flat colors, HxWx3, as a PNG data URI."""
    encoded = cv2.imencode(".png", np.ascontiguousarray(rgb[..., ::-1]))[1]
    return "data:image/png;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")


def shrink(rgba: NDArray[np.uint8], long_side_px: int) -> NDArray[np.uint8]:
    """Shrink a picture (HxWx4 straight RGBA) to a long side of at most `long_side_px`, by averaging. Returns a copy."""
    height, width = rgba.shape[:2]
    scale = min(1.0, long_side_px / max(height, width))
    if scale == 1:
        return rgba.copy()
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if not is_colored(rgba):  # black lines: only alpha differs
        small = np.zeros((size[1], size[0], 4), np.uint8)
        small[..., 3] = cv2.resize(rgba[..., 3], size, interpolation=cv2.INTER_AREA)
        return small
    # Averaging weighted by alpha keeps the color of transparent pixels out of the edges.
    premultiplied = rgba.astype(np.float32)
    premultiplied[..., :3] *= premultiplied[..., 3:] / 255
    averaged = cv2.resize(premultiplied, size, interpolation=cv2.INTER_AREA)
    averaged[..., :3] *= 255 / np.maximum(averaged[..., 3:], 1)
    return np.clip(np.rint(averaged), 0, 255).astype(np.uint8)
