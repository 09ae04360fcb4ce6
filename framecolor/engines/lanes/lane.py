"""One lane: three streams (in, compute, out), rings of buffers between them, and a body bound to shapes.

While one batch computes, the next is copied in and the last is copied out. Nothing waits for the device but
`Lane.finish`, by event.
"""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from framecolor.engines.lanes.rings import Array, Shape, Slot
from framecolor.engines.lanes.station import Body, Station
from framecolor.engines.lanes.streams import Device, Event

Rows = NDArray[np.float32]


class Site:
    """A device and what can be computed on it: bodies by name, each made when it is first asked for."""

    def __init__(self, device: Device, bodies: Mapping[str, Callable[[], Body]]) -> None:
        self.device = device
        self._makers, self._made = bodies, dict[str, Body]()
        self._making = threading.Lock()

    def body(self, name: str) -> Body:
        """The body of that name."""
        with self._making:
            if name not in self._made:
                self._made[name] = self._makers[name]()
            return self._made[name]


@dataclass(frozen=True, eq=False)
class Task:
    """One picture for a body.

    body    its name
    inputs  float32, one sample for each of the body's inputs, without the batch
    extras  float32 or int32, what `reduce` needs on the device
    result  shape of the result
    reduce  (the sample's outputs, extras, result): writes the result, float32, on the device
    """

    body: str
    inputs: tuple[Rows, ...]
    extras: tuple[Array, ...]
    result: Shape
    reduce: Callable[[Sequence[Tensor], Sequence[Tensor], Tensor], object]

    @property
    def kind(self) -> tuple[str, tuple[Shape, ...]]:
        """Tasks of one kind can share a batch."""
        return self.body, tuple(planes.shape for planes in self.inputs)


@dataclass(eq=False)
class Flight:
    """A batch that was given to a lane; `event`: when its results are in the slot's memory on the host."""

    slot: Slot
    event: Event
    results: list[tuple[int, Shape]]


class Lane:
    """Streams and buffers of its own on a device. One thread starts batches, one finishes them.

    ring    batches that can be between start and finish
    shapes  kinds of batches that stay bound, the longest unused one is dropped
    """

    def __init__(self, site: Site, ring: int, shapes: int) -> None:
        self.device, self._site, self.shapes = site.device, site, shapes
        self._in, self._out = self.device.stream(), self.device.stream()
        self._compute = self.device.stream(compute=True)
        self._free: queue.SimpleQueue[Slot] = queue.SimpleQueue()
        for _ in range(ring):
            self._free.put(Slot(self.device))
        self._stations: OrderedDict[tuple[str, tuple[Shape, ...], int], Station] = OrderedDict()
        self._scratch: list[Tensor] = []
        self._lock = threading.Lock()
        self._closed = False

    @property
    def kinds(self) -> int:
        """Kinds of batches that are bound."""
        return len(self._stations)

    def start(self, tasks: Sequence[Task], size: int) -> Flight:
        """Begin a batch of `size` samples, the first of which are these tasks, all of one kind.

        Waits for a free slot. What an error leaves behind is cleared away before it is raised.
        """
        slot = self._free.get()
        try:
            with self._lock, self.device.current():
                try:
                    return self._enqueue(slot, tasks, size)
                except BaseException:
                    self._settle()
                    self._stations.pop((*tasks[0].kind, size), None)
                    raise
        except BaseException:
            self._free.put(slot)
            raise

    def finish(self, flight: Flight) -> list[Rows]:
        """Wait for a batch, and copy its results; the slot is free again, whatever happens."""
        try:
            flight.event.wait()
            return [flight.slot.back.read(begin, shape) for begin, shape in flight.results]
        finally:
            self._free.put(flight.slot)

    def release(self) -> None:
        """Drop all that is bound to shapes, when what it computes is done."""
        with self._lock:
            if not self._closed:
                self._drop()

    def close(self) -> None:
        """Finish what was given, and give everything back. All batches are finished; none is started afterwards."""
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
        with self.device.current():  # another device's lane may have asked for it
            self._stations.clear()
            self._scratch.clear()
            self.device.give_back()

    def _enqueue(self, slot: Slot, tasks: Sequence[Task], size: int) -> Flight:
        station = self._station(tasks[0], size)
        given = [[task.inputs[i] for task in tasks] for i in range(len(station.inputs))]
        begins = slot.there.fill(given + [[extra] for task in tasks for extra in task.extras])
        results = slot.back.reserve([task.result for task in tasks])
        host, far = slot.there.sides()
        self._in.copy(far, host)
        self._compute.wait_for(self._in.record())
        sources = [
            slot.there.view(begin, (len(tasks), *target.shape[1:]))
            for target, begin in zip(station.inputs, begins, strict=False)
        ]
        self._compute.enqueue(lambda: station.load(sources))
        station.run(self._compute)
        for work in _reductions(tasks, station.outputs, slot, begins[len(given) :], results):
            self._compute.enqueue(work)
        self._out.wait_for(self._compute.record())
        host, far = slot.back.sides()
        self._out.copy(host, far)
        return Flight(slot, self._out.record(), [(r, t.result) for r, t in zip(results, tasks, strict=True)])

    def _station(self, task: Task, size: int) -> Station:
        key = (*task.kind, size)
        if key not in self._stations:
            while len(self._stations) >= self.shapes:
                self._settle()
                self._stations.popitem(last=False)
            shapes = [(size, *planes.shape) for planes in task.inputs]
            self._stations[key] = Station(self.device, self._site.body(task.body), shapes, self._lend)
        self._stations.move_to_end(key)
        return self._stations[key]

    def _lend(self, size_bytes: int) -> Tensor:
        """Scratch memory. A larger one does not replace the smaller, which graphs may have captured."""
        fitting = [scratch for scratch in self._scratch if len(scratch) >= size_bytes]
        if not fitting:
            fitting = [self.device.empty(size_bytes)]
            self._scratch += fitting
        return fitting[0][:size_bytes]

    def _settle(self) -> None:
        """Wait for all that was given; what went wrong in it is heard of elsewhere."""
        for stream in (self._in, self._compute, self._out):
            with suppress(Exception):
                stream.record().wait()


def _reductions(
    tasks: Sequence[Task], outputs: Sequence[Tensor], slot: Slot, extras: Sequence[int], results: Sequence[int]
) -> Iterator[Callable[[], object]]:
    """For each task the call that makes its result from its sample."""
    begins = iter(extras)
    for i, (task, result) in enumerate(zip(tasks, results, strict=True)):
        own = [output[i] for output in outputs]
        needed = [slot.there.view(next(begins), extra.shape, extra.dtype) for extra in task.extras]
        target = slot.back.view(result, task.result)
        yield partial(task.reduce, own, needed, target)
