"""The recipe that trains the chooser: what it asks, that padding does not count, that it learns and resumes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from framecolor.networks.checkpoint import load_colorist
from framecolor.networks.chooser import Chooser
from framecolor.training.chooser_batches import make_choice, pack
from framecolor.training.dataset import Dataset
from framecolor.training.recipes import chooser as recipe_module
from framecolor.training.recipes.chooser import ChooserRecipe

SIZE_PX = 64
SIZES = {"width": 16, "layers": 1, "heads": 2, "rounds": 2}

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("episodes")


@pytest.fixture
def recipe(figures: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> ChooserRecipe:
    monkeypatch.setattr(recipe_module, "_VAL_BATCHES", 1)
    return ChooserRecipe([Dataset(figures)], 1, folder, 2, SIZE_PX, 3, **SIZES)


def test_strokes_and_paper_are_known_and_every_target_is_offered(recipe: ChooserRecipe) -> None:
    for given in ("strokes", "palette"):
        batch = recipe.held_out[given][0]
        known, paper = batch["known"], batch["shape"][..., 5] > 0.5
        assert (known.sum(2) <= 1).all()
        assert (known[paper][:, 0] == 1).all()
        assert (batch["weight"][known.sum(2) > 0] == 0).all()
        assert (known[~paper].sum() > 0) == (given == "strokes")
        assert int(batch["target"].max()) < batch["candidates"].shape[1]
        assert (batch["candidates"][:, 0, :3] == 1).all()
        assert ((batch["candidates"][..., 3] > 0).any()) == (given == "palette")


def test_the_same_batch_is_made_twice(recipe: ChooserRecipe) -> None:
    first, again = recipe.batches[4], recipe.batches[4]
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_padding_changes_nothing(recipe: ChooserRecipe) -> None:
    torch.manual_seed(0)
    network = recipe.build_network().eval()
    batch = recipe.held_out["strokes"][1]
    regions, colors = (int(batch[name][0].sum()) for name in ("there",)), int(batch["candidates"][0, :, 4].sum())
    count = next(regions)
    alone = {}
    for name, tensor in batch.items():
        cut = tensor[0]
        if name in ("contact", "apart"):
            cut = cut[:count, :count]
        elif name in ("known", "flow", "near"):
            cut = cut[:count, :colors]
        else:
            cut = cut[: colors if name == "candidates" else count]
        alone[name] = cut.numpy()
    with torch.no_grad():
        whole = network(make_choice(batch))[0][-1][0, :count]
        own = network(make_choice(pack([alone])))[0][-1][0]
    torch.testing.assert_close(whole[:, :colors], own[:, :colors], atol=1e-3, rtol=1e-3)


def test_steps_learn(recipe: ChooserRecipe) -> None:
    torch.manual_seed(0)
    network, batch = recipe.build_network(), recipe.batches[3]
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    losses = []
    for _ in range(25):
        optimizer.zero_grad()
        loss, numbers = recipe.compute_loss(network, batch, "all")
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]
    assert 0 <= numbers["acc"] <= 1


def test_a_run_exports_weights_that_load(recipe: ChooserRecipe, tmp_path: Path) -> None:
    network = recipe.build_network()
    recipe.export(network, tmp_path, 3)
    loaded, name = load_colorist(tmp_path / "chooser.safetensors")
    assert name == "chooser"
    assert isinstance(loaded, Chooser)
    assert loaded.sizes == recipe.sizes


def test_validation_measures_strokes_and_palettes_beside_the_simple_answers(recipe: ChooserRecipe) -> None:
    numbers = recipe.validate(recipe.build_network().eval())
    assert {"strokes_acc", "strokes_simple", "palette_acc"} <= set(numbers)
    assert all(np.isfinite(value) for value in numbers.values())
