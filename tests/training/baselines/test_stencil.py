"""StencilTorch: masks, the recipe, and passes of a colorist that change nothing outside of their masks."""

from pathlib import Path

import numpy as np
import pytest
import torch
from drawings import draw
from numpy.typing import NDArray

from framecolor.colorists.base import Colorist, Conditioning, SamplingOptions
from framecolor.colorists.open import open_colorist
from framecolor.core.types import Frame, Hint
from framecolor.lineart.regions import find_regions
from framecolor.networks.checkpoint import save_colorist
from framecolor.training.baselines.stencil.network import StencilTorch
from framecolor.training.baselines.stencil.recipe import StencilTorchRecipe, draw_mask
from framecolor.training.loop import LoopSettings, start, take_step

SIZE = (96, 128)


def small_recipe(figures: Path) -> StencilTorchRecipe:
    return StencilTorchRecipe(
        figures, 0, size_px=32, batch=4, widths=(8, 8, 16, 16), blocks=(1, 1, 1), critic_widths=(8, 8)
    )


# Recipe


def test_masks_are_of_all_sizes_and_never_empty() -> None:
    flats = np.repeat(np.arange(8, dtype=np.int32), 4)[None].repeat(32, axis=0)
    rng = np.random.default_rng(0)
    shares = [float(draw_mask(flats, rng).mean()) for _ in range(60)]
    assert min(shares) > 0 and max(shares) == 1
    assert sum(share < 0.3 for share in shares) > 5 and sum(0.3 < share < 1 for share in shares) > 15


def test_a_batch_is_true_outside_of_its_masks_and_wrong_inside(figures: Path) -> None:
    recipe = small_recipe(figures)
    wrong = []
    for batch in map(recipe.batches.__getitem__, range(6)):
        inside = batch["mask"].expand(-1, 3, -1, -1) > 0
        assert torch.equal(batch["image"][~inside], batch["rgb"][~inside])
        wrong.append(float((batch["image"] - batch["rgb"])[inside].abs().mean()))
        assert batch["flat"].shape == (4, 3, 8, 8) and batch["hint"].shape == (4, 4, 8, 8)
    assert np.mean(wrong) > 0.2


def test_the_painting_comes_nearer_to_the_truth_inside_alone(figures: Path) -> None:
    torch.manual_seed(0)
    recipe, settings = small_recipe(figures), LoopSettings(100, rate=3e-3, warmup_steps=1)
    state, batch = start(recipe, settings), recipe.batches[0]
    numbers = [take_step(recipe, state, batch, settings) for _ in range(20)]
    assert {"loss_critic", "loss_generator", "penalty", "flat"} <= numbers[-1].keys()
    assert numbers[-1]["color"] < 0.7 * numbers[0]["color"] and numbers[-1]["flat"] < 0.7 * numbers[0]["flat"]
    with torch.no_grad():
        painted = recipe.paint(state.network, batch)
        blind = recipe.paint(state.network, batch | {"hint": torch.zeros_like(batch["hint"])})
    inside = batch["mask"].expand(-1, 3, -1, -1) > 0
    assert torch.equal(painted[~inside], batch["image"][~inside])
    assert (blind - painted)[inside].abs().mean() > 0.01


# Colorist


@pytest.fixture
def colorist(tmp_path: Path) -> Colorist:
    torch.manual_seed(0)
    save_colorist(StencilTorch((8, 8, 16), (1, 1), size_px=64), tmp_path / "weights.safetensors")
    return open_colorist(tmp_path / "weights.safetensors")


def paint_drawing(
    colorist: Colorist, conditioning: Conditioning, options: SamplingOptions | None = None
) -> NDArray[np.float32]:
    ink, _ = draw(0)
    frame = Frame(1, ink, np.zeros(ink.shape[:2], bool))
    return colorist.paint(frame, find_regions(frame), conditioning, options or SamplingOptions())


def to_uint8(color: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(255 * color).astype(np.uint8)


def draw_image() -> NDArray[np.uint8]:
    """All values of a byte, so that none of them is lost by chance."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    image[:2] = np.arange(256, dtype=np.uint8).reshape(2, 128, 1)
    return image


def draw_box(top: int, bottom: int, left: int, right: int) -> NDArray[np.bool_]:
    mask = np.zeros(SIZE, bool)
    mask[top:bottom, left:right] = True
    return mask


def test_two_passes_change_nothing_outside_of_their_masks(colorist: Colorist) -> None:
    image = draw_image()
    first, second = draw_box(21, 60, 20, 55), draw_box(50, 90, 41, 90)
    once = to_uint8(paint_drawing(colorist, Conditioning(image=image, mask=first)))
    assert once.shape == image.shape
    assert np.array_equal(once[~first], image[~first])
    assert (once[first] != image[first]).mean() > 0.9
    twice = to_uint8(paint_drawing(colorist, Conditioning(image=once, mask=second)))
    assert np.array_equal(twice[~second], once[~second])
    assert (twice[second] != once[second]).mean() > 0.9


def test_a_mask_may_be_one_pixel_or_none(colorist: Colorist) -> None:
    image = draw_image()
    mask = draw_box(30, 31, 40, 41)
    painted = to_uint8(paint_drawing(colorist, Conditioning(image=image, mask=mask)))
    assert (painted != image).any(axis=2).sum() == 1
    painted = to_uint8(paint_drawing(colorist, Conditioning(image=image, mask=draw_box(0, 0, 0, 0))))
    assert np.array_equal(painted, image)


def test_a_hint_changes_only_what_the_mask_allows(colorist: Colorist) -> None:
    image, mask = draw_image(), draw_box(21, 60, 20, 55)
    hint = Hint(np.full((*SIZE, 3), (220, 30, 30), np.uint8), np.ones(SIZE, np.float32))
    plain = to_uint8(paint_drawing(colorist, Conditioning(image=image, mask=mask)))
    told = to_uint8(paint_drawing(colorist, Conditioning(image=image, mask=mask, hint=hint)))
    assert np.array_equal(told[~mask], plain[~mask]) and (told[mask] != plain[mask]).mean() > 0.5


def test_strength_blends_with_the_image(colorist: Colorist) -> None:
    image, mask = draw_image(), draw_box(21, 60, 20, 55)
    kept = to_uint8(paint_drawing(colorist, Conditioning(image=image), SamplingOptions(strength=0)))
    assert np.array_equal(kept, image)
    apart = [
        np.abs(
            to_uint8(paint_drawing(colorist, Conditioning(image=image, mask=mask), SamplingOptions(strength=s))).astype(
                int
            )
            - image
        )
        for s in (0.3, 1.0)
    ]
    assert 0 < apart[0].mean() < apart[1].mean()
    # At full strength, what was inside is not looked at.
    other = np.where(mask[..., None], 255 - image, image)
    painted = [to_uint8(paint_drawing(colorist, Conditioning(image=i, mask=mask))) for i in (image, other)]
    assert np.array_equal(painted[0][mask], painted[1][mask])


def test_without_an_image_all_is_painted(colorist: Colorist) -> None:
    painted = paint_drawing(colorist, Conditioning())
    assert painted.shape == (48, 64, 3) and painted.dtype == np.float32
    assert np.ptp(painted) > 0
