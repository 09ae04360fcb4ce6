"""PaintsTorch: losses of adversaries and of content, marks, the recipe, and the colorist that comes of it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from drawings import draw
from numpy.typing import NDArray

from framecolor.colorists.base import Conditioning, SamplingOptions, draw_gray
from framecolor.colorists.open import open_colorist
from framecolor.core.types import Frame, Hint
from framecolor.lineart.regions import find_regions
from framecolor.networks.checkpoint import save_colorist
from framecolor.training.baselines.adversary import critic_loss, gradient_penalty, painter_loss
from framecolor.training.baselines.colorist import BaselineColorist
from framecolor.training.baselines.paintstorch.content import content_loss
from framecolor.training.baselines.paintstorch.marks import shrink_marks
from framecolor.training.baselines.paintstorch.network import PaintsTorch
from framecolor.training.baselines.paintstorch.recipe import PaintsTorchRecipe
from framecolor.training.loop import LoopSettings, start, take_step

RED, BLUE = (220, 30, 30), (30, 30, 220)


def small_recipe(figures: Path) -> PaintsTorchRecipe:
    return PaintsTorchRecipe(
        figures, 0, size_px=32, batch=4, widths=(8, 8, 16, 16), blocks=(1, 1, 1), critic_widths=(8, 8)
    )


# Losses


@pytest.mark.parametrize("kind", ["bce", "lsgan", "wgan"])
def test_a_right_critic_has_less_loss_and_so_has_a_painter_that_fools_it(kind: str) -> None:
    high, low = torch.full((4,), 3.0), torch.full((4,), -3.0)
    assert critic_loss(kind, high, low) < critic_loss(kind, low, high)  # type: ignore[arg-type]
    good = torch.ones(4) if kind == "lsgan" else high
    assert painter_loss(kind, good) < painter_loss(kind, low)  # type: ignore[arg-type]


def test_the_gradient_penalty_wants_a_slope_of_one() -> None:
    real, fake, share = torch.rand(3, 3, 4, 4), torch.rand(3, 3, 4, 4), torch.rand(3)
    weight = torch.full((3, 4, 4), 48**-0.5, requires_grad=True)
    penalty = gradient_penalty(lambda rgb: (rgb * weight).sum(dim=(1, 2, 3)), real, fake, share)
    assert penalty < 1e-6
    steep = gradient_penalty(lambda rgb: (3 * rgb * weight).sum(dim=(1, 2, 3)), real, fake, share)
    assert float(steep.detach()) == pytest.approx(4, rel=1e-4)
    steep.backward()
    assert weight.grad is not None and weight.grad.abs().sum() > 0


def test_content_loss_grows_with_the_difference_of_pictures() -> None:
    torch.manual_seed(0)
    truth, other = torch.rand(2, 3, 32, 32) * 2 - 1, torch.rand(2, 3, 32, 32) * 2 - 1
    assert content_loss(truth, truth) == 0
    near = (0.9 * truth + 0.1 * other).requires_grad_(True)
    loss = content_loss(near, truth)
    assert 0 < loss < content_loss(other, truth)
    loss.backward()
    assert near.grad is not None and near.grad.abs().sum() > 0


# Marks


def test_a_dot_counts_in_a_drawing_of_any_size() -> None:
    rgb = np.zeros((400, 800, 3), np.uint8)
    confidence = np.zeros((400, 800), np.float32)
    rgb[100:103, 620:623], confidence[100:103, 620:623] = (255, 0, 51), 0.5
    planes = shrink_marks(rgb, confidence, (8, 16))
    assert planes.dtype == np.float32 and planes.shape == (4, 8, 16)
    assert planes[:, 2, 12] == pytest.approx([0.5, -0.5, -0.3, 0.5])
    planes[:, 2, 12] = 0
    assert not planes.any()


def test_marks_may_be_larger_than_the_drawing() -> None:
    rgb, confidence = np.full((3, 3, 3), 1, np.float32), np.ones((3, 3), np.float32)
    planes = shrink_marks(rgb, confidence, (3, 3))
    assert (planes == 1).all()


# Recipe


def test_hints_have_from_zero_to_many_strokes(figures: Path) -> None:
    recipe = small_recipe(figures)
    told = [float(batch["hint"][i, 3].mean()) for batch in map(recipe.batches.__getitem__, range(12)) for i in range(4)]
    assert min(told) == 0 and max(told) > 0.5
    batch = recipe.batches[0]
    assert batch["hint"].shape == (4, 4, 8, 8) and batch["line"].shape == (4, 1, 32, 32)
    assert batch["share"].shape == (4,)


def test_the_painting_comes_nearer_to_the_truth_and_follows_its_strokes(figures: Path) -> None:
    torch.manual_seed(0)
    recipe, settings = small_recipe(figures), LoopSettings(100, rate=3e-3, warmup_steps=1)
    state, batch = start(recipe, settings), recipe.batches[0]
    numbers = [take_step(recipe, state, batch, settings) for _ in range(40)]
    assert {"loss_critic", "loss_generator", "penalty", "line"} <= numbers[-1].keys()
    assert numbers[-1]["color"] < 0.7 * numbers[0]["color"]
    with torch.no_grad():
        blind = recipe.paint(state.network, batch | {"hint": torch.zeros_like(batch["hint"])})
        assert (blind - recipe.paint(state.network, batch)).abs().mean() > 0.01


# Colorist


def paint_drawing(colorist: object, hint: Hint | None) -> NDArray[np.float32]:
    ink, _ = draw(0)
    frame = Frame(1, ink, np.zeros(ink.shape[:2], bool))
    return colorist.paint(frame, find_regions(frame), Conditioning(hint=hint), SamplingOptions())  # type: ignore[attr-defined]


def test_a_stroke_changes_most_what_is_near_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    save_colorist(PaintsTorch((8, 8, 16), (1, 1), size_px=64), tmp_path / "weights.safetensors")
    colorist = open_colorist(tmp_path / "weights.safetensors")
    assert isinstance(colorist, BaselineColorist)
    colorist.head = None  # the network alone
    confidence = np.zeros((96, 128), np.float32)
    confidence[26:30, 34:38] = 1
    painted = [
        paint_drawing(colorist, Hint(np.full((96, 128, 3), color, np.uint8), confidence)) for color in (RED, BLUE)
    ]
    apart = np.abs(painted[0] - painted[1]).sum(axis=2)
    assert apart.shape == (48, 64) and painted[0].dtype == np.float32
    assert apart[8:20, 12:24].mean() > 10 * apart[:, 48:].mean()
    assert np.array_equal(painted[0], paint_drawing(colorist, Hint(np.full((96, 128, 3), RED, np.uint8), confidence)))


def test_lines_of_large_drawings_do_not_fade() -> None:
    ink = np.zeros((1080, 1920, 4), np.uint8)
    ink[:, 960:963, 3] = 255
    frame = Frame(1, ink, np.zeros(ink.shape[:2], bool))
    gray = draw_gray(frame, (72, 128))
    assert 0.5 <= gray.sum(axis=1).min() <= gray.sum(axis=1).max() <= 0.8
