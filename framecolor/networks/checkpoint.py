"""Generator weights on disk: a safetensors file that carries its own hyper-parameters. Nothing is ever unpickled."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from framecolor.errors import OutputError, ReadError
from framecolor.networks.generator import Generator

_FORMAT = "framecolor generator 1"


def base_weights_path() -> Path:
    """The weights that ship with the package."""
    return Path(__file__).parent.parent / "weights" / "generator.safetensors"


def save_generator(generator: Generator, path: Path, facts: dict[str, str] | None = None) -> None:
    """Write the weights (float32) and hyper-parameters; `facts` are further metadata, such as where they come from.

    The file appears complete or not at all. Raises OutputError when it cannot be written.
    """
    tensors = {name: t.detach().cpu().contiguous() for name, t in generator.state_dict().items()}
    metadata = {
        **(facts or {}),
        "format": _FORMAT,
        "widths": json.dumps(generator.widths),
        "feature_channels": str(generator.feature_channels),
    }
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(save(tensors, metadata))
        partial.replace(path)
    except OSError as error:
        raise OutputError(path, f"cannot be written ({error})", "choose a folder that can be written to") from error


def load_generator(path: Path) -> Generator:
    """The generator in a weights file, in eval mode, on the CPU. Raises ReadError for anything else."""
    fix = "give a file that `framecolor train generator` wrote"
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != _FORMAT:
                raise ReadError(path, "holds no framecolor generator", fix)
            tensors: dict[str, torch.Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        widths = tuple(int(w) for w in json.loads(metadata["widths"]))
        generator = Generator(widths, int(metadata["feature_channels"]))
        generator.load_state_dict(tensors)
    except FileNotFoundError as error:
        raise ReadError(path, "does not exist", fix) from error
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        problem = str(error).splitlines()[0]
        raise ReadError(path, f"is no readable generator ({problem})", fix) from error
    return generator.eval()
