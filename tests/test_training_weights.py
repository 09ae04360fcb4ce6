"""The weights that ship and their model card say the same."""

import hashlib

from safetensors import safe_open

from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.generator import Generator


def test_base_weights_fit_the_default_generator() -> None:
    generator = load_generator(base_weights_path())
    assert generator.widths == Generator().widths
    assert generator.feature_channels == Generator().feature_channels
    assert not generator.training


def test_the_model_card_describes_these_weights() -> None:
    path = base_weights_path()
    card = path.with_suffix(".md").read_text()
    assert hashlib.sha256(path.read_bytes()).hexdigest() in card
    with safe_open(str(path), framework="pt") as file:
        facts = file.metadata()
    assert f"--steps {facts['step']} " in card
    assert facts["data"] in card
    assert facts["license"] == "CC0-1.0"
