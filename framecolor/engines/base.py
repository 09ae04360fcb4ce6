"""Engines: where a shot's fitted network runs.

An engine turns a `PaletteNetwork` into a `Runner`. To add one, write a module with a class that has `name`,
`find_problem` and `load`, and list it in `choose_engine`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from framecolor.errors import EngineError
from framecolor.lineart.sampling import RegionPoints
from framecolor.networks.palette import PaletteNetwork
from framecolor.networks.view import View
from framecolor.settings import EngineName, LaneCount

Rows = NDArray[np.float32]

_LOG = logging.getLogger("framecolor")


@dataclass(frozen=True, eq=False)
class Seen:
    """What the networks make of a drawing's regions; row 0 stands for none.

    look   what the base weights see, float32 [count + 1, F + C]: means of features and of context
    votes  log-probability of each class by the fitted network, float32 [count + 1, P]; None unless asked for
    """

    look: NDArray[np.float32]
    votes: NDArray[np.float32] | None


class Pending(Protocol):
    """A drawing that an engine is looking at."""

    def result(self) -> Seen:
        """Wait until it is done; raises what went wrong. Can be asked again."""
        ...


class Done:
    """A look that was taken at once."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen

    def result(self) -> Seen:
        return self._seen


class RegionMatcher(Protocol):
    """The matcher, loaded. Thread safe."""

    def describe(self, look: Rows, shape: Rows, contact: Rows) -> Rows:
        """Tokens of a drawing's regions, all float32: see `networks.matcher.Matcher.describe`."""
        ...

    def compare(
        self,
        a: Rows,
        b: Rows,
        contact_a: Rows,
        contact_b: Rows,
        flow_ab: Rows | None = None,
        flow_ba: Rows | None = None,
    ) -> tuple[Rows, Rows, Rows, Rows]:
        """Scores of all pairs of regions of two drawings, all float32: see `networks.matcher.Matcher.compare`."""
        ...


class Runner(RegionMatcher, Protocol):
    """A fitted network, loaded. Thread safe: drawings of any size may be given from several threads at once."""

    def see(self, view: View, points: RegionPoints, votes: bool = True) -> Pending:
        """Begin to look at a drawing, through the base weights and, for votes, through the fitted ones."""
        ...

    def color(self, planes: NDArray[np.float32], hint: NDArray[np.float32]) -> NDArray[np.float32]:
        """Soft color in [0, 1], float32 [3, h, w], from line planes and hint planes float32 [4, h, w]."""
        ...


class Engine(Protocol):
    """A way to run networks on this machine."""

    @property
    def name(self) -> str: ...

    def find_problem(self) -> tuple[str, str] | None:
        """What keeps this engine from running here and how to mend it, or None when it runs."""
        ...

    def load(self, network: PaletteNetwork) -> Runner:
        """The network, ready to run; the network itself is left as it is."""
        ...


def choose_engine(name: EngineName, lanes: LaneCount = "auto") -> Engine:
    """The engine of that name; `auto` takes the first of tensorrt, cuda, cpu that runs here, and says so.

    lanes  pictures that each GPU works on at once.
    Raises EngineError, with the fix, when the one that was asked for cannot run: only `auto` falls back.
    """
    from framecolor.engines.cpu import CpuEngine
    from framecolor.engines.cuda import CudaEngine
    from framecolor.engines.tensorrt import TensorRtEngine

    engines: list[Engine] = [TensorRtEngine(lanes), CudaEngine(lanes), CpuEngine()]
    if name == "auto":
        return FirstThatRuns(engines)
    engine = next(e for e in engines if e.name == name)
    problem = engine.find_problem()
    if problem is not None:
        raise EngineError(f"engine {name}", *problem)
    return engine


class FirstThatRuns:
    """The engine `auto`: the first that finds no problem here, and loads; its name is that one's.

    What keeps a better one away is told, as a warning where there is a GPU that is not used as well as it could be.
    """

    def __init__(self, engines: Sequence[Engine]) -> None:
        problems = [(engine, engine.find_problem()) for engine in engines]
        self._left = [engine for engine, problem in problems if problem is None]
        missed = [(e, p) for e, p in problems[: engines.index(self._left[0])] if p is not None]
        for engine, (problem, fix) in missed:
            level = logging.WARNING if self.name != "cpu" else logging.INFO
            _LOG.log(level, "engine auto: %s, as %s does not run: %s; %s", self.name, engine.name, problem, fix)

    @property
    def name(self) -> str:
        return self._left[0].name

    def find_problem(self) -> tuple[str, str] | None:
        return None

    def load(self, network: PaletteNetwork) -> Runner:
        """The network on the first engine that takes it. Raises what the last one raises."""
        while len(self._left) > 1:
            try:
                return self._left[0].load(network)
            except Exception as error:  # drivers and compilers raise what they like, and there is another engine
                failed, reason = self._left.pop(0), str(error).split("\n")[0] or type(error).__name__
                _LOG.warning("engine auto: %s, as %s does not load: %s", self.name, failed.name, reason)
        return self._left[0].load(network)
