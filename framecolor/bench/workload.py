"""Paint a shot repeatedly with one loaded engine, so that only the painting is timed."""

from __future__ import annotations

import inspect
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from framecolor.config.settings import Settings
from framecolor.core.clock import Span, listen
from framecolor.engines.base import Device, Engine, Pending, Rows, Runner
from framecolor.engines.registry import choose_engine
from framecolor.errors import EngineError
from framecolor.lineart.region_crops import Crops
from framecolor.lineart.sampling import RegionPoints
from framecolor.matching.question import Question
from framecolor.networks.palette_head import PaletteNetwork
from framecolor.networks.view import View
from framecolor.pipeline.colorize import paint_shot
from framecolor.pipeline.events import Event, Progress
from framecolor.pipeline.result import Outcome
from framecolor.shot.shot import Shot


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Options of an engine; None leaves the choice to the engine."""

    lanes: int | None = None
    batch: int | None = None
    precision: str | None = None


def open_engine(name: str, choices: Choices) -> Engine:
    """Open the engine of this name as the pipeline does, with the chosen lanes.

    `auto` falls back to the next engine if one does not load, unless a precision is chosen: it depends on the engine.
    """
    lanes = choices.lanes or "auto"
    engine = choose_engine(name, lanes)
    settled = name != "auto" or choices.precision is None
    return engine if settled else choose_engine(engine.name, lanes)


def load_runner(engine: Engine, network: PaletteNetwork | None, choices: Choices) -> Runner:
    """Load a network into an opened engine. Raises EngineError if the engine does not have one of the options."""
    given = {key: value for key, value in vars(choices).items() if value is not None and key != "lanes"}
    known = inspect.signature(engine.load).parameters
    for name in given:
        if name not in known:
            raise EngineError(f"engine {engine.name}", f"has no option {name}", f"leave out --{name}")
    return engine.load(network, **given)


@dataclass
class Calls:
    """Calls of the networks: (height, width) of each drawing, its number of regions, the number of compared pairs of
    drawings, and (keys, most regions of one, colors) that each drawing was painted from."""

    sizes: list[tuple[int, int]] = field(default_factory=list)
    regions: list[int] = field(default_factory=list)
    pairs: int = 0
    painted: list[tuple[int, ...]] = field(default_factory=list)


class CountingRunner:
    """Runs the networks as `runner` does, and records the calls."""

    def __init__(self, runner: Runner) -> None:
        self._runner, self.calls = runner, Calls()
        self.warm_up, self.color = runner.warm_up, runner.color

    def infer(self, view: View, points: RegionPoints, votes: bool = True) -> Pending:
        """See `Runner.infer`."""
        height, width = view.planes.shape[1:]
        self.calls.sizes.append((height, width))
        return self._runner.infer(view, points, votes)

    def describe(self, features: Rows, shape: Rows, contact: Rows, crops: Crops) -> Rows:
        """See `RegionPainter.describe`."""
        self.calls.regions.append(len(features))
        return self._runner.describe(features, shape, contact, crops)

    def compare(
        self,
        a: Rows,
        b: Rows,
        contact_a: Rows,
        contact_b: Rows,
        flow_ab: Rows | None = None,
        flow_ba: Rows | None = None,
    ) -> tuple[Rows, Rows, Rows, Rows]:
        """See `RegionPainter.compare`."""
        self.calls.pairs += 1
        return self._runner.compare(a, b, contact_a, contact_b, flow_ab, flow_ba)

    def decide(self, question: Question) -> tuple[Rows, Rows]:
        """See `RegionPainter.decide`."""
        self.calls.painted.append(question.members.shape)
        return self._runner.decide(question)


class LoadedEngine:
    """An engine that is opened and loaded once for all runs without a fit."""

    def __init__(self, name: str, choices: Choices) -> None:
        self._engine, self._choices = open_engine(name, choices), choices
        self.runner = CountingRunner(load_runner(self._engine, None, choices))

    @property
    def name(self) -> str:
        return self._engine.name

    @property
    def device(self) -> Device:
        return self._engine.device

    def find_problem(self) -> tuple[str, str] | None:
        return None

    def load(self, network: PaletteNetwork | None = None) -> Runner:
        return self.runner if network is None else load_runner(self._engine, network, self._choices)


@dataclass(eq=False)
class Workload:
    """A shot, the folder for its frames, and the engine that paints it."""

    shot: Shot
    out: Path
    settings: Settings
    choices: Choices = field(default_factory=Choices)

    @cached_property
    def engine(self) -> LoadedEngine:
        return LoadedEngine(self.settings.engine, self.choices)

    def paint(self, spans: list[Span] | None = None, *, overlap: bool = True) -> Outcome:
        """Paint all frames again. The first call opens the engine.

        spans    filled with the spans of painting, without those of the preparation
        overlap  False: the stages run one after the other, each on one core
        """

        def forget(event: Event) -> None:
            if isinstance(event, Progress) and event.stage == "paint" and event.done == 0:
                self.engine.runner.calls = Calls()
                if spans is not None:
                    spans.clear()

        settings = replace(self.settings, overwrite=True)
        with nullcontext() if spans is None else listen(spans.append):
            return paint_shot(self.shot, self.out, settings, forget, engine=self.engine, overlap=overlap)


def frame_ms(outcome: Outcome, frames: int) -> float:
    """Compute the time per frame of a run, in ms from the first drawing to the last file."""
    return 1000 * (outcome.seconds - outcome.fit_seconds) / frames
