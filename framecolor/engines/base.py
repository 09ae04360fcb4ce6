"""Engines: where a shot's fitted network runs.

An engine turns a `PaletteNetwork` into a `Runner`. To add one, write a module with a class that has `name`,
`find_problem` and `load`, and list it in `choose_engine`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from framecolor.errors import EngineError
from framecolor.lineart.sampling import RegionPoints
from framecolor.networks.palette import PaletteNetwork
from framecolor.networks.view import View
from framecolor.settings import EngineName


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


class Runner(Protocol):
    """A fitted network, loaded. Thread safe: drawings of any size may be given from several threads at once."""

    def see(self, view: View, points: RegionPoints, votes: bool = True) -> Pending:
        """Begin to look at a drawing, through the base weights and, for votes, through the fitted ones."""
        ...

    def describe(
        self, look: NDArray[np.float32], shape: NDArray[np.float32], contact: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Tokens of a drawing's regions, all float32: see `networks.matcher.Matcher.describe`."""
        ...

    def compare(
        self,
        a: NDArray[np.float32],
        b: NDArray[np.float32],
        contact_a: NDArray[np.float32],
        contact_b: NDArray[np.float32],
        flow_ab: NDArray[np.float32] | None = None,
        flow_ba: NDArray[np.float32] | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Scores of all pairs of regions of two drawings, all float32: see `networks.matcher.Matcher.compare`."""
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


def choose_engine(name: EngineName) -> Engine:
    """The engine of that name; `auto` takes the first of cuda, cpu that runs here.

    Raises EngineError, with the fix, when the one that was asked for cannot run: only `auto` falls back.
    """
    from framecolor.engines.cpu import CpuEngine
    from framecolor.engines.cuda import CudaEngine

    engines: dict[str, Engine] = {"cuda": CudaEngine(), "cpu": CpuEngine()}
    if name == "auto":
        return next(e for e in engines.values() if e.find_problem() is None)
    if name not in engines:
        raise EngineError(f"engine {name}", "is not part of this version", "use --engine cuda, cpu or auto")
    problem = engines[name].find_problem()
    if problem is not None:
        raise EngineError(f"engine {name}", *problem)
    return engines[name]
