"""A shot that is painted again and again with one loaded engine, so that only the painting is timed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import framecolor.pipeline.colorize as pipeline
import framecolor.pipeline.job as run
from framecolor.bench.spans import Recorder, record_stages, replaced
from framecolor.config.settings import Settings
from framecolor.engines.base import Engine, Runner
from framecolor.engines.registry import choose_engine
from framecolor.errors import EngineError
from framecolor.networks.palette_head import PaletteNetwork
from framecolor.pipeline.result import Outcome
from framecolor.shot.shot import Shot


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What an engine is asked for beside its name; None leaves the choice to it."""

    lanes: int | None = None
    batch: int | None = None
    precision: str | None = None


def open_engine(name: str, choices: Choices) -> Engine:
    """The engine of that name, as the pipeline opens it, with the lanes that are asked for.

    `auto` falls back where an engine does not load, unless a precision is asked for, which is not the same elsewhere.
    """
    lanes = choices.lanes or "auto"
    engine = choose_engine(name, lanes)
    settled = name != "auto" or choices.precision is None
    return engine if settled else choose_engine(engine.name, lanes)


def load_runner(engine: Engine, network: PaletteNetwork | None, choices: Choices) -> Runner:
    """An opened engine with that network. Raises EngineError when it does not let one choose what was chosen."""
    given = {key: value for key, value in _given(choices).items() if key != "lanes"}
    known = inspect.signature(engine.load).parameters
    for name in given:
        if name not in known:
            raise EngineError(f"engine {engine.name}", f"has no choice of {name}", f"leave out --{name}")
    return engine.load(network, **given)


def _given(choices: Choices) -> dict[str, Any]:
    return {name: value for name, value in vars(choices).items() if value is not None}


@dataclass(eq=False)
class Workload:
    """One shot, where its frames go, and the engine that paints it, loaded once."""

    shot: Shot
    out: Path
    settings: Settings
    choices: Choices = field(default_factory=Choices)
    runner: Runner | None = None
    engine_name: str = ""

    def paint(self, recorder: Recorder | None = None, *, one_thread: bool = False) -> Outcome:
        """Paint all frames again. The first call opens the engine.

        recorder    notes the stages of the painting, not what comes before
        one_thread  every stage one after the other, each on one core
        """
        settings = replace(self.settings, overwrite=True)

        def forget(stage: str, done: int, total: int) -> None:
            if stage == "paint" and done == 0 and recorder is not None:
                recorder.clear()

        with replaced(run, "load_shipped", self._load):
            if recorder is None:
                return pipeline.colorize(self.shot, self.out, settings)
            assert self.runner is not None, "paint once before anything is recorded"
            with record_stages(recorder, self.runner), _on_one_thread(one_thread):
                return pipeline.colorize(self.shot, self.out, settings, forget)

    def _load(self, *_: object) -> tuple[Runner, str]:
        """The networks on the engine, loaded the first time and there from then on."""
        if self.runner is None:
            engine = open_engine(self.settings.engine, self.choices)
            self.runner, self.engine_name = load_runner(engine, None, self.choices), engine.name
        return self.runner, self.engine_name


class _Inline:
    """An executor without threads: work is done when it is handed in."""

    def __init__(self, *args: Any, **options: Any) -> None:
        pass

    def __enter__(self) -> _Inline:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def map(self, work: Callable[..., Any], *items: Iterable[Any]) -> Iterator[Any]:
        return map(work, *items)

    def submit(self, work: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*args, **options))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def _on_one_thread(wanted: bool) -> Iterator[None]:
    """While this is open, the pipeline has no threads."""
    if not wanted:
        yield
        return
    with (
        replaced(pipeline, "ThreadPoolExecutor", _Inline),
        replaced(pipeline, "taken_ahead", lambda items, count: items),
    ):
        yield


def frame_ms(outcome: Outcome, frames: int) -> float:
    """Milliseconds a frame of a run, from the first drawing to the last file."""
    return 1000 * (outcome.seconds - outcome.fit_seconds) / frames
