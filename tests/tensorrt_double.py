"""Engines that are none: they take the calls of TensorRT, check that nobody else uses a context or its memory
meanwhile, and run the network on the addresses that they are given."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Mapping
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor

from framecolor.engines.tensorrt.backends import Backend
from framecolor.networks.export import Exportable

BACKEND = Backend("tensorrt", "11.0", None)
TORCH_BACKEND = Backend("torch-tensorrt", "2.13.0 on tensorrt 11.0", None)
_TRT = SimpleNamespace(
    ExecutionContextAllocationStrategy=SimpleNamespace(USER_MANAGED="user managed"),
    DataType=SimpleNamespace(FLOAT="float"),
)


@pytest.fixture(autouse=True)
def fake_tensorrt(monkeypatch: pytest.MonkeyPatch) -> None:
    """To be imported: TensorRT's names, whether it is installed or not."""
    monkeypatch.setattr("framecolor.engines.tensorrt.execution.import_backend", lambda name: _TRT)
    FakeContext.in_use.clear()


class FakeEngine:
    """An ICudaEngine of a network, for sizes of its free axes from least to most.

    numbered  its outputs are named as torch-tensorrt names them
    """

    device_memory_size_v2 = 1 << 30

    def __init__(
        self,
        network: Exportable,
        least: Mapping[str, int],
        most: Mapping[str, int],
        dtype: str = "float",
        contexts: int = 99,
        numbered: bool = False,
    ) -> None:
        form = network.form
        self.outputs = {f"output{i}" if numbered else name: name for i, name in enumerate(form.outputs)}
        self._names = [*form.inputs, *sorted(self.outputs)]
        self.num_io_tensors = len(self._names)
        self.network, self.ends, self.dtype, self.left = network, (least, least, most), dtype, contexts
        self.meeting = threading.Barrier(1)  # of calls that are to run at the same time
        self.contexts: list[FakeContext] = []
        self.runs = True

    def get_tensor_name(self, index: int) -> str:
        return self._names[index]

    def get_tensor_dtype(self, name: str) -> str:
        assert name in self._names
        return self.dtype

    def get_tensor_profile_shape(self, name: str, profile: int) -> list[tuple[int, ...]]:
        assert profile == 0
        return [self.network.shapes(end)[name] for end in self.ends]

    def create_execution_context(self, strategy: str) -> FakeContext | None:
        assert strategy == "user managed"
        self.left -= 1
        if self.left < 0:
            return None
        self.contexts.append(FakeContext(self))
        return self.contexts[-1]


class FakeContext:
    """An IExecutionContext: shapes first, then addresses and memory, then runs, one at a time."""

    in_use: set[int] = set()  # noqa: RUF012

    def __init__(self, engine: FakeEngine) -> None:
        self.engine, self.shapes, self.addresses = engine, dict[str, tuple[int, ...]](), dict[str, int]()
        self.memory, self.running, self.runs = (0, 0), False, 0

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        assert not self.running
        lowest, _, highest = self.engine.get_tensor_profile_shape(name, 0)
        self.shapes[name] = tuple(shape)
        return all(a <= n <= b for a, n, b in zip(lowest, shape, highest, strict=True))

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        form, sizes = self.engine.network.form, dict(self.engine.network.fixed)
        for given, axes in form.inputs.items():
            sizes |= dict(zip(axes, self.shapes[given], strict=True))
        sizes |= {f"{axis}/4": size // 4 for axis, size in sizes.items()}
        axes = form.inputs[name] if name in form.inputs else form.outputs[self.engine.outputs[name]]
        return tuple(sizes[axis] for axis in axes)

    def set_tensor_address(self, name: str, address: int) -> bool:
        assert not self.running
        self.addresses[name] = address
        return address % 16 == 0

    def update_device_memory_size_for_shapes(self) -> int:
        return 512 * max(shape[0] for shape in self.shapes.values())

    def set_device_memory(self, address: int, size: int) -> None:
        assert size >= self.update_device_memory_size_for_shapes()
        self.memory = (address, size)

    def execute_async_v3(self, stream: int) -> bool:
        assert not self.running and self.memory[0] not in self.in_use
        self.running = True
        self.in_use.add(self.memory[0])
        ctypes.memset(self.memory[0], 0, self.memory[1])  # it is really there
        self.engine.meeting.wait(20)
        form = self.engine.network.form
        with torch.inference_mode():
            outputs = self.engine.network.module(*(self._tensor(name) for name in form.inputs))
        for name, values in zip(
            self.engine.outputs, (outputs,) if isinstance(outputs, Tensor) else outputs, strict=True
        ):
            self._tensor(name).copy_(values)
        self.in_use.discard(self.memory[0])
        self.running, self.runs = False, self.runs + 1
        return self.engine.runs

    def _tensor(self, name: str) -> Tensor:
        shape = self.get_tensor_shape(name)
        memory = (ctypes.c_float * int(np.prod(shape))).from_address(self.addresses[name])
        return torch.from_numpy(np.frombuffer(memory, np.float32).reshape(shape))
