"""An execution context of a plan, as lanes and the matcher use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from framecolor.engines.lanes.rings import Shape
from framecolor.engines.plans.backends import Backend, import_runtime
from framecolor.engines.plans.runtime import name_outputs
from framecolor.errors import EngineError

_FIX = "framecolor engine build --force"


class PlanContext:
    """A context whose working memory is the caller's. One thread at a time: shapes first, then buffers, then runs.

    inputs, outputs  names as in `networks.export.FORMS`
    Raises torch.OutOfMemoryError without room for it, EngineError for a plan of other types than float32.
    """

    def __init__(self, backend: Backend, engine: Any, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        trt = import_runtime(backend.name)
        self._engine, self._subject = engine, f"{backend.name} {backend.version}"
        named = name_outputs(trt, engine, outputs)
        self._inputs, self._outputs = tuple(inputs), [named[name] for name in outputs]
        for name in (*self._inputs, *self._outputs):
            if engine.get_tensor_dtype(name) != trt.DataType.FLOAT:
                raise EngineError(self._subject, f"{name} is not float32", _FIX)
        self._context = engine.create_execution_context(trt.ExecutionContextAllocationStrategy.USER_MANAGED)
        if self._context is None:
            raise torch.OutOfMemoryError(f"{self._subject}: there is no room for an execution context")

    def set_shapes(self, inputs: Sequence[Shape]) -> list[Shape]:
        """Shapes of the outputs for these of the inputs. EngineError for shapes that the plan does not take."""
        for name, shape in zip(self._inputs, inputs, strict=True):
            if not self._context.set_input_shape(name, shape):
                raise EngineError(self._subject, f"{name} {shape} is not within the plan's range", _FIX)
        return [tuple(self._context.get_tensor_shape(name)) for name in self._outputs]

    def aim(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], scratch: Callable[[int], Tensor]) -> None:
        """Read and write these buffers, of the shapes that are set. EngineError when one is refused.

        `scratch` gives that many bytes to work in, uint8, for as long as a run takes.
        """
        buffers: Mapping[str, Tensor] = dict(zip((*self._inputs, *self._outputs), (*inputs, *outputs), strict=True))
        for name, tensor in buffers.items():
            if tuple(self._context.get_tensor_shape(name)) != tuple(tensor.shape):
                has = tuple(self._context.get_tensor_shape(name))
                raise EngineError(self._subject, f"{name} {tuple(tensor.shape)} is not what the plan has, {has}", _FIX)
            if not self._context.set_tensor_address(name, tensor.data_ptr()):
                raise EngineError(self._subject, f"{name} is refused", _FIX)
        # For these shapes; the plan's largest would take many times as much.
        needed_bytes = self._context.update_device_memory_size_for_shapes() or self._engine.device_memory_size_v2
        if needed_bytes:
            self._context.set_device_memory(scratch(needed_bytes).data_ptr(), needed_bytes)

    def run(self, stream: int) -> None:
        """Enqueue it on the stream with this handle. EngineError when it does not run."""
        if not self._context.execute_async_v3(stream):
            raise EngineError(self._subject, "the plan does not run", _FIX)
