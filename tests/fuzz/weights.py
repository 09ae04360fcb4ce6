"""Targets: weights of every kind, and the arrays that runs keep: the fit of a shot, proposals, what keys say."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, cast

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load
from torch import nn

from framecolor.core.parsing import MISSHAPEN
from framecolor.core.types import Palette
from framecolor.keys import auto_key
from framecolor.keys.alignment.align import Alignment
from framecolor.keys.cache import find_keyframes, keep_keyframes
from framecolor.keys.finetuning import cache as finetune_cache
from framecolor.keys.keyframes import Keyframes
from framecolor.keys.named_palette import ColorTuples
from framecolor.matching.gallery import UNKNOWN, Gallery, KeyRegions
from framecolor.matching.tokens import Tokens
from framecolor.networks.checkpoint import (
    load_colorist,
    load_generator,
    load_matcher,
    load_painter,
    save_colorist,
    save_generator,
    save_matcher,
    save_painter,
)
from framecolor.networks.diffusion import Diffusion
from framecolor.networks.generator import Generator
from framecolor.networks.kept import pack_arrays
from framecolor.networks.matcher import Matcher
from framecolor.networks.painter import Painter
from framecolor.networks.palette_head import PaletteNetwork
from framecolor.networks.perception import Perception
from framecolor.shot.annotations import STROKE, RegionLabels
from framecolor.training.baselines.cyclegan.network import CycleGan
from framecolor.training.baselines.deepcolor.network import DeepColor
from framecolor.training.baselines.histogram.network import Histogram
from framecolor.training.baselines.paintstorch.network import PaintsTorch
from framecolor.training.baselines.stencil.network import StencilTorch
from fuzz.mutate import mutate_safetensors
from fuzz.target import Target, place, scratch_folder

_MOST_PARAMETERS = 1 << 24
_WORDS = (b'"F32"', b'"F16"', b'"BF16"', b'"I64"', b'"F8_E4M3"', b'"shape"', b'"data_offsets"', b'"__metadata__"')


def _saved(write: Callable[[Path], None]) -> bytes:
    path = scratch_folder() / "seed.safetensors"
    write(path)
    return path.read_bytes()


def _check_network(network: nn.Module) -> None:
    assert not network.training
    assert sum(value.numel() for value in network.state_dict().values()) < _MOST_PARAMETERS


def _feed_generator(data: bytes) -> None:
    _check_network(load_generator(place(data, "generator.safetensors")))


def _generators() -> Iterator[bytes]:
    yield _saved(lambda path: save_generator(Generator((2, 2, 2), 2), path, {"step": "3"}))


def _feed_matcher(data: bytes) -> None:
    _check_network(load_matcher(place(data, "matcher.safetensors")))


def _matchers() -> Iterator[bytes]:
    yield _saved(lambda path: save_matcher(Matcher(2, 2, 4, 2, 1, 1), path))


def _feed_painter(data: bytes) -> None:
    _check_network(load_painter(place(data, "painter.safetensors")))


def _painters() -> Iterator[bytes]:
    yield _saved(lambda path: save_painter(Painter(2, 4, 2, 1), path))


def _feed_colorist(data: bytes) -> None:
    network, recipe = load_colorist(place(data, "colorist.safetensors"))
    _check_network(network)
    assert cast(Any, network).name == recipe


def _colorists() -> Iterator[bytes]:
    small = (
        DeepColor(1, 1, 1, 16), Histogram(1, 1, 16), CycleGan(1, 1, 16), Diffusion((2, 2), 4, 1, 1, 16, 1),
        Perception((1, 1), 1), PaintsTorch((2, 2, 2), (1, 1), 16), StencilTorch((2, 2, 2), (1, 1), 16),
    )  # fmt: skip
    for network in small:
        yield _saved(lambda path, network=network: save_colorist(network, path, half=True))


def _feed_fit(data: bytes) -> bool:
    kept = finetune_cache._read(place(data, "fit.safetensors"))
    if kept is None:
        return False
    network, colors, facts = kept
    _check_network(network)
    assert network.head.bias is not None and len(network.head.bias) == len(colors) and isinstance(facts, dict)
    assert all(len(color) == 4 for color in colors)
    return True


def _fits() -> Iterator[bytes]:
    network = PaletteNetwork(Generator((2, 2, 2), 2), 2)
    colors = [[1, 2, 3, 255], [4, 5, 6, 255]]
    yield _saved(
        lambda path: finetune_cache._write(path, network, colors, {"hash": "ab", "steps": 3, "key_accuracy": 0.5})
    )


def sign(data: bytes) -> bytes:
    """What a run keeps, with the digest of what is in it, so that what comes after the digest is looked at."""
    try:
        (length,) = struct.unpack_from("<Q", data)
        table = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["framecolor"])
        return pack_arrays(load(data), {key: value for key, value in table.items() if key != "digest"})
    except (SafetensorError, *MISSHAPEN, RuntimeError):
        return data


def mutate_kept(data: bytes, random: Random) -> bytes:
    return mutate_safetensors(data, random, sign)


def _small(
    name: str, parser: str, feed: Callable[[bytes], None], seeds: Callable[[], Iterator[bytes]], **more: Any
) -> Target:
    options: dict[str, Any] = {"mutate": mutate_safetensors, "words": _WORDS, "most_bytes": 1 << 16, **more}
    return Target(name, parser, feed, seeds, **options)


def _feed_proposal(data: bytes) -> bool:
    found = auto_key._read(place(data, "proposed"))
    assert found is None or (found.color.dtype == np.uint8 and found.color.shape[1:] == (4,))
    return found is not None


def _proposals() -> Iterator[bytes]:
    path = scratch_folder() / "seed-proposed"
    auto_key._write(path, auto_key.Proposal(1001, np.arange(20, dtype=np.uint8).reshape(5, 4)))
    yield path.read_bytes()


def _feed_keys(data: bytes) -> bool:
    found = find_keyframes(place(data, "keys-ab.safetensors").parent, "ab")
    if found is None:
        return False
    keyframes, warnings = found
    assert isinstance(warnings, tuple) and keyframes.gallery is not None
    assert keyframes.gallery.palette_size == len(keyframes.palette)
    assert {key.number for key in keyframes.gallery.keys} == keyframes.index.keys()
    return True


def _keys() -> Iterator[bytes]:
    """A key, and a drawing of which a stroke tells one region of two."""
    colors = np.array([[255, 255, 255, 0], [1, 2, 3, 255]], np.uint8)
    index = {1001: np.array([0, 0, 1]), 1004: np.array([0, UNKNOWN, 1])}
    rows, generator = np.array([1, 2]), np.random.default_rng(0)
    tokens = Tokens(rows, generator.random((2, 3), np.float32), generator.random((2, 2), np.float32))
    keys = [KeyRegions(number, tokens, one[rows]) for number, one in index.items()]
    gallery = Gallery(keys, len(colors), mirrored=keys[0])
    told = RegionLabels("cd34", colors[[0, 0, 1]], np.array([0, 0, STROKE], np.int8), np.array([9, 5, 4]))
    keyframes = Keyframes(
        Palette(colors, ("", "ink")), index, 0.5, np.array([0, 1]), np.zeros(2, np.float32),
        {"ab12": (1001,), "cd34": (1004,)},
        gallery, {1004: told}, np.zeros(2, np.float32), {1001: "ef56"}, 
        {1001: Alignment(1.0, 14, 9, 0.9, 0.4, True)},
        tuples=ColorTuples(np.array([[1, -1, 0, -1]]), np.array([[False, True], [True, False]])),
    )  # fmt: skip
    folder = scratch_folder() / "seed-keys"
    keep_keyframes(folder, "ab", keyframes, ("a warning",))
    yield from (path.read_bytes() for path in folder.glob("*"))


_target = partial(Target, mutate=mutate_safetensors, words=_WORDS, most_bytes=1 << 16)
TARGETS = (
    _target("generator", "networks.checkpoint.load_generator", _feed_generator, _generators),
    _target("matcher", "networks.checkpoint.load_matcher", _feed_matcher, _matchers),
    _target("painter", "networks.checkpoint.load_painter", _feed_painter, _painters, most_bytes=1 << 18),
    _target("colorist", "networks.checkpoint.load_colorist", _feed_colorist, _colorists),
    _target("fit", "fitting (kept fits)", _feed_fit, _fits, refusals=(), mutate=mutate_kept),
    _target("proposal", "proposal (kept proposals)", _feed_proposal, _proposals, refusals=(), mutate=mutate_kept),
    _target("keys", "keys.cache.find_keyframes", _feed_keys, _keys, refusals=(), mutate=mutate_kept),
)
