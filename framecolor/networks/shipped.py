"""The weights that ship with the package: where they are, and what their model cards say of them."""

from __future__ import annotations

import re
from pathlib import Path

WEIGHTS = Path(__file__).parent.parent / "weights"
_SHA256 = re.compile(r"sha256\W+([0-9a-f]{64})")


def base_weights_path() -> Path:
    """The generator's weights that ship with the package: what every fit starts from."""
    return WEIGHTS / "generator.safetensors"


def matcher_weights_path() -> Path:
    """The matcher's weights that ship with the package; they belong to the base weights of the generator."""
    return WEIGHTS / "matcher.safetensors"


def colorist_weights_path() -> Path:
    """The colorist's weights that ship with the package: what proposes colors where nobody painted."""
    return WEIGHTS / "diffusion.safetensors"


def perception_weights_path() -> Path:
    """Weights of the features that pictures are compared by."""
    return WEIGHTS / "perception.safetensors"


def read_card_hash(weights: Path) -> str | None:
    """SHA-256 of weights that ship, in hex, as their model card has it; None where there is none."""
    try:
        told = _SHA256.search(weights.with_suffix(".md").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return None if told is None else told[1]
