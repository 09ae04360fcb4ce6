"""Engines: where the networks run.

An engine opens the networks that ship, and a network that was fitted to a shot where there is one, as a `Runner`. To
add one, write a module with a class that takes `EngineOptions` and is an `Engine`, and add a line to `ENGINES` in
`config/settings.py`: its name, and where its class is. What the class needs is imported when a network is loaded, so
that the list of engines stays quick to make.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import LaneCount
from framecolor.core.precision import PrecisionChoice
from framecolor.lineart.sampling import RegionPoints
from framecolor.networks.view import View

if TYPE_CHECKING:
    from framecolor.networks.palette_head import PaletteNetwork

Rows = NDArray[np.float32]
Device = Literal["cpu", "cuda"]


@dataclass(frozen=True, eq=False)
class NetworkOutput:
    """What the networks make of a drawing's regions; row 0 stands for none.

    features  by the base weights, float32 [count + 1, F + C]: means of features and of context
    votes     log-probability of each class by the fitted network, float32 [count + 1, P]; None without one, and unless
              asked for
    """

    features: NDArray[np.float32]
    votes: NDArray[np.float32] | None


class Pending(Protocol):
    """A drawing whose inference is under way."""

    def result(self) -> NetworkOutput:
        """Wait until it is done; raises what went wrong. Can be asked again."""
        ...


class Done:
    """An inference that was done at once."""

    def __init__(self, output: NetworkOutput) -> None:
        self._output = output

    def result(self) -> NetworkOutput:
        return self._output


class RegionMatcher(Protocol):
    """The matcher, loaded. Thread safe."""

    def describe(self, features: Rows, shape: Rows, contact: Rows) -> Rows:
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
    """Networks, ready to run. Thread safe: drawings of any size may be given from several threads at once."""

    def warm_up(self) -> None:
        """Prepare, or begin to prepare, what painting flat needs; otherwise that happens when it is first needed."""
        ...

    def infer(self, view: View, points: RegionPoints, votes: bool = True) -> Pending:
        """Begin to run a drawing through the base weights and, for votes, through the fitted ones if any."""
        ...

    def color(self, planes: NDArray[np.float32], hint: NDArray[np.float32]) -> NDArray[np.float32]:
        """Soft color in [0, 1], float32 [3, h, w], from line planes and hint planes float32 [4, h, w]."""
        ...


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """What an engine is asked for; it leaves aside what it has no use for.

    lanes      pictures that each GPU works on at once; auto: as many as are best, measured once for each kind of GPU
    precision  see `core.precision`
    cores      that the processor may keep busy
    """

    lanes: LaneCount = "auto"
    precision: PrecisionChoice = "auto"
    cores: int = 1


DEFAULT_OPTIONS = EngineOptions()


class Engine(Protocol):
    """A way to run networks on this machine; its class is called with `EngineOptions`."""

    @property
    def name(self) -> str: ...

    @property
    def device(self) -> Device:
        """Where it computes: on processor cores, or on NVIDIA GPUs."""
        ...

    def find_problem(self) -> tuple[str, str] | None:
        """What keeps this engine from running here and how to mend it, or None when it runs."""
        ...

    def load(self, network: PaletteNetwork | None = None) -> Runner:
        """The networks that ship, ready to run, and with them one that was fitted to a shot, which is left as it is."""
        ...
