"""Write PNG, TGA and TIFF of 8 and 16 bits. 8-bit colors times 257 are 16-bit ones, and come back exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from framecolor.media.openimageio import encode
from framecolor.media.writers.png import GRAY, RGBA, encode_png

_PACKING = {".tga": "rle", ".tif": "lzw"}
_BITS_16 = 257


def encode_flat(rgba: NDArray[np.uint8], kind: str = "png") -> bytes:
    """Encode uint8 HxWx4 straight RGBA as the bytes of an image file.

    kind  png, tga (run lengths) or tiff (LZW), png16 and tiff16 with 16 bits a channel
    """
    if rgba.dtype != np.uint8 or rgba.ndim != 3 or rgba.shape[2] != 4 or 0 in rgba.shape:
        raise ValueError(f"rgba must be uint8 HxWx4, got {rgba.dtype} {rgba.shape}")
    pixels = rgba.astype(np.uint16) * _BITS_16 if kind.endswith("16") else rgba
    if kind.startswith("png"):
        return encode_png(pixels, RGBA)
    suffix = ".tga" if kind == "tga" else ".tif"
    return encode(pixels, suffix, {"compression": _PACKING[suffix], "oiio:UnassociatedAlpha": 1})


def encode_gray(values: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """Encode numbers, uint8 or uint16 HxW, as a PNG of one channel, unscaled."""
    if values.dtype not in (np.uint8, np.uint16) or values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"values must be uint8 or uint16 HxW, got {values.dtype} {values.shape}")
    return encode_png(values, GRAY)
