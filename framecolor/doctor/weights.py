"""Check the weights that ship against the hashes in their model cards."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from framecolor.doctor.finding import Finding, Target
from framecolor.networks.checkpoint import base_weights_path, read_card_hash

_REINSTALL = "pip install --force-reinstall --no-deps framecolor"


def check_weights(target: Target) -> Iterator[Finding]:
    """Yield one finding for all weights that are right, and one for each of the others."""
    good: dict[str, str] = {}
    for card in _list_cards(base_weights_path().parent):
        weights = card.with_suffix(".safetensors")
        if not weights.is_file():
            yield Finding("weights", "fail", f"{weights} is missing", _REINSTALL, {"file": str(weights)})
            continue
        found = hashlib.sha256(weights.read_bytes()).hexdigest()
        if found != read_card_hash(weights):
            what = f"{weights} does not have the hash of its model card: it is damaged or was changed"
            yield Finding("weights", "fail", what, _REINSTALL, {"file": str(weights), "sha256": found})
        else:
            good[weights.stem] = found
    if good:
        yield Finding("weights", "ok", f"{', '.join(good)}: as their model cards say", data={"sha256": good})


def _list_cards(folder: Path) -> list[Path]:
    cards = sorted(folder.glob("*.md"))
    if not cards:
        raise FileNotFoundError(f"{folder} holds no model card")
    return cards
