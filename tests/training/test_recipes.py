"""Contract of all recipes: a resumed training is exact, and leaves a log, samples and weights that open."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from characters import check_resuming
from drawings import draw
from safetensors import safe_open
from smallest import SMALLEST

from framecolor.colorists.open import open_colorist
from framecolor.media import write_image
from framecolor.networks.checkpoint import load_colorist, load_generator
from framecolor.networks.systems import SYSTEMS, load_class
from framecolor.training.dataset import Dataset
from framecolor.training.episodes import EpisodeSettings
from framecolor.training.loop import Recipe
from framecolor.training.recipes import generator
from framecolor.training.recipes.generator import GeneratorRecipe

pytestmark = pytest.mark.usefixtures("one_torch_thread", "quick_validation")

NAMES = (*SYSTEMS, "histogram cnn", "generator")


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def build(name: str, figures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Recipe]:
    """A recipe that learns small pictures by a small network."""
    for constant in ("_VAL_EPISODES", "_SAMPLE_EPISODES"):
        monkeypatch.setattr(generator, constant, 1)
    if name == "generator":
        small = EpisodeSettings(size_px=64, samples=256)
        return lambda: GeneratorRecipe(Dataset(figures), 0, small, widths=(8, 12, 16), feature_channels=8)
    system, *network = name.split()
    recipe = load_class(SYSTEMS[system].recipe)
    if system == "style":
        pictures = tmp_path / "line.png", tmp_path / "painted.png"
        for path, picture in zip(pictures, draw(5), strict=True):
            write_image(path, picture)
        return lambda: recipe(*pictures, size_px=48)
    sizes = {key: value for key, value in SMALLEST[system].items() if key != "size_px"}
    if system == "chooser":
        return lambda: recipe([Dataset(figures)], 0, tmp_path / "looks", 2, 64, 2, **sizes)
    own = {"network": network[0]} if network else {}
    return lambda: recipe(figures, 0, size_px=32, batch=4, **sizes, **own)


def test_a_stopped_training_goes_on_exactly(name: str, build: Callable[[], Recipe], tmp_path: Path) -> None:
    check_resuming(build, tmp_path)
    folder = tmp_path / "whole"
    entries = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert entries[0]["step"] == 4 and any(key.startswith("val_") for key in entries[-1])
    assert (folder / "samples" / "000004.png").stat().st_size > 300
    system = name.split()[0]
    assert json.loads((folder / "run.json").read_text())["recipe"] == system == build().name
    weights = folder / f"{system}.safetensors"
    if system == "generator":
        assert not load_generator(weights).training
    elif system == "style":
        assert (folder / "styled.png").is_file()
    else:
        network, found = load_colorist(weights)
        assert found == system and not network.training
        assert SYSTEMS[system].colorist is None or open_colorist(weights).name == system
        with safe_open(weights, framework="pt") as file:
            kinds = {file.get_tensor(key).dtype for key in file.keys()}  # noqa: SIM118
        assert torch.float16 in kinds and torch.float32 not in kinds
