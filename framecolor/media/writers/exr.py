"""Write OpenEXR for compositing: linear light with color space tags, and layers of numbers that are no colors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from framecolor.media.openimageio import encode

_PACKING_OF_NUMBERS = "zip"

_ATTRIBUTES = {
    "compression": "zip",
    "oiio:ColorSpace": "lin_rec709_scene",
    # x and y of red, green, blue and white, of sRGB and BT.709.
    "chromaticities": ("float[8]", (0.64, 0.33, 0.3, 0.6, 0.15, 0.06, 0.3127, 0.329)),
}


@cache
def _light_of_codes() -> NDArray[np.float32]:
    """Tabulate the linear light of sRGB's 8-bit codes."""
    code = np.arange(256) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(np.float32)


def encode_exr(rgba: NDArray[np.uint8]) -> bytes:
    """Encode uint8 HxWx4 straight RGBA in sRGB as an EXR file: channels A, B, G, R as half, ZIP compression.

    Opaque and half transparent colors come back exactly when the light is encoded as sRGB again; fully transparent
    pixels have no color in EXR. Raises OutputError if there is no room for it.
    """
    alpha = rgba[..., 3:].astype(np.float32) / 255
    light = np.concatenate([_light_of_codes()[rgba[..., :3]] * alpha, alpha], axis=2).astype(np.float16)
    return encode(light, ".exr", _ATTRIBUTES)


def encode_exr_layers(pixels: NDArray[np.float32], layers: Sequence[str], attributes: Mapping[str, str]) -> bytes:
    """Encode layers of numbers, float32 HxWx4 each, side by side in `pixels`, as an EXR file of floats, unchanged.

    layers      their names; channels are named as by `list_channels`
    attributes  texts of the header, by name
    Raises OutputError if there is no room for it.
    """
    return encode(pixels, ".exr", {"compression": _PACKING_OF_NUMBERS, **attributes}, list_channels(layers))


def list_channels(layers: Sequence[str]) -> list[str]:
    """List the names of the channels of layers: NAME.R, NAME.G, NAME.B, NAME.A for each."""
    return [f"{layer}.{channel}" for layer in layers for channel in "RGBA"]
