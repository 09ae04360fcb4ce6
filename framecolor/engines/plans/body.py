"""Compiled plans as a lane's body."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from framecolor.engines.lanes.rings import Shape
from framecolor.engines.plans.backends import Backend
from framecolor.engines.plans.context import PlanContext


class PlanBody:
    """One or more engines on the same inputs, their outputs side by side.

    inputs   names of the inputs, which all engines have, in the order of a task's
    outputs  names of each engine's outputs, by `networks.export.FORMS`
    shapes   from the shape of the first input, batch included, to those of all outputs in order

    Each station of a lane has contexts of its own: a graph is captured with the state of its context, and must not
    outlive a change of it. The contexts of a lane share their working memory, as they run one after another.
    """

    def __init__(
        self,
        backend: Backend,
        engines: Sequence[Any],
        inputs: Sequence[str],
        outputs: Sequence[Sequence[str]],
        shapes: Callable[[Shape], list[Shape]],
    ) -> None:
        self._backend, self._engines, self._shapes = backend, engines, shapes
        self._inputs, self._outputs = inputs, outputs

    def shapes(self, inputs: Sequence[Shape]) -> list[Shape]:
        return self._shapes(inputs[0])

    def bind(
        self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], scratch: Callable[[int], Tensor]
    ) -> Callable[[int], None]:
        """See `station.Body`. torch.OutOfMemoryError without room for a context, EngineError for other shapes."""
        contexts, taken = [], 0
        for engine, names in zip(self._engines, self._outputs, strict=True):
            context = PlanContext(self._backend, engine, self._inputs, names)
            context.set_shapes([tuple(tensor.shape) for tensor in inputs])
            context.aim(inputs, outputs[taken : taken + len(names)], scratch)
            taken += len(names)
            contexts.append(context)

        def call(stream: int) -> None:
            for context in contexts:
                context.run(stream)

        return call
