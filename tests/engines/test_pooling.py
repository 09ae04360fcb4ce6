"""Means over regions by pieces are those over the regions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from framecolor.bench.drawn_shot import draw
from framecolor.engines.lanes.pooling import PIECE_READS, cut_pieces, pool_pieces
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.lineart.sampling import sample_points
from framecolor.networks.generator import CONTEXT_STRIDE
from framecolor.networks.view import Cells, look


def drawn_cells(stride: int) -> tuple[Cells, tuple[int, int]]:
    """Reads of a drawing's regions in a map of its view, padded to multiples of 16."""
    frame = read_drawing(1, draw(3, (180, 320))[0])
    regions = find_regions(frame, gap_px=2.0, min_region_px=4)
    view = look(frame, regions, 1.0)
    height, width = (-(-px // 16) * 16 // stride for px in view.planes.shape[1:])
    return view.cells(sample_points(regions), (height, width), stride), (height, width)


@pytest.mark.parametrize("most", [1, 7, PIECE_READS, 100_000])
@pytest.mark.parametrize("stride", [1, CONTEXT_STRIDE])
def test_pieces_of_regions_sum_to_their_means(most: int, stride: int) -> None:
    cells, size = drawn_cells(stride)
    maps = torch.from_numpy(np.random.default_rng(0).standard_normal((*size, 6), np.float32))
    pieces = cut_pieces(cells, most)
    assert np.diff(pieces.starts, append=len(cells.index)).max() <= most
    result = torch.full((len(cells.starts) + 1, 6), torch.nan)
    pool_pieces(maps, [torch.from_numpy(array) for array in pieces.arrays()], result)
    np.testing.assert_allclose(
        result.numpy(), exact_means(maps.numpy(), cells), atol=2e-6 if most == PIECE_READS else 1e-4
    )


def exact_means(maps: np.ndarray, cells: Cells) -> np.ndarray:
    """Means in float64; a loop in float32 over the reads of a large region is off by some 1e-5."""
    means = np.zeros((len(cells.starts) + 1, maps.shape[2]))
    ends = [*cells.starts[1:], len(cells.index)]
    for row, (begin, end) in enumerate(zip(cells.starts, ends, strict=True), start=1):
        read = maps.reshape(-1, maps.shape[2])[cells.index[begin:end]].astype(np.float64)
        means[row] = cells.weight[begin:end].astype(np.float64) @ read
    return means


def test_a_drawing_without_regions_pools_to_nothing() -> None:
    nothing = Cells(np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.int32))
    result = torch.full((1, 6), torch.nan)
    pool_pieces(torch.ones(4, 4, 6), [torch.from_numpy(a) for a in cut_pieces(nothing).arrays()], result)
    assert (result == 0).all()


def test_a_region_without_reads_pools_to_zero() -> None:
    cells = Cells(np.array([3, 3], np.int32), np.array([0.5, 0.5], np.float32), np.array([0, 0, 2], np.int32))
    result = torch.full((4, 2), torch.nan)
    pool_pieces(torch.ones(2, 2, 2), [torch.from_numpy(a) for a in cut_pieces(cells).arrays()], result)
    np.testing.assert_array_equal(result.numpy(), [[0, 0], [0, 0], [1, 1], [0, 0]])
