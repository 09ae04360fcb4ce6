"""Frechet distance between the embeddings of two sets of pictures.

After Heusel et al. 2017, "GANs trained by a two time-scale update rule converge to a local Nash equilibrium" (FID),
which fits a normal distribution to each set. The embedding differs: `Perception.embed` gives 64 values, learned from
painted drawings, FID uses 2048 values of an Inception network, learned from photographs. The distances rank systems but
cannot be compared with published FIDs; about a hundred pictures are enough, while FID needs thousands.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def frechet_distance(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Compute the squared Frechet distance of two sets of vectors, [N, D] and [M, D]; 0 for equal sets.

    N and M are at least 2. Few vectors (less than a few times D) make it too large, so compare only distances of sets
    of one size. Raises ValueError if the shapes do not fit.
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(f"two sets of two or more vectors of one length are needed, got {a.shape} and {b.shape}")
    a, b = a.astype(np.float64), b.astype(np.float64)
    apart = a.mean(axis=0) - b.mean(axis=0)
    spread_a, spread_b = np.atleast_2d(np.cov(a, rowvar=False)), np.atleast_2d(np.cov(b, rowvar=False))
    # The trace of the root of the product equals that of a similar symmetric matrix, whose eigenvalues are real.
    root = _root(spread_a)
    shared = np.sqrt(np.linalg.eigvalsh(root @ spread_b @ root).clip(min=0)).sum()
    distance = apart @ apart + np.trace(spread_a) + np.trace(spread_b) - 2 * shared
    return float(max(distance, 0.0))


def _root(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute the root of a positive semidefinite matrix; negative eigenvalues from rounding count as 0."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values.clip(min=0))) @ vectors.T
