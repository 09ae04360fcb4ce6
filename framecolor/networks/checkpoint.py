"""Networks on disk: safetensors files that carry their own hyper-parameters. Nothing is ever unpickled."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from framecolor.errors import OutputError, ReadError
from framecolor.networks.generator import Generator
from framecolor.networks.matcher import Matcher

_WEIGHTS = Path(__file__).parent.parent / "weights"
_GENERATOR = "framecolor generator 1"
_MATCHER = "framecolor matcher 1"
_MATCHER_SIZES = ("features", "context", "width", "heads", "own_layers", "pair_layers")

Network = TypeVar("Network", bound=nn.Module)


def base_weights_path() -> Path:
    """The generator's weights that ship with the package: what every fit starts from."""
    return _WEIGHTS / "generator.safetensors"


def matcher_weights_path() -> Path:
    """The matcher's weights that ship with the package; they belong to the base weights of the generator."""
    return _WEIGHTS / "matcher.safetensors"


def save_generator(generator: Generator, path: Path, facts: dict[str, str] | None = None) -> None:
    """Write the weights (float32) and hyper-parameters; `facts` are further metadata, such as where they come from.

    The file appears complete or not at all. Raises OutputError when it cannot be written.
    """
    sizes = {"widths": json.dumps(generator.widths), "feature_channels": str(generator.feature_channels)}
    _save(generator, path, {**(facts or {}), "format": _GENERATOR, **sizes})


def load_generator(path: Path) -> Generator:
    """The generator in a weights file, in eval mode, on the CPU. Raises ReadError for anything else."""

    def build(metadata: dict[str, str]) -> Generator:
        return Generator(tuple(int(w) for w in json.loads(metadata["widths"])), int(metadata["feature_channels"]))

    return _load(path, _GENERATOR, "generator", build)


def save_matcher(matcher: Matcher, path: Path, facts: dict[str, str] | None = None) -> None:
    """`save_generator` for a matcher."""
    sizes = {name: str(getattr(matcher, name)) for name in _MATCHER_SIZES}
    _save(matcher, path, {**(facts or {}), "format": _MATCHER, **sizes})


def load_matcher(path: Path) -> Matcher:
    """`load_generator` for a matcher."""
    return _load(path, _MATCHER, "matcher", lambda m: Matcher(*(int(m[name]) for name in _MATCHER_SIZES)))


def _save(network: nn.Module, path: Path, metadata: dict[str, str]) -> None:
    tensors = {name: t.detach().cpu().contiguous() for name, t in network.state_dict().items()}
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(save(tensors, metadata))
        partial.replace(path)
    except OSError as error:
        raise OutputError(path, f"cannot be written ({error})", "choose a folder that can be written to") from error


def _load(path: Path, format_: str, kind: str, build: Callable[[dict[str, str]], Network]) -> Network:
    fix = "give a file that `framecolor train generator` wrote"
    try:
        with safe_open(str(path), framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != format_:
                raise ReadError(path, f"holds no framecolor {kind}", fix)
            tensors: dict[str, torch.Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        network = build(metadata)
        network.load_state_dict(tensors)
    except FileNotFoundError as error:
        raise ReadError(path, "does not exist", fix) from error
    except (OSError, SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        problem = str(error).splitlines()[0]
        raise ReadError(path, f"is no readable {kind} ({problem})", fix) from error
    return network.eval()
