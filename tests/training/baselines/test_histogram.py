"""Automatic colorization for line arts: two histograms of one drawing give two palettes, by either training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from drawings import draw
from numpy.typing import NDArray

from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.core.histogram import bin_colors, color_histogram, figure_weight
from framecolor.core.types import Hint
from framecolor.lineart.lines import read_drawing
from framecolor.lineart.regions import find_regions
from framecolor.networks.checkpoint import load_colorist
from framecolor.training.baselines.histogram.colorist import HistogramColorist, wanted_colors
from framecolor.training.baselines.histogram.network import HistogramReader
from framecolor.training.baselines.histogram.recipe import HistogramRecipe, show_histogram, turn_colors
from framecolor.training.loop import LoopSettings, start, take_step, train

SIDE = 64
RED, BLUE = (200, 40, 40), (40, 40, 200)

pytestmark = pytest.mark.usefixtures("one_torch_thread", "quick_validation")


@pytest.fixture(scope="module", params=["cnn", "cgan"])
def trained(request: pytest.FixtureRequest, figures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights after a short training."""
    folder = tmp_path_factory.mktemp(request.param)
    settings = LoopSettings(60, rate=6e-3, warmup_steps=1, mean_decay=0.9, save_every=99, validate_every=99, workers=0)
    recipe = HistogramRecipe(figures, 0, size_px=SIDE, batch=6, network=request.param, width=8, told=32)
    train(recipe, folder, settings, report=lambda _: None)
    assert (folder / "samples" / "000060.png").stat().st_size > 1000
    return folder / "histogram.safetensors"


def paint(weights: Path, conditioning: Conditioning, guidance: float = 1.0) -> NDArray[np.float32]:
    """At the scale of the training; uint8 of the whole drawing."""
    frame = read_drawing(1, draw(0)[0])
    colorist = HistogramColorist(load_colorist(weights)[0], long_side=2 * SIDE)
    return colorist.paint(frame, find_regions(frame), conditioning, SamplingOptions(guidance=guidance))


def picture(color: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A figure in one color and a darker one, on white paper."""
    rgb = np.full((60, 50, 3), 255, np.uint8)
    rgb[10:50, 10:40], rgb[30:50, 10:40] = color, np.array(color) // 2
    return rgb


@pytest.mark.parametrize("network", ["cnn", "cgan"])
def test_it_learns_a_batch(figures: Path, network: Any) -> None:
    torch.manual_seed(0)
    settings = LoopSettings(40, rate=3e-3, warmup_steps=1)
    recipe = HistogramRecipe(figures, 0, size_px=SIDE, batch=3, network=network, width=4, told=8)
    state, batch = start(recipe, settings), recipe.batches[0]
    log = [take_step(recipe, state, batch, settings) for _ in range(20)]
    assert log[-1]["l1"] < 0.6 * log[0]["l1"]
    assert ("loss_critic" in log[0]) == (network == "cgan")


def test_two_histograms_of_one_drawing_give_two_palettes(trained: Path) -> None:
    red, blue = (paint(trained, Conditioning(reference=picture(color))) for color in (RED, BLUE))
    figure = red.min(axis=2) < 0.9
    assert figure.mean() > 0.1
    apart = (red - blue)[figure].mean(axis=0)
    assert apart[0] > 0.1 and apart[2] < -0.1
    # Each is nearer to its own reference than to the other's.
    for mine, own, other in ((red, RED, BLUE), (blue, BLUE, RED)):
        mean = mine[figure].mean(axis=0)
        assert np.abs(mean - np.array(own) / 255).sum() < np.abs(mean - np.array(other) / 255).sum()


def test_without_a_histogram_the_mean_of_the_training_stands_in(trained: Path) -> None:
    network, _ = load_colorist(trained)
    neutral = network.get_buffer("neutral")
    assert float(neutral.sum()) == pytest.approx(1, abs=1e-3) and float(neutral.std()) > 1e-3
    nothing = paint(trained, Conditioning())
    assert np.allclose(nothing, paint(trained, Conditioning(histogram=neutral.numpy())), atol=1e-5)
    assert np.allclose(nothing, paint(trained, Conditioning(reference=picture(RED)), guidance=0), atol=1e-5)


def test_the_network_reads_bins_in_the_order_of_the_histogram() -> None:
    assert np.allclose(HistogramReader(4).colors, bin_colors() / 127.5 - 1, atol=0.01)


def test_the_histogram_comes_from_histogram_reference_or_hint() -> None:
    wanted = color_histogram(picture(RED)[10:50, 10:40])
    assert np.array_equal(wanted_colors(Conditioning(histogram=wanted)), wanted)
    assert np.allclose(wanted_colors(Conditioning(reference=picture(RED))), wanted)
    known = (picture(RED).min(axis=2) < 255).astype(np.float32)
    assert np.allclose(wanted_colors(Conditioning(hint=Hint(picture(RED), known))), wanted)
    assert not wanted_colors(Conditioning()).any()


def test_paper_is_not_a_color_of_a_reference_but_white_clothes_are() -> None:
    rgb = picture(RED)
    rgb[35:40, 20:30] = 255
    weight = figure_weight(rgb)
    assert not weight[:10].any() and weight[10:50, 10:40].all()
    assert figure_weight(np.full((8, 8, 3), 255, np.uint8)).all()


def test_turned_colors_keep_white_and_differ() -> None:
    rgb = (picture(RED) / 255).astype(np.float32)
    turned = [turn_colors(rgb, np.random.default_rng(seed)) for seed in range(8)]
    assert all(np.allclose(t[:10], 1) for t in turned)
    assert len({tuple(t[20, 20].round(2)) for t in turned}) > 4


def test_a_histogram_is_shown_as_stripes_of_its_colors() -> None:
    stripes = show_histogram(color_histogram(picture(RED)), 32)
    assert stripes.shape == (32, 32, 3)
    assert len(np.unique(stripes.reshape(-1, 3), axis=0)) == 3
    assert (show_histogram(np.zeros(512, np.float32), 8) == 1).all()
