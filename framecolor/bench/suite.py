"""Run the measurements of `framecolor bench` and collect their results as plain data."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from framecolor.bench.contest import Contest, measure_contest
from framecolor.bench.drawn_shot import write_shot
from framecolor.bench.end_to_end import measure_shot
from framecolor.bench.limits import describe_rates
from framecolor.bench.machine import describe_run
from framecolor.bench.sizes import name_size
from framecolor.bench.workload import Choices, Workload, load_runner, open_engine
from framecolor.config.settings import Settings
from framecolor.core.clock import STAGES
from framecolor.core.cpu import count_usable_cores
from framecolor.core.precision import Precision
from framecolor.engines.base import Engine
from framecolor.engines.openvino import CpuEngine
from framecolor.errors import EngineError, SettingsError
from framecolor.keys.key_drawing import WORKING_AREA_PX
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.palette_head import PaletteNetwork
from framecolor.shot.shot import Shot

FORMAT = 1
END_TO_END = "end-to-end"
_DRAWN_KEYS = 3
_COLORS = 16
# Enough calls at a time to keep the lanes of any engine busy.
_GPU_CALLERS = 8


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured.

    stages     any of STAGES, and end-to-end
    shot       shot to paint; None: one that is drawn in code, `frames` frames at each of `sizes`, on twos if `twos`
    sizes      (height, width) of the drawn shot, and of whole pictures for the generator; empty: 1080p, and the
               generator only at the pipeline's size
    precision, lanes, batch  options of the engine; None: its own choice
    warmup, repeats  runs that are not measured, and runs that are
    """

    stages: tuple[str, ...] = (*STAGES, END_TO_END)
    shot: Path | None = None
    sizes: tuple[tuple[int, int], ...] = ()
    engine: str = "auto"
    precision: Precision | None = None
    lanes: int | None = None
    batch: int | None = None
    warmup: int = 1
    repeats: int = 3
    frames: int = 24
    twos: bool = False

    def __post_init__(self) -> None:
        if self.shot is not None and self.twos:
            raise SettingsError("twos", "only applies to the drawn shot", "leave out --twos or --shot")


Report = Callable[[str], None]


def run_bench(plan: Plan, report: Report = lambda line: None) -> dict[str, Any]:
    """Run the measurements of a plan. Raises InputError and EngineError before anything is measured.

    `report` is called with the name of each measurement before it begins. The result has date, commit, machine,
    options, rates, and
    rows         one for each stage (alone on one core) and for each way to run the generator
    end_to_end   one for each size; see `end_to_end.compare_stages`
    timelines    one for each size; see `end_to_end.cut_timeline`
    """
    choices = Choices(lanes=plan.lanes, batch=plan.batch, precision=plan.precision)
    engine = open_engine(plan.engine, choices)
    painting = plan.shot is not None or set(plan.stages) != {"generator"}
    choices = _check_choices(choices, engine, painting)
    precision = plan.precision or find_precision(engine)  # after loading, as `auto` may have fallen back
    if plan.shot is not None:
        Shot.open(plan.shot)  # raises its errors before anything is measured
    run = describe_run()
    report("the machine's own rates")
    results: dict[str, Any] = {
        "format": FORMAT,
        **run,
        "options": _describe_plan(plan, engine, precision),
        "rates": describe_rates(precision, engine.device),
        "rows": [],
        "end_to_end": [],
        "timelines": [],
    }
    if painting:
        _measure_shots(plan, choices, precision, results, report)
    if "generator" in plan.stages:
        _measure_generator(plan, engine, choices, precision, results, report)
    return results


def find_precision(engine: Engine) -> Precision:
    """Return the precision that an engine chooses by itself."""
    return cast(Precision, CpuEngine().precisions()[0]) if engine.device == "cpu" else "f16"


def _check_choices(choices: Choices, engine: Engine, painting: bool) -> Choices:
    """Return the options to load the engine with. Raises EngineError for one that it does not have.

    The cpu engine has a lane for each thread that calls it, and a batch of one picture. Lanes and batch can be chosen
    only to compare the generator alone: they are then those of the calls.
    """
    if engine.device == "cpu":
        for name in ("lanes", "batch") if painting else ():
            if getattr(choices, name) is not None:
                fix = f"leave out --{name}, or measure the generator alone"
                raise EngineError("engine cpu", f"has no option {name} for painting", fix)
        choices = Choices(precision=choices.precision)
    load_runner(engine, PaletteNetwork(load_generator(base_weights_path()), _COLORS).eval(), choices)
    return choices


def _describe_plan(plan: Plan, engine: Engine, precision: Precision) -> dict[str, Any]:
    return {
        "stages": list(plan.stages),
        "shot": "drawn in code" if plan.shot is None else plan.shot.name,
        "engine": engine.name,
        "precision": precision,
        **{name: getattr(plan, name) for name in ("lanes", "batch", "warmup", "repeats", "frames", "twos")},
    }


def _measure_shots(plan: Plan, choices: Choices, precision: Precision, results: dict[str, Any], report: Report) -> None:
    settings = Settings(engine=plan.engine)
    for size in (None,) if plan.shot else plan.sizes or ((1080, 1920),):
        with _open_shot(plan, size) as (shot, work):
            clip = shot.name if plan.shot else "twos" if plan.twos else "moving"
            report(f"{len(shot.wanted)} frames of {name_size(*shot.size)}, {clip}")
            workload = Workload(shot, work / "color", settings, choices)
            rows, table, timeline = measure_shot(
                workload, clip, precision, warmup=plan.warmup, repeats=plan.repeats
            )  # fmt: skip
        results["rows"] += [row for row in rows if row["stage"] in plan.stages]
        if END_TO_END in plan.stages:
            results["end_to_end"].append(table)
            results["timelines"].append(timeline)


@contextmanager
def _open_shot(plan: Plan, size: tuple[int, int] | None) -> Iterator[tuple[Shot, Path]]:
    """Open the shot to paint, and a temporary folder for its frames."""
    with tempfile.TemporaryDirectory(prefix="framecolor-bench-") as name:
        work = Path(name)
        if plan.shot is None:
            assert size is not None
            yield Shot.open(write_shot(work / "shot", plan.frames, _DRAWN_KEYS, size, 2 if plan.twos else 1)), work
            return
        shot = Shot.open(plan.shot)
        if len(shot.wanted) > plan.frames:
            shot = Shot.open(plan.shot, frames=f"{shot.wanted[0]}-{shot.wanted[plan.frames - 1]}")
        yield shot, work


def _measure_generator(
    plan: Plan, engine: Engine, choices: Choices, precision: Precision, results: dict[str, Any], report: Report
) -> None:
    network = PaletteNetwork(load_generator(base_weights_path()), _COLORS).eval()
    contest = Contest(
        runner=load_runner(engine, network, choices),
        engine=engine.name,
        device=engine.device,
        precision=precision,
        batch=plan.batch or 1,
        lanes=plan.lanes or (count_usable_cores() if engine.device == "cpu" else _GPU_CALLERS),
        warmup=plan.warmup,
        repeats=plan.repeats,
    )
    for size in (pipeline_size(), *plan.sizes):
        report(f"the generator at {name_size(*size)}, compared with other runtimes")
        results["rows"] += measure_contest(contest, size)


def pipeline_size() -> tuple[int, int]:
    """Compute the (height, width) of a 16:9 view with as many pixels as the pipeline gives to the generator."""
    multiple = load_generator(base_weights_path()).size_multiple
    width = (WORKING_AREA_PX * 16 / 9) ** 0.5
    return int(width * 9 / 16) // multiple * multiple, int(width) // multiple * multiple
