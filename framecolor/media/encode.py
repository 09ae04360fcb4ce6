"""Encode straight 8-bit RGBA as an image file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from framecolor.core.files import write_bytes_atomic
from framecolor.errors import OutputError
from framecolor.media.writers.flat import encode_flat

_KINDS = {".png": "png", ".tga": "tga", ".tif": "tiff", ".tiff": "tiff"}


def write_image(path: str | Path, rgba: NDArray[np.uint8]) -> None:
    """Write uint8 HxWx4 straight RGBA as PNG, TGA or TIFF, by the path's ending; create a missing folder.

    The write is atomic and replaces an older file of that name. Raises OutputError if it cannot be written or has
    another ending, ValueError if `rgba` has another shape or dtype.
    """
    path = Path(path)
    if path.suffix.lower() not in _KINDS:
        raise OutputError(path, f"images are not written as {path.suffix or 'files without ending'}", "use .png")
    write_bytes_atomic(path, encode_image(rgba, path.suffix))


def encode_image(rgba: NDArray[np.uint8], suffix: str = ".png") -> bytes:
    """Encode uint8 HxWx4 straight RGBA as the bytes of an image file; `suffix` is .png, .tga, .tif or .tiff."""
    return encode_flat(rgba, _KINDS[suffix.lower()])
