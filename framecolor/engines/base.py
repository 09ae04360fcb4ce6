"""Engines: where a shot's fitted network runs.

An engine turns a `PaletteNetwork` into a `Runner`. To add one, write a module with a class that has `name`,
`find_problem` and `load`, and list it in `choose_engine`.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from framecolor.errors import EngineError
from framecolor.networks.palette import PaletteNetwork
from framecolor.settings import EngineName


class Runner(Protocol):
    """A fitted network, loaded. Thread safe: drawings of any size may be given from several threads at once."""

    def log_probabilities(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-probability of each palette color per pixel, float32 [P, h, w], from line planes float32 [7, h, w]."""
        ...

    def look(self, planes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What the base weights see in line planes float32 [7, h, w]: features per pixel, float32 [F, h, w], unit
        length, and the context around them, float32 [C, about h / CONTEXT_STRIDE, about w / CONTEXT_STRIDE]."""
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
