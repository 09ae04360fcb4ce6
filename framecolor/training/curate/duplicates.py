"""Find near-duplicates: held frames, exports in two sizes, recompressed drawings. Recolors are not duplicates.

A picture's signature is a 64-bit perceptual hash (signs of the low frequencies of its brightness) and the mean colors
of a grid. Two pictures are duplicates if both are near. Hashes that differ in at most 7 bits agree in at least one of
eight bands of 8 bits, so that only pictures in the same of 8 buckets are compared.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# Bits of 64. Above 7, the bands below would miss some.
NEAR_BITS = 5
# Levels of 255 in any cell: below the change of a recolor, above that of a compression.
NEAR_LEVELS = 12
_GRID = 4
_BANDS = 8
_NONE = array("q")


@dataclass(frozen=True)
class Signature:
    """hash: 64 bits; colors: int16 [48], the mean color of each cell of a 4x4 grid."""

    hash: int
    colors: NDArray[np.int16]


def sign_picture(rgb: NDArray[np.uint8]) -> Signature:
    """Compute the signature of uint8 HxWx3 pixels: nearly the same at any size and compression."""
    gray = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (32, 32), interpolation=cv2.INTER_AREA)
    waves = cv2.dct(gray.astype(np.float32))[:8, :8].ravel()
    # The mean brightness is left out; signs around the median split the rest evenly at any contrast.
    bits = waves > np.median(waves[1:])
    colors = cv2.resize(rgb, (_GRID, _GRID), interpolation=cv2.INTER_AREA)
    return Signature(int.from_bytes(np.packbits(bits).tobytes(), "big"), colors.astype(np.int16).ravel())


class Duplicates:
    """The pictures added so far, to find duplicates among."""

    def __init__(self) -> None:
        self._hashes = np.zeros(1024, np.uint64)
        self._colors = np.zeros((1024, 3 * _GRID**2), np.int16)
        self._count = 0
        self._buckets: dict[tuple[int, int], array[int]] = {}

    def __len__(self) -> int:
        return self._count

    def find(self, signature: Signature) -> int | None:
        """Find the first added picture (from 0) that is a duplicate of this one; None if there is none."""
        near: set[int] = set()
        for key in _bands(signature.hash):
            at = np.array(self._buckets.get(key, _NONE), np.intp)
            differing = np.bitwise_count(self._hashes[at] ^ np.uint64(signature.hash))
            at = at[differing <= NEAR_BITS]
            off = np.abs(self._colors[at] - signature.colors).max(axis=1, initial=0)
            near.update(at[off <= NEAR_LEVELS].tolist())
        return min(near, default=None)

    def add(self, signature: Signature) -> None:
        """Add a picture."""
        if self._count == len(self._hashes):
            self._hashes = np.concatenate([self._hashes, np.zeros_like(self._hashes)])
            self._colors = np.concatenate([self._colors, np.zeros_like(self._colors)])
        self._hashes[self._count] = signature.hash
        self._colors[self._count] = signature.colors
        for key in _bands(signature.hash):
            self._buckets.setdefault(key, array("q")).append(self._count)
        self._count += 1


def _bands(value: int) -> list[tuple[int, int]]:
    return [(band, value >> (8 * band) & 255) for band in range(_BANDS)]
