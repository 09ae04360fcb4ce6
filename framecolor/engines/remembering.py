"""A runner that remembers the answers of the networks that compare drawings and decide colors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from framecolor.core.hashing import digest
from framecolor.core.memory import Memory
from framecolor.engines.base import Pending, Rows, Runner
from framecolor.lineart.region_crops import Crops
from framecolor.lineart.sampling import RegionPoints
from framecolor.matching.question import Question
from framecolor.networks.view import View


class RememberingRunner:
    """A runner that asks another one only what it was not asked before. Thread safe, as the other one is."""

    def __init__(self, runner: Runner, memory: Memory) -> None:
        self._runner, self._memory = runner, memory

    def warm_up(self) -> None:
        """See `Runner.warm_up`."""
        self._runner.warm_up()

    def infer(self, view: View, points: RegionPoints, votes: bool = True) -> Pending:
        """See `Runner.infer`."""
        return self._runner.infer(view, points, votes)

    def color(self, planes: NDArray[np.float32], hint: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Runner.color`."""
        return self._runner.color(planes, hint)

    def describe(self, features: Rows, shape: Rows, contact: Rows, crops: Crops) -> Rows:
        """See `RegionPainter.describe`."""
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
        """See `RegionPainter.compare`. With flow it is not remembered: links of drawings are, as a whole."""

        def compare() -> tuple[Rows, Rows, Rows, Rows]:
            return self._runner.compare(a, b, contact_a, contact_b, flow_ab, flow_ba)

        if flow_ab is not None or flow_ba is not None:
            return compare()
        score, back, unmatched, unmatched_b = self._recall("compare", compare, a, b, contact_a, contact_b)
        return score, back, unmatched, unmatched_b

    def decide(self, question: Question) -> tuple[Rows, Rows]:
        """See `RegionPainter.decide`."""
        color, unmatched = self._recall("decide", lambda: self._runner.decide(question), *question.list_values())
        return color, unmatched

    def _recall(self, name: str, ask: Callable[[], tuple[Rows, ...]], *rows: Rows) -> tuple[Rows, ...]:
        """Recall the answer to rows; a copy, as callers may write into it."""
        shapes = repr([array.shape for array in rows])
        key = digest(name, shapes, *(array.tobytes() for array in rows))
        return tuple(array.copy() for array in self._memory.recall(key, ask))
