"""Means over regions on any device: the reads of a large region are cut into pieces, which are summed side by side.

On a GPU a bag is one loop, and the paper around a figure is read tens of thousands of times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from framecolor.networks.view import Cells

# Reads of a piece, and so about the square root of what the largest bags have.
PIECE_READS = 256


@dataclass(frozen=True, eq=False)
class Pieces:
    """Reads of regions, cut into pieces.

    index, weight  of each read, int32 and float32 [M], as in `Cells`
    starts         where the reads of each piece begin, int32 [K]
    regions        where the pieces of each region begin, int32 [count]
    """

    index: NDArray[np.int32]
    weight: NDArray[np.float32]
    starts: NDArray[np.int32]
    regions: NDArray[np.int32]

    def arrays(self) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
        """All of them, in the order that `pool_pieces` takes them in."""
        return self.index, self.weight, self.starts, self.regions


def cut_pieces(cells: Cells, most: int = PIECE_READS) -> Pieces:
    """The same reads in the same order, in pieces of `most` and a rest for each region."""
    starts = cells.starts.astype(np.int64)
    reads = np.diff(starts, append=len(cells.index))
    pieces = -(-reads // most)
    regions = np.cumsum(pieces) - pieces
    nth = np.arange(pieces.sum()) - np.repeat(regions, pieces)
    first = np.repeat(starts, pieces) + nth * most
    return Pieces(cells.index, cells.weight, first.astype(np.int32), regions.astype(np.int32))


def pool_pieces(maps: Tensor, pieces: Sequence[Tensor], result: Tensor) -> None:
    """Write the means of a map [h, w, C] over each region to float32 [count + 1, C]; row 0 is 0.

    pieces  `Pieces.arrays` on the map's device. Deterministic, and the same everywhere but for rounding.
    """
    index, weight, starts, regions = pieces
    result.zero_()
    if len(index):
        flat = maps.reshape(-1, maps.shape[-1])
        sums = F.embedding_bag(index, flat, starts, mode="sum", per_sample_weights=weight)
        every = torch.arange(len(sums), dtype=torch.int32, device=sums.device)
        result[1:] = F.embedding_bag(every, sums, regions, mode="sum")
