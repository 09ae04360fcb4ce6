"""Content hashes: what decides whether cached work still holds."""

from __future__ import annotations

import numpy as np
import xxhash
from numpy.typing import NDArray


def digest(*parts: str | bytes | memoryview) -> str:
    """128-bit hash of the parts, in order, as hexadecimal; where one part ends and the next begins counts."""
    state = xxhash.xxh3_128()
    # Names of files that are no UTF-8 hold surrogates.
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        state.update(len(data).to_bytes(8, "little"))
        state.update(data)
    return state.hexdigest()


def hash_pixels(picture: NDArray[np.uint8]) -> str:
    """A picture's hash: equal ones show the same."""
    return digest(np.ascontiguousarray(picture).data.cast("B"), repr(picture.shape))
