"""The recipe that trains the painter: where it begins, that it learns, and that padding does not count."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from characters import check_resuming

from framecolor.networks.checkpoint import load_matcher, load_painter
from framecolor.networks.painter import Painter
from framecolor.training.dataset import Dataset
from framecolor.training.loop import Batch
from framecolor.training.painter_batches import PainterBatches
from framecolor.training.recipes import painter as recipe_module
from framecolor.training.recipes.painter import Networks, PainterRecipe

SIZE_PX = 64
LOADERS = {"painter": load_painter, "matcher": load_matcher}

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("episodes")


@pytest.fixture
def recipe(figures: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> PainterRecipe:
    monkeypatch.setattr(recipe_module, "_VAL_BATCHES", 1)
    return PainterRecipe([Dataset(figures)], 1, folder, 2, SIZE_PX, 2)


def new_networks(recipe: PainterRecipe) -> Networks:
    """The shipped matcher, and a painter that has learned nothing."""
    torch.manual_seed(0)
    networks = recipe.build_network()
    assert isinstance(networks, Networks)
    networks.painter = Painter(networks.matcher.tokens)
    return networks


def test_a_new_painter_is_as_right_as_the_matcher(recipe: PainterRecipe) -> None:
    loss, numbers = recipe.compute_loss(new_networks(recipe), recipe.batches[3], "all")
    assert numbers["acc"] == numbers["matched"]
    assert numbers["paint"] == pytest.approx(numbers["match"], rel=1e-4)
    # All rounds but one are early ones, and change nothing yet.
    early = recipe_module._EARLY_WEIGHT * (new_networks(recipe).painter.rounds - 1)
    matched = recipe_module._MATCH_WEIGHT * numbers["match"] + recipe_module._LINK_WEIGHT * numbers["link"]
    assert float(loss.detach()) == pytest.approx((1 + early) * numbers["paint"] + matched, rel=1e-4)


def test_steps_learn(recipe: PainterRecipe) -> None:
    network, batch = new_networks(recipe), recipe.batches[3]
    optimizer = torch.optim.Adam(network.parameters(), 1e-2)
    losses = []
    for _ in range(15):
        optimizer.zero_grad()
        loss, _ = recipe.compute_loss(network, batch, "all")
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]
    still = [name for name, weights in network.named_parameters() if weights.grad is None or not weights.grad.any()]
    assert still == [], "every weight learns, also those that encode crops"


def test_padding_does_not_count(recipe: PainterRecipe) -> None:
    batch = recipe.batches[3]
    network = new_networks(recipe)
    with torch.no_grad():
        for weights in network.parameters():
            weights.add_(0.1 * torch.randn_like(weights))
        loss, numbers = recipe.compute_loss(network, batch, "all")
        padded, others = recipe.compute_loss(network, pad(batch, 5), "all")
    assert float(padded) == pytest.approx(float(loss), rel=1e-4)
    assert others == pytest.approx(numbers, rel=1e-4, nan_ok=True)


def pad(batch: Batch, more: int) -> Batch:
    """Add regions to all drawings that are not there."""
    from torch.nn.functional import pad as add

    last = ("area", "source_known", "target_known")
    return {
        **batch,
        **{name: add(batch[name], (0, more)) for name in last},
        "classes": add(batch["classes"], (0, more), value=-1),
        **{name: add(batch[name], (0, 0, 0, more)) for name in ("look", "shape")},
        **{name: add(batch[name], (0, more, 0, more)) for name in ("contact", "there", "back")},
    }


def test_a_stopped_training_goes_on_exactly(recipe: PainterRecipe, tmp_path: Path) -> None:
    check_resuming(lambda: PainterRecipe(recipe.data, 1, tmp_path, 2, SIZE_PX, 1), tmp_path)


def test_held_out_characters_are_others(recipe: PainterRecipe) -> None:
    assert isinstance(recipe.batches, PainterBatches)
    sources = recipe.batches.sources[0], recipe.held_out.sources[0]
    train, held_out = ({file for files in one.characters for file in files} for one in sources)
    assert train and held_out and not train & held_out
    numbers = recipe.validate(new_networks(recipe))
    assert 0 <= numbers["acc"] <= 1 and numbers["loss"] > 0


def test_the_package_reads_what_it_exports(recipe: PainterRecipe, tmp_path: Path) -> None:
    network = new_networks(recipe)
    recipe.export(network, tmp_path, 8)
    painter, matcher = (load(tmp_path / f"{name}.safetensors") for name, load in LOADERS.items())
    torch.testing.assert_close(painter.state_dict(), network.painter.state_dict())
    torch.testing.assert_close(matcher.state_dict(), network.matcher.state_dict())


def test_a_training_can_begin_from_weights(recipe: PainterRecipe, tmp_path: Path) -> None:
    before = new_networks(recipe)
    recipe.export(before, tmp_path, 1)
    later = PainterRecipe(recipe.data, 1, tmp_path, 2, SIZE_PX, 2, tmp_path).build_network()
    torch.testing.assert_close(later.state_dict(), before.state_dict())


def test_data_sets_are_mixed(recipe: PainterRecipe, folder: Path) -> None:
    both = PainterRecipe([*recipe.data, *recipe.data], 1, folder, 2, SIZE_PX, 1)
    assert len(both.describe()["data"]) == 2 and len(both.held_out.sources) == 2
    assert both.batches[0]["target"].shape == recipe.batches[0]["target"][:3].shape
