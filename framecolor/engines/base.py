"""The protocols of engines, which load networks, and runners, which run them.

An engine loads the networks that ship, and a network that was fitted to a shot, if any, as a `Runner`. To add one,
write a module with a class that takes `EngineOptions` and is an `Engine`, and add its name and the class's path to
`ENGINES` in `config/settings.py`. Import what it needs in `load`, so that listing the engines stays fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import LaneCount
from framecolor.core.precision import PrecisionChoice
from framecolor.lineart.region_crops import Crops
from framecolor.lineart.sampling import RegionPoints
from framecolor.matching.question import Question
from framecolor.networks.view import View

if TYPE_CHECKING:
    from framecolor.networks.palette_head import PaletteNetwork

Rows = NDArray[np.float32]
Device = Literal["cpu", "cuda"]


@dataclass(frozen=True, eq=False)
class NetworkOutput:
    """Features and votes of a drawing's regions; row 0 is no region.

    features  means of features and of context by the base weights, float32 [count + 1, F + C]
    votes     log-probability of each class by the fitted network, float32 [count + 1, P]; None if there is no fitted
              network, or no votes were requested
    """

    features: NDArray[np.float32]
    votes: NDArray[np.float32] | None


class Pending(Protocol):
    """A drawing whose inference is running."""

    def result(self) -> NetworkOutput:
        """Wait for the output, or raise the error of the inference. May be called again."""
        ...


class Done:
    """An inference that is already done."""

    def __init__(self, output: NetworkOutput) -> None:
        self._output = output

    def result(self) -> NetworkOutput:
        return self._output


class RegionPainter(Protocol):
    """The matcher and the painter, loaded. Thread safe."""

    def describe(self, features: Rows, shape: Rows, contact: Rows, crops: Crops) -> Rows:
        """Compute the tokens of a drawing's regions, float32: see `networks.match_passes.DescribePass`.

        crops  uint8, by `lineart.region_crops`
        """
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
        """Score all pairs of regions of two drawings, all float32: see `networks.matcher.Matcher.compare`."""
        ...

    def decide(self, question: Question) -> tuple[Rows, Rows]:
        """Decide about the colors of a drawing's regions: see `networks.painter.Painter.decide`."""
        ...


class Runner(RegionPainter, Protocol):
    """Networks, ready to run on drawings of any size. Thread safe."""

    def warm_up(self) -> None:
        """Compile, or begin to compile, the networks of flat painting; without it the first drawings do that."""
        ...

    def infer(self, view: View, points: RegionPoints, votes: bool = True) -> Pending:
        """Begin to run the base network on a drawing and, if `votes`, the fitted one, if any."""
        ...

    def color(self, planes: NDArray[np.float32], hint: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute soft color in [0, 1], float32 [3, h, w], from line planes and hint planes float32 [4, h, w]."""
        ...


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """Options of all engines; each ignores those that do not concern it.

    lanes      pictures that each GPU works on at once; auto: the fastest number, measured once for each kind of GPU
    precision  see `core.precision`
    cores      cores of the processor that the engine may use
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
        """The hardware that it computes on: processor cores or NVIDIA GPUs."""
        ...

    def find_problem(self) -> tuple[str, str] | None:
        """Find what keeps this engine from running here: (problem, fix), or None if it runs."""
        ...

    def load(self, network: PaletteNetwork | None = None) -> Runner:
        """Load the networks that ship and, if given, one that was fitted to a shot; does not change the latter."""
        ...
