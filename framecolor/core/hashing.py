"""Content hashes, which decide whether cached results are still valid."""

from __future__ import annotations

import numpy as np
import xxhash
from numpy.typing import NDArray


def digest(*parts: str | bytes | memoryview) -> str:
    """Hash the parts, in order, to 128 bits as hexadecimal; ("ab", "c") and ("a", "bc") differ."""
    state = xxhash.xxh3_128()
    for part in parts:
        # File names that are not valid UTF-8 hold surrogates.
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()


def hash_pixels(picture: NDArray[np.uint8]) -> str:
    """Hash a picture's pixels and shape."""
    return digest(np.ascontiguousarray(picture).data.cast("B"), repr(picture.shape))
