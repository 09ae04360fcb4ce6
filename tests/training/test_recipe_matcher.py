"""The recipe that trains the matcher alone: episodes are made once, and a few steps learn them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import one_thread

from framecolor.networks.checkpoint import load_matcher
from framecolor.networks.matcher import Matcher
from framecolor.training.dataset import Dataset
from framecolor.training.looks import LookEpisodes
from framecolor.training.recipes.matcher import MatcherRecipe

SIZE_PX = 64


@pytest.fixture(scope="module")
def data(figures: Path) -> Dataset:
    return Dataset(figures)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("looks")


@pytest.fixture
def recipe(data: Dataset, kept: Path) -> MatcherRecipe:
    return MatcherRecipe(data, 1, kept, 2, SIZE_PX)


def test_an_episode_is_kept_and_made_again_if_it_is_damaged(data: Dataset, kept: Path) -> None:
    episodes = LookEpisodes(data, "train", 1, kept, 2, SIZE_PX)
    made = episodes.read(0)
    (path,) = episodes.folder.glob("000000.npz")
    before = path.stat().st_mtime_ns
    again = episodes.read(0)
    assert path.stat().st_mtime_ns == before and made.keys() == again.keys()
    path.write_bytes(path.read_bytes()[:100])
    for name, array in episodes.read(0).items():
        np.testing.assert_array_equal(array, made[name], err_msg=name)
    assert path.stat().st_size > 100


def test_a_batch_says_which_image_each_region_is_of(recipe: MatcherRecipe) -> None:
    batch = recipe.batches[5]
    image, keys = batch["region_image"], int(batch["keys"])
    assert 1 <= keys <= 3 and image.unique().tolist() == list(range(keys + 2))
    assert len(image) == len(batch["look"]) == len(batch["shape"]) == len(batch["region_class"])
    earlier, later = int((image == keys).sum()), int((image == keys + 1).sum())
    assert batch["flow_there"].shape == (later, earlier) and batch["flow_back"].shape == (earlier, later)
    torch.testing.assert_close(batch["look"], recipe.batches[5]["look"], rtol=0, atol=0)


def test_steps_learn_and_what_ships_is_where_they_begin(recipe: MatcherRecipe, tmp_path: Path) -> None:
    with one_thread():
        network = recipe.build_network()
        assert isinstance(network, Matcher)
        optimizer = torch.optim.Adam(network.parameters(), 1e-3)
        losses = []
        for _ in range(8):
            optimizer.zero_grad()
            loss, numbers = recipe.compute_loss(network, recipe.batches[3], "all")
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
        assert losses[-1] < 0.9 * losses[0]
        assert 0 <= numbers["match_acc"] <= 1 and 0 <= numbers["link_acc"] <= 1
        recipe.export(network, tmp_path, 8)
    for name, value in load_matcher(tmp_path / "matcher.safetensors").state_dict().items():
        torch.testing.assert_close(value, network.state_dict()[name].half().float(), rtol=1e-2, atol=1e-3)
