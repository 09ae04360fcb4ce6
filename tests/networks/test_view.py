"""Views: pooling of the networks' maps over regions."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from framecolor.core.types import Regions
from framecolor.lineart.sampling import RegionPoints, sample_points
from framecolor.networks.view import View, pool


def make_view(size: tuple[int, int]) -> tuple[View, RegionPoints, np.ndarray]:
    """A view at `size` of a part of a picture in nine patches, its points and its labels."""
    labels = (1 + np.arange(90)[:, None] // 30 * 3 + np.arange(150)[None] // 50).astype(np.int32)
    labels[::30] = labels[:, ::50] = 0
    return View(np.zeros((7, *size), np.float32), (10, 5, 140, 85)), sample_points(Regions(labels, 9)), labels


@pytest.mark.parametrize(("size", "stride"), [((40, 65), 1), ((160, 260), 1), ((40, 64), 4)])
def test_a_mean_is_that_of_bilinear_reads_at_the_points(size: tuple[int, int], stride: int) -> None:
    view, points, _ = make_view(size)
    rows, columns = size[0] // stride, size[1] // stride
    maps = np.random.default_rng(3).random((rows, columns, 5), np.float32)
    cells = view.cells(points, (rows, columns), stride)
    u, v = ((at + 0.5) / stride - 0.5 for at in view.locate(points.x, points.y))
    for channel in range(5):
        read = cv2.remap(
            maps[..., channel],
            u[None].astype(np.float32),
            v[None].astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )[0]
        wanted = [read[points.region == region].mean() for region in range(1, 10)]
        # OpenCV rounds positions to a 32nd of a pixel.
        np.testing.assert_allclose(pool(maps, cells)[1:, channel], wanted, atol=0.01)


def test_reads_stay_inside_and_weights_sum_to_one() -> None:
    view, points, _ = make_view((40, 65))
    cells = view.cells(points, (40, 65))
    assert cells.index.min() >= 0 and cells.index.max() < 40 * 65
    np.testing.assert_allclose(np.add.reduceat(cells.weight, cells.starts), 1, atol=1e-4)


def test_a_constant_map_has_its_value_in_every_region_and_none_outside() -> None:
    view, points, _ = make_view((40, 65))
    pooled = pool(np.full((40, 65, 2), 3, np.float32), view.cells(points, (40, 65)))
    assert (pooled[0] == 0).all()
    np.testing.assert_allclose(pooled[1:], 3, rtol=1e-4)


def test_ink_all_over_has_no_regions_to_read() -> None:
    view, _, _ = make_view((40, 65))
    points = sample_points(Regions(np.zeros((90, 150), np.int32), 0))
    assert pool(np.ones((40, 65, 2), np.float32), view.cells(points, (40, 65))).shape == (1, 2)
