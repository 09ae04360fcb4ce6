"""Tiles cover a picture, and what comes out of them is what the whole picture gives, as far as they overlap."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from framecolor.bench.drawn_shot import draw
from framecolor.engines.lanes.pooling import PIECE_READS, cut_pieces, pool_pieces
from framecolor.engines.lanes.tiles import SIDES_PX, choose_margin, cut, reach_px, stitch
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.lineart.sampling import sample_points
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.generator import CONTEXT_STRIDE
from framecolor.networks.passes import FeaturePass
from framecolor.networks.view import Cells, look, pad_to, pool

SIZE = (416, 640)


@pytest.fixture(scope="module")
def features() -> FeaturePass:
    return FeaturePass(load_generator(base_weights_path()))


@pytest.fixture(scope="module")
def planes() -> np.ndarray:
    """A drawn figure, three times, on a picture of 404 x 640, padded."""
    frame = read_drawing(1, draw(3, (404, 640))[0])
    figure = look(frame, find_regions(frame, gap_px=2.0, min_region_px=4), 1.0).planes
    height, width = figure.shape[1:]
    picture = pad_to(np.zeros((7, 0, 0), np.float32), SIZE)
    for left in (60, 250, 420):
        picture[:, 16 : 16 + height, left : left + width] = figure
    return picture


@torch.inference_mode()
def run(features: FeaturePass, planes: np.ndarray) -> list[np.ndarray]:
    return [maps[0].permute(2, 0, 1).numpy() for maps in features(torch.from_numpy(np.ascontiguousarray(planes))[None])]


@pytest.fixture(scope="module")
def whole(features: FeaturePass, planes: np.ndarray) -> list[np.ndarray]:
    return run(features, planes)


def psnr(values: np.ndarray, wanted: np.ndarray) -> float:
    """Decibels below the wanted values' range."""
    error = float(np.square(values - wanted).mean())
    return float(20 * np.log10(wanted.max() - wanted.min()) - 10 * np.log10(max(error, 1e-30)))


@pytest.mark.parametrize(
    ("margin", "least_db"),
    [
        (80, 55),
        (96, 100),  # all that a generator of five levels sees: rounding alone
    ],
)
def test_features_from_tiles_are_those_of_the_picture(
    features: FeaturePass, planes: np.ndarray, whole: list[np.ndarray], margin: int, least_db: float
) -> None:
    tiles = cut(*SIZE, 320, margin)
    maps = [run(features, tile.crop(planes)) for tile in tiles]
    assert psnr(stitch(tiles, [own[0] for own in maps], *SIZE), whole[0]) > least_db
    context = np.full_like(whole[1], np.nan)
    for tile, (_, own) in zip(tiles, maps, strict=True):
        tile.paste(context, own, CONTEXT_STRIDE)
    assert psnr(context, whole[1]) > least_db - 5


def test_less_overlap_is_worse(features: FeaturePass, planes: np.ndarray, whole: list[np.ndarray]) -> None:
    """The bounds above are about something: without any margin the seams show."""
    tiles = cut(*SIZE, 320, 0)
    assert psnr(stitch(tiles, [run(features, t.crop(planes))[0] for t in tiles], *SIZE), whole[0]) < 45


def test_how_far_a_generator_sees() -> None:
    """Measured: a pixel farther away than the reach changes nothing, and one nearer does."""
    generator = load_generator(base_weights_path()).double()
    reach = reach_px(len(generator.widths))
    assert reach == 92
    planes = torch.zeros(1, 11, 16, 512, dtype=torch.float64, requires_grad=True)
    torch.manual_seed(0)
    features = generator(planes + torch.rand(1, 11, 16, 512, dtype=torch.float64))
    features[0, :, 8, 256].square().sum().backward()
    assert planes.grad is not None
    seen = torch.nonzero(planes.grad.abs().amax(dim=(0, 1, 2)))[:, 0] - 256
    assert seen.abs().max() <= reach + 15  # a pixel of the coarsest level is 16 wide
    assert seen.abs().max() >= 48
    assert choose_margin(512, 5, 16) == 96
    assert choose_margin(128, 5, 16) == 48


@pytest.mark.parametrize("size", [(16, 16), (64, 336), (544, 960), (960, 544), (128, 128)])
@pytest.mark.parametrize("side", [128, 256, 512])
def test_cores_are_the_picture(size: tuple[int, int], side: int) -> None:
    margin = choose_margin(side, 5, 16)
    count = np.zeros(size, int)
    shapes = set()
    for tile in cut(*size, side, margin):
        count[tile.rows.keep : tile.rows.until, tile.columns.keep : tile.columns.until] += 1
        shapes.add((tile.rows.end - tile.rows.begin, tile.columns.end - tile.columns.begin))
        for span, length in ((tile.rows, size[0]), (tile.columns, size[1])):
            assert span.begin % 16 == 0 and span.keep % CONTEXT_STRIDE == 0
            assert span.begin == span.keep == 0 or span.keep - span.begin >= margin
            assert span.end == span.until == length or span.end - span.until >= margin
    assert (count == 1).all()
    assert shapes == {(min(side, size[0]), min(side, size[1]))}


def test_sides_can_be_cut() -> None:
    for side in SIDES_PX:
        assert len(cut(1088, 1920, side, choose_margin(side, 5, 16))) > 1


@pytest.mark.parametrize(("given", "named"), [((540, 960, 320, 96), "multiples of 16"), ((544, 960, 128, 64), "core")])
def test_what_cannot_be_cut_is_said(given: tuple[int, int, int, int], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        cut(*given)


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
    """A tile has reads of few regions."""
    cells = Cells(np.array([3, 3], np.int32), np.array([0.5, 0.5], np.float32), np.array([0, 0, 2], np.int32))
    result = torch.full((4, 2), torch.nan)
    pool_pieces(torch.ones(2, 2, 2), [torch.from_numpy(a) for a in cut_pieces(cells).arrays()], result)
    np.testing.assert_array_equal(result.numpy(), [[0, 0], [0, 0], [1, 1], [0, 0]])


@pytest.mark.parametrize("stride", [1, CONTEXT_STRIDE])
def test_reads_of_tiles_sum_to_those_of_the_picture(stride: int) -> None:
    cells, (height, width) = drawn_cells(stride)
    maps = np.random.default_rng(0).standard_normal((height, width, 6), np.float32)
    total = np.zeros((len(cells.starts) + 1, 6), np.float32)
    for tile in cut(height * stride, width * stride, 64, 16):
        r, c = tile.rows, tile.columns
        own = maps[r.begin // stride : r.end // stride, c.begin // stride : c.end // stride]
        total += pool(torch.from_numpy(np.ascontiguousarray(own)), tile.select(cells, width, stride))
    np.testing.assert_allclose(total, exact_means(maps, cells), atol=2e-5)
