"""The training loop that all recipes share: steps, checkpoints, resuming, logging, validation, samples.

A run folder holds checkpoint.safetensors (weights, their running mean, optimizer state, and the step in its metadata),
run.json (what was asked for), log.jsonl, samples/, and what the recipe exports. A resumed run goes on exactly where
the checkpoint was: batches are numbered, and the learning rate depends on the step alone.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from framecolor.errors import InputError, OutputError, ReadError

Batch = dict[str, Tensor]


class Recipe(Protocol):
    """What makes one training different from another."""

    name: str
    batches: Dataset[Batch]

    def build_network(self) -> nn.Module:
        """A new network with random weights."""
        ...

    def compute_loss(self, network: nn.Module, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """The loss of one batch, and numbers for the log."""
        ...

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Numbers on held-out data; the network is in eval mode."""
        ...

    def write_samples(self, network: nn.Module, path: Path) -> None:
        """A picture to judge by eye."""
        ...

    def export(self, network: nn.Module, folder: Path, step: int) -> None:
        """The weights as inference reads them."""
        ...

    def describe(self) -> dict[str, Any]:
        """What decides the result, for run.json."""
        ...


@dataclass(frozen=True)
class LoopSettings:
    """steps in all (resumed ones included); the learning rate warms up, stays, and falls to 0 over the last share."""

    steps: int
    seed: int = 0
    rate: float = 3e-3
    weight_decay: float = 1e-2
    warmup_steps: int = 100
    cooldown_share: float = 0.3
    mean_decay: float = 0.998
    log_every: int = 20
    save_every: int = 100
    validate_every: int = 250
    sample_every: int = 500
    threads: int = 1
    workers: int = 1

    def rate_at(self, step: int) -> float:
        """Learning rate of step 0..steps-1."""
        cooldown = max(1, round(self.steps * self.cooldown_share))
        up = (step + 1) / self.warmup_steps
        down = (self.steps - step) / cooldown
        return self.rate * min(1.0, up, down)


@dataclass(eq=False)
class State:
    """All that a step changes: the network, the running mean of its weights, the optimizer, and the next step."""

    network: nn.Module
    mean: nn.Module
    optimizer: torch.optim.AdamW
    step: int = 0


def train(
    recipe: Recipe,
    folder: Path,
    settings: LoopSettings,
    *,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> State:
    """Run `recipe` to `settings.steps` in `folder`. Raises InputError when a run is there and `resume` is off."""
    checkpoint = folder / "checkpoint.safetensors"
    if checkpoint.exists() and not resume:
        raise InputError(folder, "already holds a training run", "continue it with --resume or choose another folder")
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    state = start(recipe, settings)
    if resume and checkpoint.exists():
        load_checkpoint(state, checkpoint)
        report(f"{folder}: going on at step {state.step}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "run.json").write_text(json.dumps(_describe(recipe, settings), indent=1) + "\n")
    except OSError as error:
        raise OutputError(folder, f"cannot be written ({error})", "choose another folder with -o") from error
    numbers: list[dict[str, float]] = []
    since = time.monotonic()
    for batch in _batches(recipe.batches, state.step, settings):
        numbers.append(take_step(recipe, state, batch, settings))
        if state.step % settings.log_every == 0 or state.step == settings.steps:
            names = dict.fromkeys(name for n in numbers for name in n)
            means = {name: _mean([n[name] for n in numbers if name in n]) for name in names}
            seconds = (time.monotonic() - since) / len(numbers)
            _log(folder, {"step": state.step, **means, "step_seconds": round(seconds, 3)}, report)
            numbers, since = [], time.monotonic()
        _at_intervals(recipe, state, folder, settings, report)
    return state


def start(recipe: Recipe, settings: LoopSettings) -> State:
    """A fresh state; the caller has seeded torch."""
    network = recipe.build_network().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimizer = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.weight_decay)
    return State(network, copy.deepcopy(network).eval(), optimizer)


def take_step(recipe: Recipe, state: State, batch: Batch, settings: LoopSettings) -> dict[str, float]:
    """One optimizer step on one batch; the state's step counts up."""
    rate = settings.rate_at(state.step)
    for group in state.optimizer.param_groups:
        group["lr"] = rate
    state.network.train()
    loss, numbers = recipe.compute_loss(state.network, batch)
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(state.network.parameters(), 1.0)
    state.optimizer.step()
    # Early on the mean must forget the random start quickly.
    decay = min(settings.mean_decay, (1 + state.step) / (10 + state.step))
    with torch.no_grad():
        for mean, now in zip(state.mean.state_dict().values(), state.network.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - decay)
            else:
                mean.copy_(now)
    state.step += 1
    return {"loss": float(loss.detach()), **numbers, "rate": rate}


def save_checkpoint(state: State, path: Path) -> None:
    """Write everything that `load_checkpoint` needs to go on; the file appears complete or not at all."""
    tensors = {f"network.{k}": v for k, v in state.network.state_dict().items()}
    tensors |= {f"mean.{k}": v for k, v in state.mean.state_dict().items()}
    for index, entry in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{k}": v for k, v in entry.items()}
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(save({k: v.contiguous() for k, v in tensors.items()}, {"step": str(state.step)}))
    partial.replace(path)


def load_checkpoint(state: State, path: Path) -> None:
    """Bring `state` to where it was saved. Raises ReadError for a file of another recipe or a damaged one."""
    try:
        with safe_open(str(path), framework="pt") as file:
            step = int((file.metadata() or {})["step"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        state.network.load_state_dict(_under(tensors, "network."))
        state.mean.load_state_dict(_under(tensors, "mean."))
        entries: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _under(tensors, "optimizer.").items():
            index, _, key = name.partition(".")
            entries.setdefault(int(index), {})[key] = tensor
        groups = state.optimizer.state_dict()["param_groups"]
        state.optimizer.load_state_dict({"state": entries, "param_groups": groups})
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        problem = str(error).splitlines()[0]
        raise ReadError(path, f"is no checkpoint of this recipe ({problem})", "start in another folder") from error
    state.step = step


def _at_intervals(
    recipe: Recipe, state: State, folder: Path, settings: LoopSettings, report: Callable[[str], None]
) -> None:
    last = state.step == settings.steps
    if last or state.step % settings.save_every == 0:
        save_checkpoint(state, folder / "checkpoint.safetensors")
        recipe.export(state.mean, folder, state.step)
    if last or state.step % settings.validate_every == 0:
        _log(folder, {"step": state.step, **{f"val_{k}": v for k, v in recipe.validate(state.mean).items()}}, report)
    if last or state.step % settings.sample_every == 0:
        (folder / "samples").mkdir(exist_ok=True)
        recipe.write_samples(state.mean, folder / "samples" / f"{state.step:06d}.png")


def _batches(batches: Dataset[Batch], first: int, settings: LoopSettings) -> Iterator[Batch]:
    """Batches first..steps-1, made ahead by a worker process so that the network does not wait."""
    return iter(
        DataLoader(
            batches,
            batch_size=None,
            sampler=range(first, settings.steps),
            num_workers=settings.workers,
            prefetch_factor=4 if settings.workers else None,
            worker_init_fn=_quiet_worker,
            # Not fork: a thread pool of OpenCV or OpenMP that is already running here would hang in the copy.
            multiprocessing_context="spawn" if settings.workers else None,
        )
    )


def _quiet_worker(_: int) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def _describe(recipe: Recipe, settings: LoopSettings) -> dict[str, Any]:
    return {"recipe": recipe.name, **recipe.describe(), "loop": dict(vars(settings)), "torch": torch.__version__}


def _log(folder: Path, entry: dict[str, float], report: Callable[[str], None]) -> None:
    rounded = {k: round(v, 6) if isinstance(v, float) else v for k, v in entry.items()}
    with (folder / "log.jsonl").open("a") as log:
        log.write(json.dumps(rounded) + "\n")
    report("  ".join(f"{k} {v:.4g}" for k, v in rounded.items()))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
