"""The diffusion model: noising and denoising, the recipe, and the colorist."""

import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from drawings import SCARF, draw
from numpy.typing import NDArray
from torch import Tensor

from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.colorists.diffusion import DiffusionColorist
from framecolor.colorists.flats import vote_flats
from framecolor.core.histogram import color_histogram
from framecolor.core.types import Frame, Hint, Regions
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions, outside_regions
from framecolor.networks.denoise import add_noise, clean, guide, loss_weight, sample, velocity
from framecolor.networks.diffusion import PALETTE_COLORS, Diffusion
from framecolor.networks.scene import describe_hint, describe_palette, group_paints, mean_of_paints, pool_pixels
from framecolor.training.loop import LoopSettings, start, take_step
from framecolor.training.recipes import diffusion as recipe_module
from framecolor.training.recipes.diffusion import DiffusionRecipe, make_scene, sample_colors

LINE, PAINTED = draw(1)
FRAME = read_drawing(1, LINE)
REGIONS = find_regions(FRAME)
IMAGE = np.where(PAINTED[..., 3:] > 0, PAINTED[..., :3], 255).astype(np.uint8)


@pytest.fixture(scope="module", autouse=True)
def quick_validation() -> Iterator[None]:
    """Validate on one batch with few steps, to save time."""
    with pytest.MonkeyPatch.context() as patch:
        for constant in ("_VAL_BATCHES", "_VARIATIONS"):
            patch.setattr(recipe_module, constant, 1)
        patch.setattr(recipe_module, "_STEPS", 4)
        yield


@pytest.fixture(scope="module")
def colorist() -> DiffusionColorist:
    """An untrained network whose inputs change its painting."""
    torch.manual_seed(0)
    network = small_network()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return DiffusionColorist(network.eval())


def small_network() -> Diffusion:
    return Diffusion((8, 16), width=16, layers=2, heads=2, size_px=32, palettes=4)


def small_recipe(figures: Path) -> DiffusionRecipe:
    return DiffusionRecipe(figures, 0, size_px=32, batch=4, widths=(8, 16), width=16, layers=2, heads=2, palettes=4)


# Noise


def test_colors_come_back_from_noise_by_the_true_velocity() -> None:
    torch.manual_seed(0)
    colors, noise, share = torch.rand(3, 5, 3) * 2 - 1, torch.randn(3, 5, 3), torch.tensor([0.1, 0.5, 1.0])
    found = clean(add_noise(colors, noise, share), velocity(colors, noise, share), share)
    assert torch.allclose(found, colors, atol=1e-5)
    assert torch.equal(add_noise(colors, noise, torch.zeros(3)), colors)
    assert bool((loss_weight(torch.tensor([0.0, 0.05, 1.0])).diff() > 0).all())


def test_sampling_follows_a_perfect_denoiser() -> None:
    torch.manual_seed(0)
    truth, noise = torch.rand(1, 6, 3) * 2 - 1, torch.randn(1, 6, 3)

    def know(noisy: Tensor, share: Tensor) -> Tensor:
        angle = share[:, None, None] * (torch.pi / 2)
        return (angle.cos() * noisy - truth) / angle.sin()

    assert torch.allclose(sample(know, noise, 7), truth, atol=1e-5)
    start = torch.zeros(1, 6, 3)
    assert torch.equal(sample(know, noise, 7, start=start, strength=0), start)
    keep = torch.tensor([[True, False, False, False, False, True]])
    found = sample(know, noise, 7, start=start, strength=0.8, keep=keep)
    assert torch.equal(found[keep], start[keep])
    assert torch.allclose(found[~keep], truth[~keep], atol=1e-5)


def test_guidance_extrapolates_from_the_unconditional() -> None:
    told, untold = (
        (lambda value: lambda noisy, share: torch.full_like(noisy, value))(2.0),
        lambda n, s: torch.ones_like(n),
    )
    at = torch.zeros(1, 1, 3), torch.zeros(1)
    assert [float(guide(told, untold, g)(*at)[0, 0, 0]) for g in (0, 0.5, 1, 3)] == [1, 1.5, 2, 4]


# What the network is given


def test_a_region_is_read_where_it_lies() -> None:
    row, column, region = torch.tensor([0, 1, 1, 3]), torch.tensor([0, 1, 2, 3]), torch.tensor([0, 0, 0, 1])
    pool = pool_pixels(row, column, region, 3, 4)
    assert torch.allclose(pool, torch.tensor([[2 / 3, 1 / 3, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]))


def test_a_hint_is_its_color_and_how_sure_it_is() -> None:
    rgb = np.array([[1, 0, 0], [1, 1, 1], [0, 0, 1], [0, 1, 0]], np.float32)
    hint = describe_hint(rgb, np.array([1, 0, 0.5, 1], np.float32), np.array([1, 1, 2, 0]), 3)
    assert np.allclose(hint[0], [1, -1, -1, np.sqrt(0.5), 1])
    assert np.allclose(hint[1], [-1, -1, 1, np.sqrt(0.5), 0.5])
    assert not hint[2].any()


def test_a_palette_is_the_fullest_bins() -> None:
    pixels = np.array([[250, 10, 10]] * 3 + [[10, 10, 250]], np.uint8)
    palette = describe_palette(color_histogram(pixels))
    assert palette.shape == (PALETTE_COLORS, 4)
    assert np.allclose(palette[:2], [[0.875, -0.875, -0.875, 0.75**0.5], [-0.875, -0.875, 0.875, 0.5]])
    assert not palette[2:].any() and not describe_palette(None).any()


def test_regions_that_look_alike_have_one_paint() -> None:
    odds = np.array([[0, 3, -2, -4], [3, 0, -2, -4], [-2, -2, 0, 1], [-4, -4, 1, 0]], np.float32)
    area = np.array([0.3, 0.2, 0.1, 0.4], np.float32)
    assert group_paints(odds, area).tolist() == [1, 1, 0, 0]
    hint = np.zeros((4, 5), np.float32)
    hint[0], hint[1] = (1, -1, -1, 1, 1), (-1, 1, -1, 1, 1)
    parted = group_paints(odds, area, hint)
    assert parted[0] != parted[1] and parted[2] == parted[3]
    paint, sizes = torch.from_numpy(group_paints(odds, area))[None], torch.from_numpy(area)[None]
    mean = mean_of_paints(paint[:, :, None] == paint[:, None], sizes)
    assert torch.allclose(mean.sum(2), torch.ones(1, 4)) and torch.equal(mean[0, 0], mean[0, 1])


def test_regions_are_joined_above_the_least_odds() -> None:
    odds = np.full((3, 3), -3.0, np.float32)
    odds[0, 2] = odds[2, 0] = -1.0
    area = np.array([0.1, 0.5, 0.2], np.float32)
    assert group_paints(odds, area, least=-1.6).tolist() == [1, 0, 1]
    assert group_paints(odds, area).tolist() == [2, 0, 1]
    assert group_paints(odds[:1, :1], np.array([0.1], np.float32)).tolist() == [0]


# The recipe


def test_the_loss_falls_on_a_batch(figures: Path) -> None:
    recipe = small_recipe(figures)
    torch.manual_seed(0)
    settings = LoopSettings(steps=30, rate=1e-2, warmup_steps=5)
    state, batch = start(recipe, settings), recipe.batches[0]
    losses = [take_step(recipe, state, batch, settings)["loss"] for _ in range(25)]
    assert np.mean(losses[-4:]) < 0.75 * np.mean(losses[:4])


def test_hints_are_followed(figures: Path) -> None:
    recipe = small_recipe(figures)
    torch.manual_seed(0)
    settings = LoopSettings(steps=50, rate=1e-2, warmup_steps=5, mean_decay=0.9)
    state, batch = start(recipe, settings), recipe.batches[0]
    batch["told"] = torch.ones(4)

    def paint_at_random() -> None:
        batch["colors"] = torch.rand(4, 48, 3) * 2 - 1
        batch["hint"] = torch.cat([batch["colors"], torch.ones(4, 48, 2)], dim=2)

    for _ in range(50):
        paint_at_random()
        take_step(recipe, state, batch, settings)
    paint_at_random()
    network = state.mean
    assert isinstance(network, Diffusion)
    there = make_scene(batch).area > 0
    most, truth = there.shape[1], batch["colors"][:, : there.shape[1]]
    told = sample_colors(network, batch, batch["noise"][:, 0])
    untold = sample_colors(network, {**batch, "hint": torch.zeros(4, 48, 5)}, batch["noise"][:, 0])
    assert told.shape == (4, most, 3)
    assert (told - truth).abs()[there].mean() < 0.7 * (untold - truth).abs()[there].mean()


def test_palettes_of_paintings_travel_with_the_weights(figures: Path) -> None:
    network = small_recipe(figures).build_network()
    assert isinstance(network, Diffusion)
    shares = network.palettes[..., 3].square().sum(1)
    assert network.palettes.shape == (4, PALETTE_COLORS, 4) and bool((shares > 0.9).all())


# The colorist


def paint(
    colorist: DiffusionColorist, conditioning: Conditioning | None = None, **options: float
) -> NDArray[np.float32]:
    given = {"steps": 4, **options}
    return colorist.paint(FRAME, REGIONS, conditioning or Conditioning(), SamplingOptions(**given))  # type: ignore[arg-type]


def test_each_region_gets_one_color_by_its_seed(colorist: DiffusionColorist) -> None:
    picture = paint(colorist, seed=3)
    assert picture.shape == (*FRAME.size, 3) and picture.dtype == np.float32
    assert picture.min() >= 0 and picture.max() <= 1
    for region in range(1, REGIONS.count + 1):
        assert len(np.unique(picture[REGIONS.labels == region], axis=0)) == 1
    assert np.array_equal(picture, paint(colorist, seed=3))
    assert not np.array_equal(picture, paint(colorist, seed=4))


def test_every_input_changes_the_painting(colorist: DiffusionColorist) -> None:
    plain = paint(colorist)
    confidence = np.zeros(FRAME.size, np.float32)
    confidence[60:64, 30:40] = 1
    hint = Hint(np.full((*FRAME.size, 3), (250, 0, 0), np.uint8), confidence)
    assert not np.array_equal(plain, paint(colorist, Conditioning(hint=hint)))
    histogram = color_histogram(np.array([[250, 0, 0], [0, 0, 250]], np.uint8))
    assert not np.array_equal(plain, paint(colorist, Conditioning(histogram=histogram)))
    assert not np.array_equal(plain, paint(colorist, guidance=4))
    # Nothing that it is told matters where guidance is 0.
    assert np.array_equal(paint(colorist, guidance=0), paint(colorist, Conditioning(hint=hint), guidance=0))


def test_strength_limits_the_change_of_an_image(colorist: DiffusionColorist) -> None:
    guided = Conditioning(image=IMAGE)
    assert np.array_equal(paint(colorist, guided, strength=0), IMAGE.astype(np.float32) / np.float32(255))
    assert np.array_equal(vote_flats(paint(colorist, guided, strength=0), REGIONS)[3, :3], SCARF[:3])
    near, far = (np.abs(paint(colorist, guided, strength=s, steps=10) - IMAGE / 255).mean() for s in (0.1, 1.0))
    assert near < far
    assert np.array_equal(paint(colorist, guided, strength=1), paint(colorist))


def test_outside_of_a_mask_nothing_changes(colorist: DiffusionColorist) -> None:
    mask = np.zeros(FRAME.size, bool)
    mask[40:52] = True
    picture = paint(colorist, Conditioning(image=IMAGE, mask=mask))
    assert np.array_equal(picture[~mask], (IMAGE.astype(np.float32) / np.float32(255))[~mask])
    assert not np.array_equal(picture[mask], (IMAGE.astype(np.float32) / np.float32(255))[mask])


class SureHead:
    """Is sure that the first two regions of the figure share a paint, and no others do."""

    def __init__(self) -> None:
        self.asked = 0

    def liken(self, frame: Frame, regions: Regions) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        self.asked += 1
        rows = np.flatnonzero(~outside_regions(regions)[1:]) + 1
        alike = np.full((len(rows), len(rows)), -40, np.float32)
        alike[:2, :2] = 40
        return rows, alike

    def paint(self, *inputs: Any) -> NDArray[np.float32]:
        return inputs[4]


def test_parts_of_one_paint_get_one_color_and_others_another(colorist: DiffusionColorist) -> None:
    network = copy.deepcopy(colorist.network)
    network.palettes[:, :6, :3] = torch.tensor([[1.0, c, -c] for c in (-1, -0.6, -0.2, 0.2, 0.6, 1)])
    network.palettes[:, :6, 3] = 0.4
    told = DiffusionColorist(network)
    told.head = head = cast(Any, SureHead())
    rows = np.flatnonzero(~outside_regions(REGIONS)[1:]) + 1
    assert 2 < len(rows) <= 7
    for seed in range(3):
        colors = vote_flats(paint(told, seed=seed), REGIONS)[rows]
        assert np.array_equal(colors[0], colors[1])
        assert len(np.unique(colors, axis=0)) == len(rows) - 1
    assert head.asked == 1, "variations of one drawing ask once"


def test_a_drawing_of_many_regions_is_painted_whole(colorist: DiffusionColorist) -> None:
    line = np.zeros((160, 160, 4), np.uint8)
    line[10:150:6, 10:151, 3] = line[10:151, 10:150:6, 3] = 255
    frame = replace(FRAME, ink=line, trace=np.zeros((160, 160), bool))
    regions = find_regions(frame)
    assert regions.count > 400
    colors = vote_flats(colorist.paint(frame, regions, Conditioning(), SamplingOptions(steps=2)), regions)
    assert (colors[1:, 3] == 255).sum() > 400


def test_an_empty_drawing_stays_white(colorist: DiffusionColorist) -> None:
    frame = replace(FRAME, ink=np.zeros((40, 50, 4), np.uint8), trace=np.zeros((40, 50), bool))
    none = Regions(np.zeros((40, 50), np.int32), 0)
    for regions in (find_regions(frame), none):
        assert np.array_equal(
            colorist.paint(frame, regions, Conditioning(), SamplingOptions()), np.ones((40, 50, 3), np.float32)
        )
