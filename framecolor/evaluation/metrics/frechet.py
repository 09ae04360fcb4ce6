"""How far apart two sets of pictures are, as sets: the Frechet distance between their embeddings.

After Heusel et al. 2017, "GANs trained by a two time-scale update rule converge to a local Nash equilibrium" (FID):
each set's vectors are taken for a normal distribution. Ours differs in what embeds a picture: `Perception.embed` of
this package, 64 values learned from painted drawings, where FID has 2048 values of an Inception network that learned
from photographs. So the numbers rank systems among themselves and are not to be put beside published FIDs; and some
hundred pictures are enough where FID asks for thousands.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def frechet_distance(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Squared Frechet distance of two sets of vectors, [N, D] and [M, D], N and M at least 2; 0 for equal sets.

    Few vectors (less than a few times D) make it too large, so compare distances of sets of one size only.
    Raises ValueError for sets that cannot be compared.
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(f"two sets of two or more vectors of one length are needed, got {a.shape} and {b.shape}")
    a, b = a.astype(np.float64), b.astype(np.float64)
    apart = a.mean(axis=0) - b.mean(axis=0)
    spread_a, spread_b = np.atleast_2d(np.cov(a, rowvar=False)), np.atleast_2d(np.cov(b, rowvar=False))
    # The trace of the root of a product: that of the symmetric matrix similar to it, whose eigenvalues are real.
    root = _root(spread_a)
    shared = np.sqrt(np.linalg.eigvalsh(root @ spread_b @ root).clip(min=0)).sum()
    distance = apart @ apart + np.trace(spread_a) + np.trace(spread_b) - 2 * shared
    return float(max(distance, 0.0))


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The root of a symmetric matrix without negative eigenvalues, but for rounding."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
