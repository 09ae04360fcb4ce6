"""The systems of the literature in the comparison: how each is trained, and which conditions it gets."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from yardsticks import ByFrequency, LazyBrush, NearestStroke

from framecolor.colorists.base import Colorist
from framecolor.colorists.open import open_colorist
from framecolor.media import write_text_atomic
from framecolor.networks import systems
from framecolor.networks.shipped import find_model
from framecolor.training.loop import LoopSettings, Recipe, start, take_step, train

SIZE_PX = 128
STROKES = ("strokes", "random dots")
_TIMED_STEPS = 6
# Timed steps that are left out: the first ones allocate memory.
_SLOW_STEPS = 2


@dataclass(frozen=True)
class System:
    """One row of the comparison.

    recipe      name of the recipe and of its weights' file; "" if it is not trained
    ships       name by which `--model` finds it instead
    train       arguments of its recipe beside data, seed and size
    conditions  conditions to paint with, a row for each: strokes, random dots, reference, nothing
    """

    recipe: str
    train: Mapping[str, Any] = field(default_factory=dict)
    ships: str = ""
    conditions: tuple[str, ...] = ("nothing",)


YARDSTICKS: Mapping[str, Callable[[], Colorist]] = {
    "nearest stroke": NearestStroke,
    "LazyBrush": LazyBrush,
    "palette by frequency": ByFrequency,
}
SYSTEMS: Mapping[str, System] = {
    "nearest stroke": System("", conditions=STROKES),
    "LazyBrush": System("", conditions=STROKES),
    "palette by frequency": System("", conditions=("reference",)),
    "deepcolor": System("deepcolor", conditions=(*STROKES, "nothing")),
    "histogram CNN": System("histogram", {"network": "cnn"}, conditions=("reference",)),
    "histogram cGAN": System("histogram", {"network": "cgan"}, conditions=("reference",)),
    "PaintsTorch": System("paintstorch", conditions=(*STROKES, "nothing")),
    "StencilTorch": System("stencil", conditions=(*STROKES, "nothing")),
    "CycleGAN": System("cyclegan", conditions=("nothing",)),
    "diffusion": System("diffusion", conditions=(*STROKES, "reference", "nothing")),
    "style transfer": System("", ships="style", conditions=("reference",)),
    "deepcolor, as shipped": System("", ships="deepcolor", conditions=(*STROKES, "nothing")),
    "histogram cGAN, as shipped": System("", ships="histogram", conditions=("reference",)),
    "PaintsTorch, as shipped": System("", ships="paintstorch", conditions=(*STROKES, "nothing")),
    "StencilTorch, as shipped": System("", ships="stencil", conditions=(*STROKES, "nothing")),
    "diffusion, as shipped": System("", ships="diffusion", conditions=(*STROKES, "reference", "nothing")),
    "chooser, as shipped": System("", ships="chooser", conditions=(*STROKES, "reference")),
}


def train_system(name: str, data: Path, folder: Path, budget_seconds: float, report: Callable[[str], None]) -> None:
    """Train a system for as many steps as take `budget_seconds` on one core; continue a stopped run."""
    system = SYSTEMS[name]
    trained = systems.SYSTEMS[system.recipe]
    recipe: Recipe = systems.load_class(trained.recipe)(data, 0, size_px=SIZE_PX, **system.train)
    train_for(recipe, trained.rate, folder, budget_seconds, report)


def train_for(
    recipe: Recipe, rate: float, folder: Path, budget_seconds: float, report: Callable[[str], None],
    cooldown_share: float = 0.3,
) -> None:  # fmt: skip
    """Train a recipe for as many steps as take `budget_seconds` on one core; continue a stopped run.

    The number of steps follows from the processor time of the first few, so that other load of the machine does not
    matter. RUN/budget.json keeps it; a larger budget than that of the run trains it further.
    """
    plan = folder / "budget.json"
    table = json.loads(plan.read_text("utf-8")) if plan.exists() else {"budget_seconds": 0}
    if table["budget_seconds"] < budget_seconds:
        step_seconds = table.get("step_seconds") or round(_time_step(recipe, LoopSettings(1000, rate=rate)), 4)
        folder.mkdir(parents=True, exist_ok=True)
        steps = max(2, round(budget_seconds / step_seconds))
        table = {"budget_seconds": budget_seconds, "step_seconds": step_seconds, "steps": steps}
        write_text_atomic(plan, json.dumps(table))
    steps = table["steps"]
    settings = LoopSettings(
        steps, rate=rate, cooldown_share=cooldown_share, warmup_steps=min(100, 1 + steps // 10), log_every=50,
        save_every=200, validate_every=10**9, sample_every=10**9, threads=1, workers=1,
    )  # fmt: skip
    train(recipe, folder, settings, resume=True, report=report)


def _time_step(recipe: Recipe, settings: LoopSettings) -> float:
    """Measure the processor seconds of one step, without those of the process that makes batches."""
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
    """Open a system that was trained before, one that ships, or a yardstick."""
    if name in YARDSTICKS:
        return YARDSTICKS[name]()
    if SYSTEMS[name].ships:
        return open_colorist(find_model(SYSTEMS[name].ships, Path()))
    return open_colorist(run_folder(name, runs) / f"{SYSTEMS[name].recipe}.safetensors")


def run_folder(name: str, runs: Path) -> Path:
    """Return the folder of a system's training."""
    return runs / name.replace(" ", "_").lower()


def count_steps(name: str, runs: Path) -> int:
    """Return the steps that a system was trained for; 0 if it is not trained."""
    plan = run_folder(name, runs) / "budget.json"
    return json.loads(plan.read_text("utf-8"))["steps"] if plan.exists() else 0
