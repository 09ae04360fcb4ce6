"""Compiled plans as a lane's body."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from framecolor.engines.lanes.rings import Shape
from framecolor.engines.plans.backends import Backend, import_runtime
from framecolor.engines.plans.runtime import name_outputs
from framecolor.errors import EngineError


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
        self._backend, self._engines, self._inputs, self._shapes = backend, engines, inputs, shapes
        self._trt = import_runtime(backend.name)
        self._outputs = [
            [name_outputs(self._trt, engine, names)[name] for name in names]
            for engine, names in zip(engines, outputs, strict=True)
        ]

    def shapes(self, inputs: Sequence[Shape]) -> list[Shape]:
        return self._shapes(inputs[0])

    def bind(
        self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], scratch: Callable[[int], Tensor]
    ) -> Callable[[int], None]:
        """See `station.Body`. torch.OutOfMemoryError without room for a context, EngineError for other shapes."""
        contexts, taken = [], 0
        for engine, names in zip(self._engines, self._outputs, strict=True):
            own = outputs[taken : taken + len(names)]
            taken += len(names)
            contexts.append(self._make_context(engine, inputs, dict(zip(names, own, strict=True)), scratch))
        subject = self._subject

        def call(stream: int) -> None:
            for context in contexts:
                if not context.execute_async_v3(stream):
                    raise EngineError(subject, "the plan does not run", "framecolor engine build --force")

        return call

    @property
    def _subject(self) -> str:
        return f"{self._backend.name} {self._backend.version}"

    def _make_context(
        self, engine: Any, inputs: Sequence[Tensor], outputs: dict[str, Tensor], scratch: Callable[[int], Tensor]
    ) -> Any:
        """A context that reads and writes these buffers."""
        trt = self._trt
        context = engine.create_execution_context(trt.ExecutionContextAllocationStrategy.USER_MANAGED)
        if context is None:
            raise torch.OutOfMemoryError(f"{self._subject}: there is no room for an execution context")
        for name, tensor in zip(self._inputs, inputs, strict=True):
            if not context.set_input_shape(name, tuple(tensor.shape)):
                raise self._misfit(name, tensor, "the plan's range")
        for name, tensor in [*zip(self._inputs, inputs, strict=True), *outputs.items()]:
            if tuple(context.get_tensor_shape(name)) != tuple(tensor.shape):
                raise self._misfit(name, tensor, f"what the plan has, {tuple(context.get_tensor_shape(name))}")
            if engine.get_tensor_dtype(name) != trt.DataType.FLOAT:
                raise EngineError(self._subject, f"{name} is not float32", "framecolor engine build --force")
            if not context.set_tensor_address(name, tensor.data_ptr()):
                raise EngineError(self._subject, f"{name} is refused", "framecolor engine build --force")
        # For these shapes; the plan's largest would take many times as much.
        needed_bytes = context.update_device_memory_size_for_shapes() or engine.device_memory_size_v2
        if needed_bytes:
            context.set_device_memory(scratch(needed_bytes).data_ptr(), needed_bytes)
        return context

    def _misfit(self, name: str, tensor: Tensor, limits: str) -> EngineError:
        return EngineError(
            self._subject, f"{name} {tuple(tensor.shape)} is not within {limits}", "framecolor engine build --force"
        )
