"""deepcolor: it learns, keeps to a loose hint, proposes one by itself, and a resumed training is exact."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from drawings import draw
from numpy.typing import NDArray

from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.core.types import Frame, Hint
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.networks.checkpoint import load_colorist
from framecolor.training.baselines.deepcolor.colorist import DeepColorColorist, grow, soften
from framecolor.training.baselines.deepcolor.recipe import DeepColorRecipe
from framecolor.training.loop import LoopSettings, start, take_step, train

SIDE = 64
BODY = (slice(48, 76), slice(22, 50))
"""Where the body of the drawing is, rows and columns."""

pytestmark = pytest.mark.usefixtures("one_torch_thread", "quick_validation")


def small_recipe(figures: Path) -> DeepColorRecipe:
    return DeepColorRecipe(figures, 0, size_px=SIDE, batch=4, width=8, vae_width=4, latent=4)


def settings(steps: int) -> LoopSettings:
    return LoopSettings(steps, rate=2e-3, warmup_steps=1, mean_decay=0.9, save_every=99, validate_every=99, workers=0)


@pytest.fixture(scope="module")
def trained(figures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights after a short training."""
    folder = tmp_path_factory.mktemp("run")
    train(small_recipe(figures), folder, settings(40), report=lambda _: None)
    assert (folder / "samples" / "000040.png").stat().st_size > 1000
    return folder / "deepcolor.safetensors"


def frame_of(step: int = 0) -> Frame:
    return read_drawing(1, draw(step)[0])


def stroke(color: tuple[int, int, int], shift_px: int = 0) -> Hint:
    """A thick stroke over the body, and over its border."""
    frame = frame_of()
    mask = np.zeros(frame.size, np.uint8)
    cv2.line(mask, (14 + shift_px, 62), (60 + shift_px, 62), 1, 24)
    return Hint(np.full((*frame.size, 3), color, np.uint8), mask.astype(np.float32))


def paint(weights: Path, hint: Hint | None = None, **options: float) -> NDArray[np.float32]:
    """At the scale of the training."""
    frame = frame_of()
    colorist = DeepColorColorist(load_colorist(weights)[0], long_side=2 * SIDE)
    return colorist.paint(frame, find_regions(frame), Conditioning(hint), SamplingOptions(**options))  # type: ignore[arg-type]


def mean_of_body(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = frame_of().size
    rows, columns = np.indices(rgb.shape[:2])
    rows, columns = rows * height // rgb.shape[0], columns * width // rgb.shape[1]
    inside = (rows >= BODY[0].start) & (rows < BODY[0].stop) & (columns >= BODY[1].start) & (columns < BODY[1].stop)
    return rgb[inside].mean(axis=0)


def test_generator_and_proposer_learn_a_batch(figures: Path) -> None:
    torch.manual_seed(0)
    recipe = DeepColorRecipe(figures, 0, size_px=SIDE, batch=3, width=6, vae_width=4, latent=4)
    state = start(recipe, settings(40))
    batch = recipe.batches[0]
    log = [take_step(recipe, state, batch, settings(40)) for _ in range(20)]
    assert log[-1]["l1"] < 0.5 * log[0]["l1"]
    assert log[-1]["field_l1"] < 0.6 * log[0]["field_l1"]
    assert log[-1]["loss_critic"] < log[0]["loss_critic"]


def test_hints_of_other_colors_give_other_pictures(trained: Path) -> None:
    red, blue = (mean_of_body(paint(trained, stroke(color))) for color in ((230, 20, 20), (20, 20, 230)))
    assert red[0] - blue[0] > 0.05 and blue[2] - red[2] > 0.05


def test_the_hint_is_loose(trained: Path) -> None:
    """What lies beside the body by some pixels paints it much the same, a stroke of another color does not."""
    here, beside, other = (
        paint(trained, hint)
        for hint in (stroke((230, 20, 20)), stroke((230, 20, 20), shift_px=8), stroke((20, 20, 230)))
    )
    assert np.abs(here - beside).mean() < 0.5 * np.abs(here - other).mean()


def test_without_guidance_the_hint_has_no_effect(trained: Path) -> None:
    red, blue = (paint(trained, stroke(color), guidance=0) for color in ((230, 20, 20), (20, 20, 230)))
    assert np.array_equal(red, blue)


def test_without_a_hint_one_is_proposed_by_the_seed(trained: Path) -> None:
    one, again, two = (paint(trained, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert np.abs(one - two).max() > 0.005
    nothing = Hint(np.zeros((*frame_of().size, 3), np.uint8), np.zeros(frame_of().size, np.float32))
    assert np.array_equal(one, paint(trained, nothing, seed=1))


def test_a_softened_hint_is_thinned_with_white_and_blurred() -> None:
    color = np.zeros((128, 128, 3), np.float32)
    confidence = np.zeros((128, 128), np.float32)
    assert (soften(color, confidence, 0.3) == 1).all()
    assert np.allclose(soften(color, confidence + 1, 0.3), 0.7, atol=1e-5)
    confidence[:, :64] = 1
    half = soften(color, confidence, 0.3)[64, :, 0]
    assert half[10] == pytest.approx(0.7, abs=1e-4) and half[118] == pytest.approx(1, abs=1e-4)
    assert (np.diff(half) >= -1e-5).all() and half[64] == pytest.approx(0.85, abs=0.02)


def test_strokes_grow_and_have_no_effect_far_away() -> None:
    confidence = np.zeros((128, 128), np.float32)
    confidence[60:64, 20:40] = 1
    color, known = grow(Hint(np.full((128, 128, 3), (200, 40, 0), np.uint8), confidence), (64, 64))
    assert known[31, 15] == 1 and known[36, 15] > 0.9 and not known[:, 40:].any()
    assert np.allclose(color[36, 15] * 255, (200, 40, 0), atol=0.5)
