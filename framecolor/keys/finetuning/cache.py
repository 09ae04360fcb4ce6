"""Fit a network to a shot's keys, and keep it beside the painted frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.parsing import MISSHAPEN
from framecolor.core.precision import choose_training_precision
from framecolor.errors import InputError, OutputError
from framecolor.keys.finetuning.finetune import AUTO_STEPS, Fit, FitSchedule
from framecolor.keys.keyframes import Keyframes, make_samples
from framecolor.media import write_bytes_atomic
from framecolor.networks.checkpoint import base_weights_path, build_network, check_sizes, load_generator
from framecolor.networks.generator import Generator
from framecolor.networks.kept import pack_arrays, unpack_arrays
from framecolor.networks.palette_head import PaletteNetwork, pad_planes
from framecolor.networks.samples import IGNORE, KeySample
from framecolor.output.manifest import CACHE_FOLDER
from framecolor.shot.shot import Shot

_KEEP_EVERY_SECONDS = 1.0
_SAVE_EVERY_SECONDS = 15.0

Progress = Callable[[int, int], None]
"""Takes the steps done and all steps."""


@dataclass(frozen=True, eq=False)
class ShotNetwork:
    """A network fitted to a shot; `facts` about the fit go into the manifest."""

    network: PaletteNetwork
    facts: dict[str, object]


def fit_shot(
    shot: Shot, keyframes: Keyframes, settings: Settings, out: Path, key: str, device: str, progress: Progress
) -> ShotNetwork:
    """Fit a network to a shot, or read it from the cache in `out`; a stopped fit is resumed.

    key     `hash_fit`; with `fit="keep"` that of the shot's last fit
    device  to fit on, as PyTorch names it
    Raises InputError if the fit to keep is missing.
    """
    path = out / CACHE_FOLDER / f"fit-{key}.safetensors"
    if settings.fit == "keep":
        return _keep(path, keyframes)
    if (kept := _find_kept(path, shot.out / CACHE_FOLDER / path.name)) is not None:
        _forget_partial(path)
        return ShotNetwork(kept[0], kept[2])
    steps = settings.fit if isinstance(settings.fit, int) else AUTO_STEPS
    samples = make_samples(keyframes)
    colors = keyframes.class_colors if settings.mode == "painted" else None
    precision = choose_training_precision(settings.precision, device)

    def start() -> Fit:
        network = PaletteNetwork(load_generator(base_weights_path()), keyframes.class_count)
        network.start_head(samples)
        return Fit(network, samples, FitSchedule(steps=steps, seed=settings.seed), colors, device, precision)

    with _threads(settings.count_cores()):
        network = _run(start, path.with_suffix(".partial"), progress).cpu()
    # Without durations, so that a resumed fit writes the same bytes as an uninterrupted one.
    facts: dict[str, object] = {"hash": key, "steps": steps, "key_accuracy": round(measure_keys(network, samples), 4)}
    _write(path, network, keyframes.class_colors.tolist(), facts)
    _forget_partial(path)
    return ShotNetwork(network, facts)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let PyTorch compute with `count` threads within the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _find_kept(path: Path, usual: Path) -> tuple[PaletteNetwork, list[list[int]], dict[str, object]] | None:
    """Find a kept fit; one in the shot's `usual` folder is valid for other folders, and copied."""
    if (kept := _read(path)) is None and usual != path and (kept := _read(usual)) is not None:
        _write(path, *kept)
    return kept


def _forget_partial(path: Path) -> None:
    """Delete the state of a stopped fit; a killed farm task may have left it after another task finished the fit."""
    with suppress(OSError):
        path.with_suffix(".partial").unlink()


@torch.inference_mode()
def measure_keys(network: PaletteNetwork, samples: Sequence[KeySample]) -> float:
    """Measure the share of the keys' pixels, by sample weight, that the network gives their true color."""
    right = total = 0.0
    for sample in samples:
        height, width = sample.target.shape
        logits = network(pad_planes(torch.from_numpy(sample.planes)[None], network.generator.size_multiple))
        guess = logits[0, :, :height, :width].argmax(0).numpy()
        weight = np.where(sample.target == IGNORE, 0, sample.weight)
        right += float(weight[guess == sample.target].sum())
        total += float(weight.sum())
    return right / total if total else 0.0


def _run(start: Callable[[], Fit], partial: Path, progress: Progress) -> PaletteNetwork:
    """Take the remaining steps, save the state regularly and when interrupted, and return the fitted network."""
    fit = start()
    if (left := unpack_arrays(partial)) is not None:
        try:
            fit.restore(_as_tensors(left[0]))
        except (KeyError, RuntimeError, ValueError):  # of another version: it may be half restored
            fit = start()
    saved = kept = time.monotonic()
    # An interrupt in the middle of a step leaves an inconsistent state, so the last consistent one is written.
    whole = b""
    try:
        while not fit.done:
            progress(fit.taken, fit.schedule.steps)
            fit.step()
            now = time.monotonic()
            if now - kept >= _KEEP_EVERY_SECONDS:
                whole, kept = pack_arrays({name: value.numpy() for name, value in fit.state().items()}, {}), now
            if now - saved >= _SAVE_EVERY_SECONDS and whole:
                write_bytes_atomic(partial, whole)
                saved = now
    except KeyboardInterrupt:
        if whole:
            with suppress(OutputError):  # the interrupt matters more
                write_bytes_atomic(partial, whole)
        raise
    progress(fit.taken, fit.schedule.steps)
    return fit.network


def _keep(path: Path, keyframes: Keyframes) -> ShotNetwork:
    """Read the last fit with a head for the current classes: old colors keep their rows, new ones are fitted."""
    if (kept := _read(path)) is None:
        raise InputError("--fit keep", f"{path} is missing or damaged", "run once with --fit auto")
    old, colors, facts = kept
    network = PaletteNetwork(old.generator, keyframes.class_count)
    rows = {tuple(color): row for row, color in enumerate(colors)}
    current = keyframes.class_colors.tolist()
    if any(tuple(color) not in rows for color in current):
        network.start_head(make_samples(keyframes))
    assert network.head.bias is not None and old.head.bias is not None
    with torch.no_grad():
        for row, color in enumerate(current):
            if (before := rows.get(tuple(color))) is not None:
                network.head.weight[row] = old.head.weight[before]
                network.head.bias[row] = old.head.bias[before]
    return ShotNetwork(network.eval(), facts)


def _write(path: Path, network: PaletteNetwork, colors: list[list[int]], facts: dict[str, object]) -> None:
    generator = network.generator
    table = {
        "widths": generator.widths,
        "feature_channels": generator.feature_channels,
        "colors": colors,
        "facts": facts,
    }
    arrays = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    write_bytes_atomic(path, pack_arrays(arrays, table))


def _read(path: Path) -> tuple[PaletteNetwork, list[list[int]], dict[str, object]] | None:
    """Read a kept fit: network, colors of its classes, facts; None if missing or damaged."""
    if (content := unpack_arrays(path)) is None:
        return None
    table = content[1]
    try:
        tensors = _as_tensors(content[0])
        widths, features = (check_sizes(table[name], tensors) for name in ("widths", "feature_channels"))
        colors = _check_colors(table["colors"])
        network = build_network(lambda: PaletteNetwork(Generator(tuple(widths), features), len(colors)), tensors)
        return network, colors, dict(table["facts"])
    except (*MISSHAPEN, RuntimeError):
        return None


def _as_tensors(arrays: Mapping[str, NDArray[Any]]) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}


def _check_colors(colors: Any) -> list[list[int]]:
    if not colors or not all(
        len(color) == 4 and all(type(c) is int and 0 <= c <= 255 for c in color) for color in colors
    ):
        raise ValueError("colors must be RGBA")
    return colors
