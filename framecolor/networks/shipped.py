"""The weights that ship with the package: their paths, and the hashes in their model cards."""

from __future__ import annotations

import re
from pathlib import Path

from framecolor.errors import ReadError
from framecolor.networks.systems import SYSTEMS

WEIGHTS = Path(__file__).parent.parent / "weights"
_NAME = re.compile(r"[a-z]+")
_SHA256 = re.compile(r"sha256\W+([0-9a-f]{64})")


def base_weights_path() -> Path:
    """Return the path of the generator's shipped weights, which every fit starts from."""
    return WEIGHTS / "generator.safetensors"


def matcher_weights_path() -> Path:
    """Return the path of the matcher's shipped weights, which were trained on the generator's shipped weights."""
    return WEIGHTS / "matcher.safetensors"


def painter_weights_path() -> Path:
    """Return the path of the painter's shipped weights, which were trained together with the matcher's."""
    return WEIGHTS / "painter.safetensors"


def colorist_weights_path() -> Path:
    """Return the path of the shipped colorist's weights, which propose colors for shots without a key."""
    return WEIGHTS / "diffusion.safetensors"


def chooser_weights_path() -> Path:
    """Return the path of the chooser's shipped weights, which give regions the colors of strokes and palettes."""
    return WEIGHTS / "chooser.safetensors"


def perception_weights_path() -> Path:
    """Return the path of the perception network's shipped weights, for comparing pictures."""
    return WEIGHTS / "perception.safetensors"


def find_model(model: str, folder: Path) -> Path:
    """Find what `open_colorist` opens for --model: a file, relative to `folder`, or a system that ships, by its name.

    A system without weights of its own, such as `style`, has its name as its path. Raises ReadError for the name of a
    system whose weights do not ship.
    """
    file = folder / model
    if file.exists():
        return file
    if _is_weightless(model):
        return Path(model)
    shipped = WEIGHTS / f"{model}.safetensors"
    if _NAME.fullmatch(model) is not None and shipped.exists():
        return shipped
    if model in SYSTEMS:
        fix = f"train them by `framecolor train {model}`, and name their file"
        raise ReadError(Path(model), "is a system whose weights do not ship", fix)
    return file


def list_model_files(path: Path) -> list[Path]:
    """List the files that decide what a path of `find_model` paints: its weights, or the features of a system without
    its own; and the chooser, which votes."""
    own = perception_weights_path() if _is_weightless(str(path)) else path
    return [own, *(file for file in (chooser_weights_path(),) if file.exists())]


def _is_weightless(name: str) -> bool:
    return name in SYSTEMS and SYSTEMS[name].network is None


def read_card_hash(weights: Path) -> str | None:
    """Read the SHA-256 of shipped weights, in hex, from their model card; None if missing."""
    try:
        found = _SHA256.search(weights.with_suffix(".md").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return None if found is None else found[1]
