"""OpenEXR as compositing wants it: half floats of linear light, multiplied with alpha, and a header that says so."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from framecolor.media.openimageio import encode

_ATTRIBUTES = {
    "compression": "zip",
    "oiio:ColorSpace": "lin_rec709_scene",
    # Of sRGB and BT.709: red, green, blue, white, each as x and y.
    "chromaticities": ("float[8]", (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)),
}


@cache
def _light_of_codes() -> NDArray[np.float32]:
    """Linear light of sRGB's 8-bit codes."""
    code = np.arange(256) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(np.float32)


def encode_exr(rgba: NDArray[np.uint8]) -> bytes:
    """An EXR file of uint8 HxWx4 straight RGBA in sRGB: channels A, B, G, R as half, ZIP compression.

    Opaque colors come back exactly when the light is encoded as sRGB again, half-transparent ones as well; what is
    wholly transparent has no color in EXR. Raises OutputError when there is no room for it.
    """
    alpha = rgba[..., 3:].astype(np.float32) / 255
    light = np.concatenate([_light_of_codes()[rgba[..., :3]] * alpha, alpha], axis=2).astype(np.float16)
    return encode(light, ".exr", _ATTRIBUTES)
