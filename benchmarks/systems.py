"""The systems of the literature as the comparison sees them: how each is trained, and what it is told of a drawing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from framecolor.colorists.base import Colorist, SamplingOptions, open_colorist
from framecolor.media import write_text_atomic
from framecolor.networks import systems
from framecolor.networks.checkpoint import colorist_weights_path
from framecolor.training.loop import LoopSettings, Recipe, start, take_step, train

SIZE_PX = 128
_TIMED_STEPS = 6
# Of the steps that a step's time is taken from, the first ones, which allocate memory, are left out.
_SLOW_STEPS = 2


@dataclass(frozen=True)
class System:
    """One row of the comparison.

    recipe   name of the recipe and of its weights' file; "" for what is not trained
    train    what its recipe is given beside data, seed and size
    told     what it is told of a drawing, each a row of its own: strokes, reference, nothing
    options  how it paints
    """

    recipe: str
    train: Mapping[str, Any] = field(default_factory=dict)
    told: tuple[str, ...] = ("nothing",)
    options: SamplingOptions = field(default_factory=SamplingOptions)


SHIPPED = "diffusion, as shipped"
SYSTEMS: Mapping[str, System] = {
    "deepcolor": System("deepcolor", told=("strokes", "nothing")),
    "histogram CNN": System("histogram", {"network": "cnn"}, ("reference",)),
    "histogram cGAN": System("histogram", {"network": "cgan"}, ("reference",)),
    "PaintsTorch": System("paintstorch", told=("strokes", "nothing")),
    "StencilTorch": System("stencil", told=("strokes", "nothing")),
    "CycleGAN": System("cyclegan", told=("nothing",)),
    "diffusion": System("diffusion", told=("strokes", "reference", "nothing")),
    "style transfer": System("", told=("reference",)),
    SHIPPED: System("", told=("strokes", "reference", "nothing")),
    f"{SHIPPED}, guidance 10": System("", told=("strokes",), options=SamplingOptions(guidance=10)),
}


def train_system(name: str, data: Path, folder: Path, budget_seconds: float, report: Callable[[str], None]) -> None:
    """Train a system for as many steps as take `budget_seconds` of one processor core; go on where a run was stopped.

    The steps are counted out before: by the processor time of the first few, so that it does not matter what else the
    machine does. RUN/budget.json keeps what was decided, and what it took.
    """
    system = SYSTEMS[name]
    trained = systems.SYSTEMS[system.recipe]
    recipe: Recipe = systems.load_class(trained.recipe)(data, 0, size_px=SIZE_PX, **system.train)
    rate = trained.rate
    plan = folder / "budget.json"
    if not plan.exists():
        step_seconds = _time_step(recipe, LoopSettings(1000, rate=rate))
        folder.mkdir(parents=True, exist_ok=True)
        steps = max(2, round(budget_seconds / step_seconds))
        table = {"budget_seconds": budget_seconds, "step_seconds": round(step_seconds, 4), "steps": steps}
        write_text_atomic(plan, json.dumps(table))
    steps = json.loads(plan.read_text("utf-8"))["steps"]
    settings = LoopSettings(
        steps, rate=rate, warmup_steps=min(100, 1 + steps // 10), log_every=50, save_every=200, validate_every=10**9,
        sample_every=10**9, threads=1, workers=1,
    )  # fmt: skip
    train(recipe, folder, settings, resume=True, report=report)


def _time_step(recipe: Recipe, settings: LoopSettings) -> float:
    """Processor seconds of one step, data left out: the process that makes batches runs beside."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    state = start(recipe, settings)
    batches = [recipe.batches[i] for i in range(_TIMED_STEPS)]
    times = []
    for batch in batches:
        begin = time.process_time()
        take_step(recipe, state, batch, settings)
        times.append(time.process_time() - begin)
    return sum(times[_SLOW_STEPS:]) / (_TIMED_STEPS - _SLOW_STEPS)


def open_system(name: str, runs: Path) -> Colorist:
    """A system, trained before or as it ships."""
    if name == "style transfer":
        return open_colorist(Path("style"))
    if name.startswith(SHIPPED):
        return open_colorist(colorist_weights_path())
    return open_colorist(run_folder(name, runs) / f"{SYSTEMS[name].recipe}.safetensors")


def run_folder(name: str, runs: Path) -> Path:
    """Where a system's training lies."""
    return runs / name.replace(" ", "_").lower()


def count_steps(name: str, runs: Path) -> int:
    """Steps that a system was trained for, 0 for what is not."""
    plan = run_folder(name, runs) / "budget.json"
    return json.loads(plan.read_text("utf-8"))["steps"] if plan.exists() else 0
