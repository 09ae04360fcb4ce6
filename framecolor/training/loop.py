"""The training loop of all recipes: steps, checkpoints, resuming, logging, validation, samples.

A step has one or more turns: in most recipes one; with an adversary, the generator and the critic take turns.

A run folder holds checkpoint.safetensors (weights, their running mean, optimizer state, and the step in its metadata),
run.json (the settings), log.jsonl, samples/, and what the recipe exports. A resumed run continues exactly: batches are
numbered, and the learning rate depends on the step alone.
"""

from __future__ import annotations

import copy
import json
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import cv2
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from framecolor.core.files import put_in_place
from framecolor.errors import InputError, OutputError, ReadError

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Turn:
    """One part of a step: which parts of the network it trains, and how.

    parts           names of the network's children whose weights change; empty: all of them
    rate            highest learning rate; None: that of the loop's settings
    weight_decay    of the optimizer; None: that of the loop's settings
    betas           of Adam
    gradient_limit  norm to which the gradient of all its weights is shortened; None: it is left as it is
    """

    parts: tuple[str, ...] = ()
    rate: float | None = None
    weight_decay: float | None = None
    betas: tuple[float, float] = (0.9, 0.999)
    gradient_limit: float | None = 1.0


ONE_TURN: Mapping[str, Turn] = {"all": Turn()}


class Recipe(Protocol):
    """The data, network and losses of one training. Each step takes `turns` in order."""

    @property
    def name(self) -> str: ...

    @property
    def turns(self) -> Mapping[str, Turn]: ...

    @property
    def batches(self) -> Dataset[Batch]: ...

    def build_network(self) -> nn.Module:
        """Build a network with random weights."""
        ...

    def compute_loss(self, network: nn.Module, batch: Batch, turn: str) -> tuple[Tensor, dict[str, float]]:
        """Compute the loss of one batch in one turn, and numbers for the log."""
        ...

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Measure the network, in eval mode, on held-out data."""
        ...

    def write_samples(self, network: nn.Module, path: Path) -> None:
        """Write a picture to judge the training by eye."""
        ...

    def export(self, network: nn.Module, folder: Path, step: int) -> None:
        """Write the weights in the format of inference."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return all that decides the result, for run.json."""
        ...


@dataclass(frozen=True)
class LoopSettings:
    """Settings of the loop.

    steps    in all, resumed ones included; the learning rate warms up, stays, and falls to 0 over the last share
    threads  of torch
    workers  processes that make batches
    device   of the network, as torch names it
    """

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
    device: str = "cpu"

    def rate_share(self, step: int) -> float:
        """Return the share of the highest learning rate at step 0..steps-1."""
        cooldown = max(1, round(self.steps * self.cooldown_share))
        up = (step + 1) / self.warmup_steps
        down = (self.steps - step) / cooldown
        return min(1.0, up, down)


@dataclass(eq=False)
class State:
    """All that a step changes: the network, the running mean of its weights, the turns' optimizers, the next step."""

    network: nn.Module
    mean: nn.Module
    optimizers: dict[str, torch.optim.AdamW] = field(default_factory=dict)
    step: int = 0


def train(
    recipe: Recipe,
    folder: Path,
    settings: LoopSettings,
    *,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> State:
    """Run `recipe` to `settings.steps` in `folder`. Raises InputError if it holds a run and `resume` is off."""
    checkpoint = folder / "checkpoint.safetensors"
    if checkpoint.exists() and not resume:
        raise InputError(folder, "already holds a training run", "continue it with --resume or choose another folder")
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    state = start(recipe, settings)
    if resume and checkpoint.exists():
        load_checkpoint(state, checkpoint)
        report(f"{folder}: continuing at step {state.step}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "run.json").write_text(json.dumps(_describe(recipe, settings), indent=1) + "\n", "utf-8")
    except OSError as error:
        raise OutputError(folder, f"cannot be written ({error})", "choose another folder with -o") from error
    with _kept_child_handler():
        _take_steps(recipe, state, folder, settings, report)
    return state


def _take_steps(
    recipe: Recipe, state: State, folder: Path, settings: LoopSettings, report: Callable[[str], None]
) -> None:
    numbers: list[dict[str, float]] = []
    since = time.monotonic()
    for batch in _batches(recipe.batches, state.step, settings):
        numbers.append(take_step(recipe, state, batch, settings))
        if state.step % settings.log_every == 0 or state.step == settings.steps:
            seconds = (time.monotonic() - since) / len(numbers)
            _check_losses(numbers[-1], folder, state.step)
            _log(folder, {"step": state.step, **average(numbers), "step_seconds": round(seconds, 3)}, report)
            numbers, since = [], time.monotonic()
        _at_intervals(recipe, state, folder, settings, report)


def _check_losses(numbers: Mapping[str, float], folder: Path, step: int) -> None:
    """Stop a training whose loss is no number before its weights replace those of the last checkpoint."""
    if not all(math.isfinite(value) for name, value in numbers.items() if name.startswith("loss")):
        problem = f"the loss is not a number after step {step}"
        raise InputError(folder, problem, "continue from its checkpoint with --resume and a lower --rate")


def start(recipe: Recipe, settings: LoopSettings) -> State:
    """Make a new state; the caller has seeded torch."""
    network = recipe.build_network().to(settings.device)
    network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimizers = {
        name: torch.optim.AdamW(
            _learners(network, turn),
            betas=turn.betas,
            weight_decay=settings.weight_decay if turn.weight_decay is None else turn.weight_decay,
        )
        for name, turn in recipe.turns.items()
    }
    return State(network, copy.deepcopy(network).eval(), optimizers)


def take_step(recipe: Recipe, state: State, batch: Batch, settings: LoopSettings) -> dict[str, float]:
    """Take one step on one batch: each turn updates its own weights, and the state's step counts up."""
    batch = to_device(batch, state.network)
    share = settings.rate_share(state.step)
    state.network.train()
    numbers: dict[str, float] = {}
    for name, turn in recipe.turns.items():
        numbers |= _take_turn(recipe, state, batch, name, share * (settings.rate if turn.rate is None else turn.rate))
    # Early on, the running mean must forget the random weights quickly.
    decay = min(settings.mean_decay, (1 + state.step) / (10 + state.step))
    with torch.no_grad():
        for mean, now in zip(state.mean.state_dict().values(), state.network.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - decay)
            else:
                mean.copy_(now)
    state.step += 1
    return {**numbers, "rate": share * settings.rate}


def average(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Average each number over the rows that have it."""
    named: dict[str, list[float]] = {}
    for name, value in (pair for row in rows for pair in row.items()):
        named.setdefault(name, []).append(value)
    return {name: sum(values) / len(values) for name, values in named.items()}


def to_device(batch: Batch, network: nn.Module) -> Batch:
    """Move a batch, made on the CPU, to the network's device."""
    device = next(network.parameters()).device
    return {name: tensor.to(device) for name, tensor in batch.items()}


def _take_turn(recipe: Recipe, state: State, batch: Batch, name: str, rate: float) -> dict[str, float]:
    """Take one optimizer step of one turn; only the weights that it trains have gradients."""
    turn = recipe.turns[name]
    learners = _learners(state.network, turn)
    state.network.requires_grad_(False)
    for parameter in learners:
        parameter.requires_grad_(True)
    optimizer = state.optimizers[name]
    for group in optimizer.param_groups:
        group["lr"] = rate
    loss, numbers = recipe.compute_loss(state.network, batch, name)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    if turn.gradient_limit is not None:
        nn.utils.clip_grad_norm_(learners, turn.gradient_limit)
    optimizer.step()
    key = "loss" if len(recipe.turns) == 1 else f"loss_{name}"
    return {key: float(loss.detach()), **numbers}


def _learners(network: nn.Module, turn: Turn) -> list[nn.Parameter]:
    children = [network.get_submodule(part) for part in turn.parts] or [network]
    return [parameter for child in children for parameter in child.parameters()]


def save_checkpoint(state: State, path: Path) -> None:
    """Write all that `load_checkpoint` needs; the file appears complete or not at all."""
    tensors = {f"network.{k}": v for k, v in state.network.state_dict().items()}
    tensors |= {f"mean.{k}": v for k, v in state.mean.state_dict().items()}
    for name, optimizer in state.optimizers.items():
        for index, entry in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{name}.{index}.{k}": v for k, v in entry.items()}
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(save({k: v.contiguous() for k, v in tensors.items()}, {"step": str(state.step)}))
    put_in_place(partial, path)


def load_checkpoint(state: State, path: Path) -> None:
    """Restore `state` from a file. Raises ReadError if it is damaged or of another recipe."""
    try:
        with safe_open(str(path), framework="pt") as file:
            step = int((file.metadata() or {})["step"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        state.network.load_state_dict(_under(tensors, "network."))
        state.mean.load_state_dict(_under(tensors, "mean."))
        for turn, optimizer in state.optimizers.items():
            entries: dict[int, dict[str, Tensor]] = {}
            for name, tensor in _under(tensors, f"optimizer.{turn}.").items():
                index, _, key = name.partition(".")
                entries.setdefault(int(index), {})[key] = tensor
            optimizer.load_state_dict({"state": entries, "param_groups": optimizer.state_dict()["param_groups"]})
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        problem = str(error).splitlines()[0]
        raise ReadError(path, f"is not a checkpoint of this recipe ({problem})", "start in another folder") from error
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
    """Yield batches first..steps-1, made ahead by worker processes so that the network does not wait."""
    return iter(
        DataLoader(
            batches,
            batch_size=None,
            sampler=range(first, settings.steps),
            num_workers=settings.workers,
            prefetch_factor=4 if settings.workers else None,
            worker_init_fn=_quiet_worker,
            # Not fork: a copied process would hang if a thread pool of OpenCV or OpenMP is already running here.
            multiprocessing_context="spawn" if settings.workers else None,
        )
    )


@contextmanager
def _kept_child_handler() -> Iterator[None]:
    """Restore the SIGCHLD handler that was there before PyTorch's data loader set its own, which it never removes.

    With the loader's handler, the end of any child process raised a segmentation fault if OpenVINO had run in the same
    process under pytest.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGCHLD"):
        yield
        return
    before = signal.getsignal(signal.SIGCHLD)
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, before)


def _quiet_worker(_: int) -> None:
    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def _under(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def name_origin(recipe: str, step: int, facts: Mapping[str, str]) -> dict[str, str]:
    """Name the origin of weights, for their metadata, from the facts of their data (`Dataset.facts`)."""
    return {"recipe": recipe, "step": str(step), "data": facts["hash"], "license": facts["license"]}


def _describe(recipe: Recipe, settings: LoopSettings) -> dict[str, Any]:
    return {"recipe": recipe.name, **recipe.describe(), "loop": dict(vars(settings)), "torch": torch.__version__}


def _log(folder: Path, entry: dict[str, float], report: Callable[[str], None]) -> None:
    rounded = {k: round(v, 6) if isinstance(v, float) else v for k, v in entry.items()}
    with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(rounded) + "\n")
    report("  ".join(f"{k} {v:.4g}" for k, v in rounded.items()))
