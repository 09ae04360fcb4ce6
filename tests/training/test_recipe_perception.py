"""perception: it learns to distinguish figures and paints, each picture by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from framecolor import ReadError
from framecolor.networks.checkpoint import save_colorist
from framecolor.networks.perception import Perception, load_perception
from framecolor.training.baselines.cyclegan.network import CycleGan
from framecolor.training.loop import LoopSettings, start, take_step
from framecolor.training.painting_folders import open_paintings
from framecolor.training.recipes.perception import KINDS, PerceptionRecipe, contrast_paints, draw_change

WIDTHS = (4, 6, 8, 12)


def small_recipe(figures: Path) -> PerceptionRecipe:
    return PerceptionRecipe(figures, 0, size_px=32, batch=24, widths=WIDTHS, embed_channels=8)


def test_it_learns_to_distinguish_figures_and_paints(figures: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    recipe = small_recipe(figures)
    state = start(recipe, LoopSettings(40, rate=6e-3, warmup_steps=1, mean_decay=0.8))
    batch = recipe.batches[0]
    numbers = [take_step(recipe, state, batch, LoopSettings(40, rate=6e-3, warmup_steps=1)) for _ in range(40)]
    for name in ("loss", "contrast", "kind", "color"):
        assert numbers[-1][name] < 0.9 * numbers[0][name], name
    held_out = recipe.validate(state.mean)
    assert held_out.keys() == {"found", "apart", "kind"} and all(0 <= v <= 1 for v in held_out.values())
    recipe.write_samples(state.mean, tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").stat().st_size > 1000


def test_pictures_of_one_paint_belong_together() -> None:
    paint = torch.tensor([0, 0, 1, 1])
    apart = F.normalize(torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]]), dim=1)
    assert contrast_paints(apart, paint) < 0.01
    assert contrast_paints(apart[[0, 2, 1, 3]], paint) > 5


def test_a_batch_shows_each_figure_in_two_paints(figures: Path) -> None:
    batch = small_recipe(figures).batches[3]
    assert batch["rgb"].shape == (24, 3, 32, 32) and batch["rgb"].abs().max() <= 1
    assert batch["paint"].tolist() == [n for n in range(12) for _ in range(2)]
    kind = batch["kind"].view(-1, 4)
    assert not kind[:, :2].any() and (kind[:, 2] == kind[:, 3]).all() and (kind[:, 2] > 0).all()


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_wrong_paint_is_another_picture_of_the_same_paper(figures: Path, kind: str) -> None:
    rng = np.random.default_rng(4)
    painting = open_paintings(figures, "train", 48, recolored=0).read(0, rng)
    changed = draw_change(kind, painting, rng).apply(painting, rng)
    assert changed.shape == painting.rgb.shape and changed.dtype == np.float32
    assert np.abs(changed - painting.rgb).mean() > 0.01
    if kind in ("swapped", "recolored"):
        paper = painting.outside[::2, ::2] & (painting.rgb.min(axis=2) == 1)
        assert (changed[paper] == 1).all()


def test_an_embedding_depends_on_its_picture_alone() -> None:
    torch.manual_seed(0)
    network = Perception(WIDTHS, 8).train()
    pictures = torch.rand(3, 3, 37, 50) * 2 - 1
    maps = network.features(pictures)
    assert [tuple(m.shape) for m in maps] == [(3, 4, 37, 50), (3, 6, 18, 25), (3, 8, 9, 12), (3, 12, 4, 6)]
    assert torch.allclose(network.embed(pictures)[1:2], network.embed(pictures[1:2]), atol=1e-5)


def test_other_weights_are_an_error(tmp_path: Path) -> None:
    save_colorist(CycleGan(4, 1), tmp_path / "other.safetensors", {})
    with pytest.raises(ReadError, match="not a perception"):
        load_perception(tmp_path / "other.safetensors")
