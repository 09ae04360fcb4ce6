"""Run engine files: execution contexts, and the module of a lane that is made of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from framecolor.engines.lanes.buffers import Shape
from framecolor.engines.lanes.modules import Call, Module, Workspace
from framecolor.engines.tensorrt.backends import Backend, import_backend
from framecolor.errors import EngineError

_FIX = "framecolor engine build --force"
_LOG = logging.getLogger("framecolor")


class ExecutionContext:
    """An execution context, whose workspace its caller lends. One thread at a time: set shapes, set buffers, run.

    inputs, outputs  names as in `networks.export.FORMS`; outputs of torch-tensorrt's engines are numbered in that order
    Raises torch.OutOfMemoryError if there is no memory for it, EngineError for an engine of other types than float32.
    """

    def __init__(self, backend: Backend, engine: Any, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        trt = import_backend(backend.runtime)
        self._engine, self._subject = engine, f"{backend.name} {backend.version}"
        tensors = {engine.get_tensor_name(i) for i in range(engine.num_io_tensors)}
        self._inputs = tuple(inputs)
        self._outputs = tuple(name if name in tensors else f"output{i}" for i, name in enumerate(outputs))
        for name in (*self._inputs, *self._outputs):
            if engine.get_tensor_dtype(name) != trt.DataType.FLOAT:
                raise EngineError(self._subject, f"{name} is not float32", _FIX)
        self._context = engine.create_execution_context(trt.ExecutionContextAllocationStrategy.USER_MANAGED)
        if self._context is None:
            raise torch.OutOfMemoryError(f"{self._subject}: there is no room for an execution context")

    def set_shapes(self, inputs: Sequence[Shape]) -> list[Shape]:
        """Set the shapes of the inputs; return those of the outputs. EngineError if the engine does not take them."""
        for name, shape in zip(self._inputs, inputs, strict=True):
            if not self._context.set_input_shape(name, shape):
                raise EngineError(self._subject, f"{name} {shape} is not within the engine file's range", _FIX)
        return [tuple(self._context.get_tensor_shape(name)) for name in self._outputs]

    def set_buffers(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], workspace: Workspace) -> None:
        """Set the buffers to read and write, of the current shapes. EngineError if one is refused."""
        buffers: Mapping[str, Tensor] = dict(zip((*self._inputs, *self._outputs), (*inputs, *outputs), strict=True))
        for name, tensor in buffers.items():
            has = tuple(self._context.get_tensor_shape(name))
            if has != tuple(tensor.shape):
                raise EngineError(self._subject, f"{name} {tuple(tensor.shape)} is not the engine's {has}", _FIX)
            if not self._context.set_tensor_address(name, tensor.data_ptr()):
                raise EngineError(self._subject, f"{name} is refused", _FIX)
        # The size for these shapes: the one for the largest shapes is many times as much.
        needed_bytes = self._context.update_device_memory_size_for_shapes() or self._engine.device_memory_size_v2
        if needed_bytes:
            self._context.set_device_memory(workspace(needed_bytes).data_ptr(), needed_bytes)

    def run(self, stream: int) -> None:
        """Enqueue it on the stream with this handle. EngineError if it does not run."""
        if not self._context.execute_async_v3(stream):
            raise EngineError(self._subject, "the engine does not run", _FIX)


class EngineModule:
    """A lane's module of one or more engines, which run on the same inputs.

    inputs     names of the inputs, the same for all engines, in the order of a task's inputs
    outputs    names of each engine's outputs, as in `networks.export.FORMS`
    shapes     computes the shapes of all outputs, in order, from that of the first input, with a batch axis
    otherwise  makes the module for pictures that are too large for the engines

    Each bound shape has its own contexts, as a captured graph depends on the state of its context. The contexts of a
    lane share a workspace, as they run one after another.
    """

    def __init__(
        self,
        backend: Backend,
        engines: Sequence[Any],
        inputs: Sequence[str],
        outputs: Sequence[Sequence[str]],
        shapes: Callable[[Shape], list[Shape]],
        otherwise: Callable[[], Module],
    ) -> None:
        self._backend, self._engines, self._shapes = backend, engines, shapes
        self._inputs, self._outputs, self._otherwise = inputs, outputs, otherwise

    def shapes(self, inputs: Sequence[Shape]) -> list[Shape]:
        return self._shapes(inputs[0])

    def bind(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], workspace: Workspace) -> Call:
        """See `Module.bind`. torch.OutOfMemoryError if there is no memory for a context."""
        shapes = [tuple(tensor.shape) for tensor in inputs]
        if not all(accepts(engine, self._inputs, shapes) for engine in self._engines):
            _LOG.info("engine tensorrt: PyTorch takes pictures %s, which are beyond the engine file", shapes[0])
            return self._otherwise().bind(inputs, outputs, workspace)
        contexts, begin = [], 0
        for engine, names in zip(self._engines, self._outputs, strict=True):
            context = ExecutionContext(self._backend, engine, self._inputs, names)
            context.set_shapes(shapes)
            context.set_buffers(inputs, outputs[begin : begin + len(names)], workspace)
            begin += len(names)
            contexts.append(context)

        def call(stream: int) -> None:
            for context in contexts:
                context.run(stream)

        return call


def run_engine(backend: Backend, engine: Any, inputs: Mapping[str, Tensor], outputs: Sequence[str]) -> list[Tensor]:
    """Run an engine once, for checks, on inputs by name; return the outputs in the order of their names, on the CPU.

    Raises EngineError if a shape is outside of the engine's range, memory is out, or the run fails.
    """
    workspaces: list[Tensor] = []  # kept until the run is over

    def lend(size_bytes: int) -> Tensor:
        workspaces.append(torch.empty(size_bytes, dtype=torch.uint8, device="cuda"))
        return workspaces[-1]

    try:
        context = ExecutionContext(backend, engine, tuple(inputs), outputs)
        on_device = [tensor.cuda().contiguous() for tensor in inputs.values()]
        results = [torch.empty(shape, device="cuda") for shape in context.set_shapes([t.shape for t in on_device])]
        context.set_buffers(on_device, results, lend)
    except torch.OutOfMemoryError as error:
        problem = f"there is no memory to run it ({str(error).splitlines()[0]})"
        raise EngineError(f"{backend.name} {backend.version}", problem, "free GPU memory") from error
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    context.run(stream.cuda_stream)
    stream.synchronize()
    return [result.cpu() for result in results]


def accepts(engine: Any, inputs: Sequence[str], shapes: Sequence[Shape]) -> bool:
    """Tell whether an engine takes inputs of these shapes."""
    ranges = (engine.get_tensor_profile_shape(name, 0) for name in inputs)
    return all(
        least <= size <= most
        for shape, (lowest, _, highest) in zip(shapes, ranges, strict=True)
        for least, size, most in zip(lowest, shape, highest, strict=True)
    )
