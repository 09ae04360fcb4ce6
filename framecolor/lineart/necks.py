"""Join the parts of an area again that a large ball took apart where no line is open.

A ball that closes an opening of 8 pixels also cuts every area at its narrower necks, such as a shirt between two
drawn folds. An opening has the end of a stroke beside it, a neck has none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int32]


def join_necks(labels: Labels, joined: Labels, ends: NDArray[np.float64], reach_px: float) -> Labels:
    """Join the areas that meet far from every stroke's end.

    labels    int32 HxW: areas with wide gaps closed, 0 on lines
    joined    int32 HxW: areas with narrow gaps closed; only areas that are one there are joined
    ends      (x, y) of the strokes' ends, float64 [N, 2]
    reach_px  an end up to so far from where two areas meet keeps them apart
    """
    pairs, places = find_contacts(labels, joined)
    if not len(pairs):
        return labels
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import KDTree

    away = KDTree(ends).query(places)[0] if len(ends) else np.full(len(places), np.inf)
    met, which = np.unique(pairs, axis=0, return_inverse=True)
    nearest = np.full(len(met), np.inf)
    np.minimum.at(nearest, which.ravel(), away)
    one, other = met[nearest > reach_px].T
    size = int(labels.max()) + 1
    group = connected_components(coo_array((np.ones(len(one), bool), (one, other)), (size, size)), directed=False)[1]
    first = np.full(group.max() + 1, size, np.int32)
    np.minimum.at(first, group, np.arange(size, dtype=np.int32))
    return np.take(first[group], labels)


def find_contacts(labels: Labels, joined: Labels) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Find where two areas meet that are one in `joined`: the areas, int32 [N, 2], and the places (x, y), [N, 2]."""
    pairs, places = [], []
    for dy, dx in ((0, 1), (1, 0)):
        height, width = labels.shape[0] - dy, labels.shape[1] - dx
        here, there = labels[:height, :width], labels[dy:, dx:]
        meet = (here != there) & (here > 0) & (there > 0) & (joined[:height, :width] == joined[dy:, dx:])
        y, x = np.nonzero(meet)
        pairs.append(np.sort(np.stack([here[meet], there[meet]], axis=1), axis=1))
        places.append(np.stack([x + dx / 2, y + dy / 2], axis=1))
    return np.concatenate(pairs), np.concatenate(places)
