"""The network of one shot: base weights, fitted to the keys, kept beside the painted frames by content hash."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from framecolor.digest import digest
from framecolor.errors import InputError, OutputError
from framecolor.fit import Fit, FitSchedule, choose_steps
from framecolor.keyframes import Keyframes, read_samples
from framecolor.media import hash_file, write_bytes_atomic
from framecolor.networks.checkpoint import base_weights_path, build_network, check_sizes, load_generator
from framecolor.networks.generator import Generator
from framecolor.networks.kept import pack_tensors, unpack_tensors
from framecolor.networks.palette import IGNORE, KeySample, PaletteNetwork, pad_planes
from framecolor.record import CACHE_FOLDER
from framecolor.settings import Settings
from framecolor.shot import Shot
from framecolor.tables import MISSHAPEN

# Raised when the same keys and settings no longer give the same fit.
_RECIPE = "fit 3"
_KEEP_EVERY_SECONDS = 1.0
_SAVE_EVERY_SECONDS = 15.0

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class ShotNetwork:
    """A network fitted to a shot, and how it came about; `facts` go into the shot's record."""

    network: PaletteNetwork
    hash: str
    facts: dict[str, object]


def fit_shot(
    shot: Shot, keyframes: Keyframes, settings: Settings, out: Path, previous: str | None, progress: Progress
) -> ShotNetwork:
    """The fitted network of a shot: from the cache in `out`, from where a stopped fit left off, or fitted now.

    previous  hash of the fit that the shot was last painted with, for `fit="keep"`; InputError when there is none.
    """
    cache = out / CACHE_FOLDER
    if settings.fit == "keep":
        return _keep(shot, keyframes, settings, cache, previous)
    steps = _count_steps(settings, keyframes)
    key = fit_hash(shot, keyframes, settings, steps)
    path = cache / f"fit-{key}.safetensors"
    if (kept := _find_kept(path, shot.out / CACHE_FOLDER / path.name)) is not None:
        _forget_partial(path)
        return ShotNetwork(kept[0], key, kept[2])
    samples = read_samples(shot, keyframes, settings)
    colors = keyframes.class_colors if settings.mode == "painted" else None

    def start() -> Fit:
        network = PaletteNetwork(load_generator(base_weights_path()), keyframes.class_count)
        network.start_head(samples)
        return Fit(network, samples, FitSchedule(steps=steps, seed=settings.seed), colors)

    network = _run(start, path.with_suffix(".partial"), progress) if steps else start().network
    # No seconds among them: all that is written is the same to the byte, whatever stopped the fit in between.
    facts: dict[str, object] = {"hash": key, "steps": steps, "key_accuracy": round(measure_keys(network, samples), 4)}
    if steps:
        _write(path, network, keyframes.class_colors.tolist(), facts)
        _forget_partial(path)
    return ShotNetwork(network, key, facts)


def _find_kept(path: Path, usual: Path) -> tuple[PaletteNetwork, list[list[int]], dict[str, object]] | None:
    """A kept fit; one that was made for frames in the shot's `usual` folder is as good for others, and copied."""
    if (kept := _read(path)) is None and usual != path and (kept := _read(usual)) is not None:
        _write(path, *kept)
    return kept


def _forget_partial(path: Path) -> None:
    """Delete the state of a fit that was stopped, also one that a task left which was killed when others were done."""
    with suppress(OSError):
        path.with_suffix(".partial").unlink()


def fit_hash(shot: Shot, keyframes: Keyframes, settings: Settings, steps: int) -> str:
    """Hash of all that decides a fit: keys, what else was told, their drawings, base weights, recipe and settings."""
    keys = [f"{n} {shot.key_hash(n)} {shot.line_hash(n)}" for n in sorted(shot.keys)]
    keys += [f"{n} {told.hash} {shot.line_hash(n)}" for n, told in sorted(keyframes.sayings.by_number.items())]
    keys += [f"{n} proposed {colors} {shot.line_hash(n)}" for n, colors in sorted(keyframes.proposed.items())]
    made_by = f"{steps} {settings.seed} {settings.gap_px} {settings.min_region_px} {settings.mode}"
    return digest(_RECIPE, hash_file(base_weights_path()), made_by, keyframes.palette.colors.tobytes(), *keys)[:16]


def is_whole_fit(path: Path) -> bool:
    """Whether a fit that is kept can be used: nothing of it is missing, and no bit of it has changed."""
    return _read(path) is not None


@torch.inference_mode()
def measure_keys(network: PaletteNetwork, samples: Sequence[KeySample]) -> float:
    """Share of the keys' pixels, small regions weighted up, that the network gives their true color."""
    right = total = 0.0
    for sample in samples:
        height, width = sample.target.shape
        logits = network(pad_planes(torch.from_numpy(sample.planes)[None], network.generator.size_multiple))
        guess = logits[0, :, :height, :width].argmax(0).numpy()
        weight = np.where(sample.target == IGNORE, 0, sample.weight)
        right += float(weight[guess == sample.target].sum())
        total += float(weight.sum())
    return right / total if total else 0.0


def _count_steps(settings: Settings, keyframes: Keyframes) -> int:
    if isinstance(settings.fit, int):
        return settings.fit
    return 0 if settings.fit == "off" else choose_steps(round(keyframes.poses), len(keyframes.palette))


def _run(start: Callable[[], Fit], partial: Path, progress: Progress) -> PaletteNetwork:
    """Take the steps that are left, saving the state now and then and when stopped; the fitted network."""
    fit = start()
    if (left := unpack_tensors(partial)) is not None:
        try:
            fit.restore(left[0])
        except (KeyError, RuntimeError, ValueError):  # of another build: half of it may be taken over already
            fit = start()
    saved = kept = time.monotonic()
    # A stop may fall into the middle of a step, when the state is neither this step's nor the last one's. What is
    # written then is the last whole one.
    whole = b""
    try:
        while not fit.done:
            progress("fit", fit.taken, fit.schedule.steps)
            fit.step()
            now = time.monotonic()
            if now - kept >= _KEEP_EVERY_SECONDS:
                whole, kept = pack_tensors(fit.state(), {}), now
            if now - saved >= _SAVE_EVERY_SECONDS and whole:
                write_bytes_atomic(partial, whole)
                saved = now
    except KeyboardInterrupt:
        if whole:
            with suppress(OutputError):  # what stopped the run matters more
                write_bytes_atomic(partial, whole)
        raise
    progress("fit", fit.taken, fit.schedule.steps)
    return fit.network


def _keep(shot: Shot, keyframes: Keyframes, settings: Settings, cache: Path, previous: str | None) -> ShotNetwork:
    """The last fit, with a head for today's classes: old colors keep their rows, new ones start from the keys."""
    kept = _read(cache / f"fit-{previous}.safetensors") if previous else None
    if previous is None or kept is None:
        raise InputError(cache.parent, "holds no fit that could be kept", "run once with --fit auto")
    old, colors, facts = kept
    network = PaletteNetwork(old.generator, keyframes.class_count)
    rows = {tuple(color): row for row, color in enumerate(colors)}
    today = keyframes.class_colors.tolist()
    if any(tuple(color) not in rows for color in today):
        network.start_head(read_samples(shot, keyframes, settings))
    assert network.head.bias is not None and old.head.bias is not None
    with torch.no_grad():
        for row, color in enumerate(today):
            if (before := rows.get(tuple(color))) is not None:
                network.head.weight[row] = old.head.weight[before]
                network.head.bias[row] = old.head.bias[before]
    return ShotNetwork(network.eval(), previous, facts)


def _write(path: Path, network: PaletteNetwork, colors: list[list[int]], facts: dict[str, object]) -> None:
    generator = network.generator
    table = {
        "widths": generator.widths,
        "feature_channels": generator.feature_channels,
        "colors": colors,
        "facts": facts,
    }
    tensors = {name: value.detach().contiguous() for name, value in network.state_dict().items()}
    write_bytes_atomic(path, pack_tensors(tensors, table))


def _read(path: Path) -> tuple[PaletteNetwork, list[list[int]], dict[str, object]] | None:
    """A kept fit: network, its classes' colors and facts; None when there is none or it is damaged."""
    if (content := unpack_tensors(path)) is None:
        return None
    tensors, table = content
    try:
        widths, features = (check_sizes(table[name], tensors) for name in ("widths", "feature_channels"))
        colors = _check_colors(table["colors"])
        network = build_network(lambda: PaletteNetwork(Generator(tuple(widths), features), len(colors)), tensors)
        return network, colors, dict(table["facts"])
    except (*MISSHAPEN, RuntimeError):
        return None


def _check_colors(colors: Any) -> list[list[int]]:
    if not colors or not all(
        len(color) == 4 and all(type(c) is int and 0 <= c <= 255 for c in color) for color in colors
    ):
        raise ValueError("a color has to be RGBA")
    return colors
