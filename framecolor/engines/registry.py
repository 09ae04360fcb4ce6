"""Choose the engine that runs here, of those in `config.settings.ENGINES`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from framecolor.config.settings import ENGINES, LaneCount
from framecolor.core.cpu import count_usable_cores
from framecolor.core.precision import PrecisionChoice
from framecolor.engines.base import DEFAULT_OPTIONS, Device, Engine, EngineOptions, Runner
from framecolor.errors import EngineError

if TYPE_CHECKING:
    from framecolor.networks.palette_head import PaletteNetwork

_LOG = logging.getLogger("framecolor")


def choose_engine(
    name: str, lanes: LaneCount = "auto", precision: PrecisionChoice = "auto", cores: int | None = None
) -> Engine:
    """Make the engine of that name; `auto` takes the first of ENGINES that runs here, and logs why others do not.

    lanes, precision  see `EngineOptions`
    cores             cores that the cpu engine may use; by default all that this process may use
    Raises EngineError if an engine that is named cannot run: only `auto` falls back.
    """
    options = EngineOptions(lanes=lanes, precision=precision, cores=cores or count_usable_cores())
    if name == "auto":
        return FirstThatRuns([find_engine_class(known)(options) for known in ENGINES])
    engine = find_engine_class(name)(options)
    problem = engine.find_problem()
    if problem is not None:
        raise EngineError(f"engine {name}", *problem)
    return engine


@lru_cache(maxsize=2)
def load_shipped(name: str, lanes: LaneCount, precision: PrecisionChoice, cores: int | None) -> tuple[Runner, str]:
    """Load the networks that ship on an engine, once for all shots of a process; return the name of the engine too.

    The name is never `auto`. Arguments and errors as `choose_engine`.
    """
    engine = choose_engine(name, lanes, precision, cores)
    return engine.load(), engine.name


def find_engine_class(name: str) -> Callable[[EngineOptions], Engine]:
    """Import the class of an engine. KeyError for a name that is not in ENGINES."""
    module, _, attribute = ENGINES[name].partition(":")
    return getattr(import_module(module), attribute)


def may_use_gpu(name: str) -> bool:
    """Tell whether the engine of that name computes on GPUs, or may, for `auto`."""
    return name == "auto" or find_engine_class(name)(DEFAULT_OPTIONS).device == "cuda"


class FirstThatRuns:
    """The engine `auto`: the first that finds no problem here and loads; it has that engine's name.

    The problems of the engines before it are logged, as warnings if a GPU is used less well than it could be.
    """

    def __init__(self, engines: Sequence[Engine]) -> None:
        problems = [(engine, engine.find_problem()) for engine in engines]
        self._left = [engine for engine, problem in problems if problem is None]
        passed_over = [(e, p) for e, p in problems[: engines.index(self._left[0])] if p is not None]
        for engine, (problem, fix) in passed_over:
            level = logging.WARNING if self.device == "cuda" else logging.INFO
            _LOG.log(level, "engine auto: %s, as %s does not run: %s; %s", self.name, engine.name, problem, fix)

    @property
    def name(self) -> str:
        return self._left[0].name

    @property
    def device(self) -> Device:
        return self._left[0].device

    def find_problem(self) -> tuple[str, str] | None:
        return None

    def load(self, network: PaletteNetwork | None = None) -> Runner:
        """Load the networks on the first engine that can. Raises the error of the last one."""
        while len(self._left) > 1:
            try:
                return self._left[0].load(network)
            except Exception as error:  # drivers and compilers raise many kinds of errors; the next engine is tried
                failed, reason = self._left.pop(0), str(error).split("\n")[0] or type(error).__name__
                _LOG.warning("engine auto: %s, as %s does not load: %s", self.name, failed.name, reason)
        return self._left[0].load(network)
