"""Save and load networks as safetensors files with their hyper-parameters. Nothing is ever unpickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from safetensors.torch import save
from torch import nn

from framecolor.core.files import put_in_place, read_file
from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.errors import OutputError, ReadError
from framecolor.networks.generator import Generator
from framecolor.networks.matcher import Matcher
from framecolor.networks.painter import Painter
from framecolor.networks.shipped import (
    WEIGHTS,
    base_weights_path,
    chooser_weights_path,
    colorist_weights_path,
    matcher_weights_path,
    painter_weights_path,
    perception_weights_path,
    read_card_hash,
)
from framecolor.networks.systems import SYSTEMS, load_class
from framecolor.networks.tensors import read_tensors

__all__ = [
    "base_weights_path",
    "build_network",
    "check_sizes",
    "chooser_weights_path",
    "colorist_weights_path",
    "load_colorist",
    "load_generator",
    "load_matcher",
    "load_painter",
    "matcher_weights_path",
    "painter_weights_path",
    "perception_weights_path",
    "read_card_hash",
    "read_sizes",
    "save_colorist",
    "save_generator",
    "save_matcher",
    "save_painter",
]

_REINSTALL = "run `pip install --force-reinstall --no-deps framecolor`"
_GENERATOR = "framecolor generator 1"
_MATCHER = "framecolor matcher 2"
_MATCHER_SIZES = ("features", "context", "width", "heads", "own_layers", "pair_layers", "seen")
_PAINTER = "framecolor painter 2"
_PAINTER_SIZES = ("tokens", "width", "hidden", "rounds")

_MOST_PX = 4096

_COLORIST = "framecolor colorist 1"
# Systems that vote region by region; files of them without a `networks.certainty` are older.
_WITH_CERTAINTY = ("deepcolor", "histogram", "paintstorch", "stencil")

Network = TypeVar("Network", bound=nn.Module)
# Takes a file's metadata and weights.
Build = Callable[[Mapping[str, str], Mapping[str, torch.Tensor]], Network]


class SizedNetwork(Protocol):
    """A network for `save_colorist`: its class is called with `sizes` to build it again."""

    @property
    def name(self) -> str: ...

    @property
    def sizes(self) -> dict[str, Any]: ...

    def state_dict(self) -> dict[str, Any]: ...


def save_generator(generator: Generator, path: Path, facts: dict[str, str] | None = None) -> None:
    """Write a generator's weights (float32) and hyper-parameters; `facts` are further metadata, such as its origin.

    The file is written completely or not at all. Raises OutputError if it cannot be written.
    """
    sizes = {"widths": json.dumps(generator.widths), "feature_channels": str(generator.feature_channels)}
    _save(generator, path, {**(facts or {}), "format": _GENERATOR, **sizes})


def load_generator(path: Path) -> Generator:
    """Load a generator from a weights file, in eval mode on the CPU. Raises ReadError for any other file."""

    def build(metadata: Mapping[str, str], tensors: Mapping[str, torch.Tensor]) -> Generator:
        widths, features = (read_sizes(metadata[name], tensors) for name in ("widths", "feature_channels"))
        return Generator(tuple(widths), features)

    return _load(path, _GENERATOR, "generator", build)


def save_matcher(matcher: Matcher, path: Path, facts: dict[str, str] | None = None) -> None:
    """Write a matcher, as `save_generator`."""
    sizes = {name: str(getattr(matcher, name)) for name in _MATCHER_SIZES}
    _save(matcher, path, {**(facts or {}), "format": _MATCHER, **sizes})


def load_matcher(path: Path) -> Matcher:
    """Load a matcher, as `load_generator`."""

    def build(metadata: Mapping[str, str], tensors: Mapping[str, torch.Tensor]) -> Matcher:
        return Matcher(*(read_sizes(metadata[name], tensors) for name in _MATCHER_SIZES))

    return _load(path, _MATCHER, "matcher", build)


def save_painter(painter: Painter, path: Path, facts: dict[str, str] | None = None) -> None:
    """Write a painter, as `save_generator`."""
    sizes = {name: str(getattr(painter, name)) for name in _PAINTER_SIZES}
    _save(painter, path, {**(facts or {}), "format": _PAINTER, **sizes})


def load_painter(path: Path) -> Painter:
    """Load a painter, as `load_generator`."""

    def build(metadata: Mapping[str, str], tensors: Mapping[str, torch.Tensor]) -> Painter:
        return Painter(*(read_sizes(metadata[name], tensors) for name in _PAINTER_SIZES))

    return _load(path, _PAINTER, "painter", build)


def save_colorist(
    network: SizedNetwork, path: Path, facts: dict[str, str] | None = None, *, half: bool = False
) -> None:
    """Write the network of a colorist's recipe, as `save_generator`; `half` writes its weights in float16."""
    _save(
        network,
        path,
        {**(facts or {}), "format": _COLORIST, "recipe": network.name, "sizes": json.dumps(network.sizes)},
        half=half,
    )


def load_colorist(path: Path) -> tuple[nn.Module, str]:
    """Load a network of `save_colorist` and its recipe's name, in float32 and eval mode on the CPU.

    Raises ReadError for any other file.
    """
    recipe = ""

    def build(metadata: Mapping[str, str], tensors: Mapping[str, torch.Tensor]) -> nn.Module:
        nonlocal recipe
        recipe = metadata["recipe"]
        network_class = SYSTEMS[recipe].network
        if recipe in _WITH_CERTAINTY and not any(name.startswith("certainty.") for name in tensors):
            raise ValueError(f"an earlier version of {recipe}, which did not know how sure it is: train it again")
        if network_class is None:
            raise ValueError(f"{recipe} has no weights of its own")
        return load_class(network_class)(**read_sizes(metadata["sizes"], tensors))

    network = _load(path, _COLORIST, "colorist", build)
    return network, recipe


def read_sizes(text: str, tensors: Mapping[str, torch.Tensor]) -> Any:
    """Read a network's sizes from the JSON in a weights file, checked by `check_sizes`."""
    return check_sizes(parse_json(text), tensors)


def check_sizes(sizes: Any, tensors: Mapping[str, torch.Tensor]) -> Any:
    """Check a network's sizes, a number, a list of numbers, or an object of these by name, and return them.

    Raises ValueError if a size is not a whole number of 1 or more, or is too large for these weights: no network has
    more channels than the longest side of its weights, or more layers than weights. Sizes in pixels, `..._px`, are at
    most 4096.
    """
    most = max([len(tensors), *(side for tensor in tensors.values() for side in tensor.shape)])
    for name, size in sizes.items() if isinstance(sizes, dict) else [("", sizes)]:
        for number in size if isinstance(size, list) else [size]:
            if type(number) is not int or not 1 <= number <= (_MOST_PX if name.endswith("_px") else most):
                raise ValueError(f"it has no weights for the size {str(size)[:40]}")
    return sizes


def build_network(build: Callable[[], Network], tensors: Mapping[str, torch.Tensor]) -> Network:
    """Build a network and load these weights, in eval mode.

    Its sizes may come from an untrusted file: nothing is allocated unless the weights match all of its tensors. Raises
    ValueError if they do not match or are not finite, and the errors of `build`.
    """
    with torch.device("meta"):
        wanted = {name: tensor.shape for name, tensor in build().state_dict().items()}
    if wanted != {name: tensor.shape for name, tensor in tensors.items()}:
        raise ValueError("its weights are not those of a network of its sizes")
    if not all(bool(tensor.float().isfinite().all()) for tensor in tensors.values()):
        raise ValueError("some of its weights are not finite")
    network = build()
    network.load_state_dict(tensors)
    return network.eval()


def _save(network: nn.Module | SizedNetwork, path: Path, metadata: dict[str, str], *, half: bool = False) -> None:
    tensors = {name: t.detach().cpu().contiguous() for name, t in network.state_dict().items()}
    if half:
        tensors = {name: t.half() if t.is_floating_point() else t for name, t in tensors.items()}
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(save(tensors, metadata))
        put_in_place(partial, path)
    except OSError as error:
        raise OutputError(path, f"cannot be written ({error})", "choose a folder that can be written to") from error


def _load(path: Path, format_: str, kind: str, build: Build[Network]) -> Network:
    fix = "give a file that `framecolor train` wrote"
    try:
        if path.parent == WEIGHTS and read_card_hash(path) not in (None, hashlib.sha256(read_file(path)).hexdigest()):
            problem = f"is not the {kind} that its model card describes: it is damaged or changed"
            raise ReadError(path, problem, _REINSTALL)
        tensors, metadata = read_tensors(path)
        if metadata.get("format") != format_:
            raise ReadError(path, f"holds no framecolor {kind}", fix)
        # The shipped matcher has a tensor's former name: renaming it in the file would make every painted frame stale.
        tensors = {name.replace("nowhere.", "unmatched."): tensor for name, tensor in tensors.items()}
        return build_network(lambda: build(metadata, tensors), tensors)
    except FileNotFoundError as error:
        raise ReadError(path, "does not exist", fix) from error
    except (OSError, *MISSHAPEN, RuntimeError) as error:
        problem = (str(error) or type(error).__name__).splitlines()[0]
        raise ReadError(path, f"is no readable {kind} ({problem})", fix) from error
