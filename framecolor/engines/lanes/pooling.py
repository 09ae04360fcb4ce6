"""Compute means over regions on any device: large regions are cut into pieces, which are summed in parallel.

On a GPU `embedding_bag` sums each bag in one loop, and the paper around a figure has tens of thousands of reads.
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

# Reads of a piece: about the square root of those of the largest regions.
PIECE_READS = 256


@dataclass(frozen=True, eq=False)
class Pieces:
    """Reads of regions, cut into pieces.

    index, weight  of each read, int32 and float32 [M], as in `Cells`
    starts         first read of each piece, int32 [K]
    regions        first piece of each region, int32 [count]
    """

    index: NDArray[np.int32]
    weight: NDArray[np.float32]
    starts: NDArray[np.int32]
    regions: NDArray[np.int32]

    def arrays(self) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int32], NDArray[np.int32]]:
        """Return all arrays, in the order that `pool_pieces` takes them."""
        return self.index, self.weight, self.starts, self.regions


def cut_pieces(cells: Cells, most: int = PIECE_READS) -> Pieces:
    """Cut the reads of each region, in their order, into pieces of `most` and a rest."""
    starts = cells.starts.astype(np.int64)
    reads = np.diff(starts, append=len(cells.index))
    pieces = -(-reads // most)
    regions = np.cumsum(pieces) - pieces
    nth = np.arange(pieces.sum()) - np.repeat(regions, pieces)
    first = np.repeat(starts, pieces) + nth * most
    return Pieces(cells.index, cells.weight, first.astype(np.int32), regions.astype(np.int32))


def pool_pieces(maps: Tensor, pieces: Sequence[Tensor], result: Tensor) -> None:
    """Write the means of a map [h, w, C] over each region to float32 [count + 1, C]; row 0 is 0.

    pieces  `Pieces.arrays` on the map's device
    Deterministic; devices differ only in rounding.
    """
    index, weight, starts, regions = pieces
    result.zero_()
    if len(index):
        flat = maps.reshape(-1, maps.shape[-1])
        sums = F.embedding_bag(index, flat, starts, mode="sum", per_sample_weights=weight)
        every = torch.arange(len(sums), dtype=torch.int32, device=sums.device)
        result[1:] = F.embedding_bag(every, sums, regions, mode="sum")
