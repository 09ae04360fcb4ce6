"""One lane: three streams (in, compute, out), a ring of buffers between them, and modules bound to shapes.

While one batch computes, the next is copied in and the last is copied out. Only `Lane.finish` waits for the device.
"""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from framecolor.engines.lanes.buffers import Array, Shape, Slot
from framecolor.engines.lanes.device import Event
from framecolor.engines.lanes.modules import BoundModule, DeviceModules

Rows = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Task:
    """One picture for a module.

    module  name of the module
    inputs  one sample for each of the module's inputs, float32, without batch axis
    extras  more arrays that `reduce` needs on the device, float32 or int32
    result  shape of the result
    reduce  (the sample's outputs, extras, result): computes the result, float32, on the device
    """

    module: str
    inputs: tuple[Rows, ...]
    extras: tuple[Array, ...]
    result: Shape
    reduce: Callable[[Sequence[Tensor], Sequence[Tensor], Tensor], object]

    @property
    def kind(self) -> tuple[str, tuple[Shape, ...]]:
        """Module and shapes of inputs; tasks of the same kind can share a batch."""
        return self.module, tuple(planes.shape for planes in self.inputs)


@dataclass(eq=False)
class Flight:
    """A batch in a lane; after `event` its results are in the slot's memory on the host."""

    slot: Slot
    event: Event
    results: list[tuple[int, Shape]]


class Lane:
    """A lane, with its own streams and buffers on a device. One thread starts batches, another finishes them.

    ring    batches that can be in flight, between start and finish
    shapes  kinds of batches that stay bound; the least recently used one is dropped
    """

    def __init__(self, modules: DeviceModules, ring: int, shapes: int) -> None:
        self.device, self._modules, self.shapes = modules.device, modules, shapes
        self._in, self._out = self.device.stream(), self.device.stream()
        self._compute = self.device.stream(compute=True)
        self._free: queue.SimpleQueue[Slot] = queue.SimpleQueue()
        for _ in range(ring):
            self._free.put(Slot(self.device))
        self._bound: OrderedDict[tuple[str, tuple[Shape, ...], int], BoundModule] = OrderedDict()
        self._workspaces: list[Tensor] = []
        self._lock = threading.Lock()
        self._closed = False

    @property
    def kinds(self) -> int:
        """Number of kinds of batches that are bound."""
        return len(self._bound)

    def start(self, tasks: Sequence[Task], size: int) -> Flight:
        """Start a batch of `size` samples, of which the first are these tasks, all of one kind.

        Waits for a free slot. An error is raised after its work has ended and its slot is free.
        """
        slot = self._free.get()
        try:
            with self._lock, self.device.current():
                try:
                    return self._enqueue(slot, tasks, size)
                except BaseException:
                    self._settle()
                    self._bound.pop((*tasks[0].kind, size), None)
                    raise
        except BaseException:
            self._free.put(slot)
            raise

    def finish(self, flight: Flight) -> list[Rows]:
        """Wait for a batch, and copy its results. Frees the slot, also after an error."""
        try:
            flight.event.wait()
            return [flight.slot.results.read(begin, shape) for begin, shape in flight.results]
        finally:
            self._free.put(flight.slot)

    def release(self) -> None:
        """Drop all bound modules, after their work is done."""
        with self._lock:
            if not self._closed:
                self._drop()

    def close(self) -> None:
        """Free streams and buffers. All batches must be finished, and none may be started afterwards."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._drop()
            while not self._free.empty():
                self._free.get()
            for stream in (self._in, self._compute, self._out):
                with suppress(RuntimeError):
                    stream.close()

    def _drop(self) -> None:
        self._settle()
        with self.device.current():  # the calling thread may be that of another device's lane
            self._bound.clear()
            self._workspaces.clear()
            self.device.give_back()

    def _enqueue(self, slot: Slot, tasks: Sequence[Task], size: int) -> Flight:
        bound = self._bind(tasks[0], size)
        given = [[task.inputs[i] for task in tasks] for i in range(len(bound.inputs))]
        begins = slot.inputs.fill(given + [[extra] for task in tasks for extra in task.extras])
        results = slot.results.reserve([task.result for task in tasks])
        on_host, on_device = slot.inputs.sides()
        self._in.copy(on_device, on_host)
        self._compute.wait_for(self._in.record())
        sources = [
            slot.inputs.view(begin, (len(tasks), *target.shape[1:]))
            for target, begin in zip(bound.inputs, begins, strict=False)
        ]
        self._compute.enqueue(lambda: bound.load(sources))
        bound.run(self._compute)
        for work in _reductions(tasks, bound.outputs, slot, begins[len(given) :], results):
            self._compute.enqueue(work)
        self._out.wait_for(self._compute.record())
        on_host, on_device = slot.results.sides()
        self._out.copy(on_host, on_device)
        return Flight(slot, self._out.record(), [(r, t.result) for r, t in zip(results, tasks, strict=True)])

    def _bind(self, task: Task, size: int) -> BoundModule:
        key = (*task.kind, size)
        if key not in self._bound:
            while len(self._bound) >= self.shapes:
                self._settle()
                self._bound.popitem(last=False)
            shapes = [(size, *planes.shape) for planes in task.inputs]
            self._bound[key] = BoundModule(self.device, self._modules.get(task.module), shapes, self._lend)
        self._bound.move_to_end(key)
        return self._bound[key]

    def _lend(self, size_bytes: int) -> Tensor:
        """Lend a workspace. A larger one does not replace a smaller one, which graphs may have captured."""
        fitting = [workspace for workspace in self._workspaces if len(workspace) >= size_bytes]
        if not fitting:
            fitting = [self.device.empty(size_bytes)]
            self._workspaces += fitting
        return fitting[0][:size_bytes]

    def _settle(self) -> None:
        """Wait for all work; its errors are raised by `finish`."""
        for stream in (self._in, self._compute, self._out):
            with suppress(Exception):
                stream.record().wait()


def _reductions(
    tasks: Sequence[Task], outputs: Sequence[Tensor], slot: Slot, extras: Sequence[int], results: Sequence[int]
) -> Iterator[Callable[[], object]]:
    """Make the call of each task that computes its result from its sample."""
    begins = iter(extras)
    for i, (task, result) in enumerate(zip(tasks, results, strict=True)):
        own = [output[i] for output in outputs]
        needed = [slot.inputs.view(next(begins), extra.shape, extra.dtype) for extra in task.extras]
        target = slot.results.view(result, task.result)
        yield partial(task.reduce, own, needed, target)
