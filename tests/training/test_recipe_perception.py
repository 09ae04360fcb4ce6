"""perception: it learns to tell figures and paints apart, looks at each picture by itself, and resumes exactly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from characters import check_resuming, write_characters
from click.testing import CliRunner
from conftest import one_thread
from torch.nn import functional as F

from framecolor.cli.train import train as train_command
from framecolor.errors import ReadError
from framecolor.networks.checkpoint import save_colorist
from framecolor.networks.cyclegan import CycleGan
from framecolor.networks.perception import Perception, load_perception
from framecolor.training.loop import LoopSettings, start, take_step
from framecolor.training.paintings import open_paintings
from framecolor.training.recipes.perception import KINDS, PerceptionRecipe, contrast_paints, draw_change

WIDTHS = (4, 6, 8, 12)


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_characters(tmp_path_factory.mktemp("data"), 12)


def small_recipe(data: Path) -> PerceptionRecipe:
    return PerceptionRecipe(data, 0, size_px=32, batch=24, widths=WIDTHS, embed_channels=8)


def test_it_learns_to_tell_figures_and_paints_apart(data: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    recipe = small_recipe(data)
    state = start(recipe, LoopSettings(40, rate=6e-3, warmup_steps=1, mean_decay=0.8))
    batch = recipe.batches[0]
    numbers = [take_step(recipe, state, batch, LoopSettings(40, rate=6e-3, warmup_steps=1)) for _ in range(40)]
    for name in ("loss", "contrast", "kind", "color"):
        assert numbers[-1][name] < 0.9 * numbers[0][name], name
    held_out = recipe.validate(state.mean)
    assert held_out.keys() == {"found", "apart", "kind"} and all(0 <= v <= 1 for v in held_out.values())
    recipe.write_samples(state.mean, tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 1000


def test_resuming_is_exact(data: Path, tmp_path: Path) -> None:
    check_resuming(lambda: small_recipe(data), tmp_path)


def test_pictures_of_one_paint_belong_together() -> None:
    paint = torch.tensor([0, 0, 1, 1])
    apart = F.normalize(torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]]), dim=1)
    assert contrast_paints(apart, paint) < 0.01
    assert contrast_paints(apart[[0, 2, 1, 3]], paint) > 5


def test_a_batch_shows_each_figure_in_two_paints(data: Path) -> None:
    batch = small_recipe(data).batches[3]
    assert batch["rgb"].shape == (24, 3, 32, 32) and batch["rgb"].abs().max() <= 1
    assert batch["paint"].tolist() == [n for n in range(12) for _ in range(2)]
    kind = batch["kind"].view(-1, 4)
    assert not kind[:, :2].any() and (kind[:, 2] == kind[:, 3]).all() and (kind[:, 2] > 0).all()


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_wrong_paint_is_another_picture_of_the_same_paper(data: Path, kind: str) -> None:
    rng = np.random.default_rng(4)
    painting = open_paintings(data, "train", 48, recolored=0).read(0, rng)
    changed = draw_change(kind, painting, rng).apply(painting, rng)
    assert changed.shape == painting.rgb.shape and changed.dtype == np.float32
    assert np.abs(changed - painting.rgb).mean() > 0.01
    if kind in ("swapped", "recolored"):
        paper = painting.outside[::2, ::2] & (painting.rgb.min(axis=2) == 1)
        assert (changed[paper] == 1).all()


def test_each_picture_is_looked_at_by_itself() -> None:
    torch.manual_seed(0)
    network = Perception(WIDTHS, 8).train()
    pictures = torch.rand(3, 3, 37, 50) * 2 - 1
    maps = network.features(pictures)
    assert [tuple(m.shape) for m in maps] == [(3, 4, 37, 50), (3, 6, 18, 25), (3, 8, 9, 12), (3, 12, 4, 6)]
    assert torch.allclose(network.embed(pictures)[1:2], network.embed(pictures[1:2]), atol=1e-5)


def test_the_command_writes_frozen_weights_in_half_precision(data: Path, tmp_path: Path) -> None:
    options = ["--steps", "2", "--size", "32", "--batch", "8", "--workers", "0"]
    result = CliRunner().invoke(train_command, ["perception", "--data", str(data), "-o", str(tmp_path), *options])
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "run.json").read_text())["recipe"] == "perception"
    network = load_perception(tmp_path / "perception.safetensors")
    assert not network.training and not any(p.requires_grad for p in network.parameters())
    count = sum(p.numel() for p in network.parameters())
    assert (tmp_path / "perception.safetensors").stat().st_size < 2.1 * count


def test_other_weights_are_an_error(tmp_path: Path) -> None:
    save_colorist(CycleGan(4, 1), tmp_path / "other.safetensors", {})
    with pytest.raises(ReadError, match="not a perception"):
        load_perception(tmp_path / "other.safetensors")
