"""Engines: where the networks run.

An engine opens the networks that ship, and a network that was fitted to a shot where there is one, as a `Runner`. To
add one, write a module with a class that has `name`, `find_problem` and `load`, and list it in `engines/registry.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from framecolor.lineart.sampling import RegionPoints
from framecolor.networks.view import View

if TYPE_CHECKING:
    from framecolor.networks.palette_head import PaletteNetwork

Rows = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Seen:
    """What the networks make of a drawing's regions; row 0 stands for none.

    look   what the base weights see, float32 [count + 1, F + C]: means of features and of context
    votes  log-probability of each class by the fitted network, float32 [count + 1, P]; None without one, and unless
           asked for
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
    """Networks, ready to run. Thread safe: drawings of any size may be given from several threads at once."""

    def warm_up(self) -> None:
        """Prepare, or begin to prepare, what painting flat needs; otherwise that happens when it is first needed."""
        ...

    def see(self, view: View, points: RegionPoints, votes: bool = True) -> Pending:
        """Begin to look at a drawing, through the base weights and, for votes, through the fitted ones if any."""
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

    def load(self, network: PaletteNetwork | None = None) -> Runner:
        """The networks that ship, ready to run, and with them one that was fitted to a shot, which is left as it is."""
        ...
