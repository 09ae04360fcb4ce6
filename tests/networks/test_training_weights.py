"""The shipped weights match their model cards."""

import hashlib
from pathlib import Path

import pytest
from safetensors import safe_open

from framecolor.networks.checkpoint import (
    base_weights_path,
    load_generator,
    matcher_weights_path,
    painter_weights_path,
    perception_weights_path,
)
from framecolor.networks.generator import Generator
from framecolor.networks.perception import Perception, load_perception

WEIGHTS = (base_weights_path(), matcher_weights_path(), painter_weights_path(), perception_weights_path())
# The greatest size of the wheel.
MOST_BYTES = 60e6


def test_base_weights_fit_the_default_generator() -> None:
    generator = load_generator(base_weights_path())
    assert generator.widths == Generator().widths
    assert generator.feature_channels == Generator().feature_channels
    assert not generator.training


def test_perception_is_of_the_default_sizes() -> None:
    network = load_perception()
    assert network.sizes == Perception().sizes
    assert not network.training and perception_weights_path().stat().st_size < 4e6


@pytest.mark.parametrize("path", WEIGHTS, ids=lambda path: path.stem)
def test_a_model_card_describes_these_weights(path: Path) -> None:
    card = path.with_suffix(".md").read_text()
    assert hashlib.sha256(path.read_bytes()).hexdigest() in card
    with safe_open(str(path), framework="pt") as file:
        facts = file.metadata()
    assert f"--steps {facts['step']} " in card
    assert facts["data"] in card
    for license_ in facts["license"].split(" AND "):
        assert license_ in card


def test_matcher_and_painter_were_trained_together_on_the_data_of_the_generator_and_more() -> None:
    facts = []
    for path in (base_weights_path(), matcher_weights_path(), painter_weights_path()):
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata()
        facts.append({name: metadata[name] for name in ("data", "license", "step")})
    assert facts[1] == facts[2]
    assert set(facts[0]["data"].split()) <= set(facts[1]["data"].split())


def test_the_package_stays_small() -> None:
    package = base_weights_path().parent.parent
    assert sum(path.stat().st_size for path in package.rglob("*") if "__pycache__" not in path.parts) < MOST_BYTES
