"""A device that is the processor itself: streams are threads, memory can have an end, and things can be made to fail.

It is a double of a GPU for everything that is not computed: work given to a stream runs later, in another thread, and
two streams only wait for each other where they are told to. Nothing that paints uses it.
"""

from __future__ import annotations

import queue
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from framecolor.engines.lanes.device import Event, Work

Operation = Literal["enqueue", "run", "copy", "capture", "empty"]
Fault = Callable[[Operation, int], BaseException | None]
"""What goes wrong at the n-th operation of a kind, counted from 1 over all streams; None: nothing."""


class HostDevice:
    """The double.

    memory_bytes  what `empty` can give before it raises torch.OutOfMemoryError; None: no end
    delay         seconds to wait before each operation of a stream, asked anew for each
    fault         see `Fault`; "enqueue", "capture" and "empty" raise in the caller, "run" and "copy" in the stream
    """

    place = torch.device("cpu")

    def __init__(
        self,
        memory_bytes: int | None = None,
        delay: Callable[[], float] | None = None,
        fault: Fault | None = None,
        name: str = "host",
    ) -> None:
        self.name = name
        self.memory_bytes, self.used_bytes = memory_bytes, 0
        self.counts: Counter[Operation] = Counter()
        self._delay, self._fault = delay, fault
        self._lock = threading.RLock()  # memory may be freed while it is held
        self._capturing = threading.RLock()

    def current(self) -> AbstractContextManager[object]:
        return nullcontext()

    def stream(self, compute: bool = False) -> HostStream:
        return HostStream(self)

    def empty(self, size_bytes: int) -> Tensor:
        self.meet("empty")
        with self._lock:
            if self.memory_bytes is not None and self.used_bytes + size_bytes > self.memory_bytes:
                free = self.memory_bytes - self.used_bytes
                raise torch.OutOfMemoryError(f"{self.name}: {size_bytes} bytes asked for, {free} are left")
            self.used_bytes += size_bytes
        # All bits set: what is read before it is written is not a number.
        memory = np.full(size_bytes, 255, np.uint8)
        weakref.finalize(memory, self._free, size_bytes).atexit = False
        return torch.from_numpy(memory)

    def pinned(self, size_bytes: int) -> Tensor:
        return torch.full((size_bytes,), 255, dtype=torch.uint8)

    def give_back(self) -> None:
        pass

    def settle(self) -> None:
        pass

    def uncaptured(self) -> AbstractContextManager[object]:
        return self._capturing

    def meet(self, operation: Operation) -> None:
        """Count an operation; raises what it is to fail with."""
        with self._lock:
            self.counts[operation] += 1
            error = self._fault(operation, self.counts[operation]) if self._fault else None
        if error is not None:
            raise error

    def sleep(self) -> None:
        """The delay before an operation."""
        if self._delay is not None:
            time.sleep(self._delay())

    def _free(self, size_bytes: int) -> None:
        with self._lock:
            self.used_bytes -= size_bytes


class HostStream:
    """A thread that takes work from a queue.

    After an error it leaves out all work up to the next event, which is the one that tells of it: as with a GPU, where
    an error in a stream is heard of only when it is waited for.
    """

    handle = 0

    def __init__(self, device: HostDevice) -> None:
        self._device = device
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, name="host stream", daemon=True)
        self._thread.start()

    def enqueue(self, work: Work) -> None:
        self._device.meet("enqueue")
        self._queue.put(lambda: self._run("run", work))

    def copy(self, target: Tensor, source: Tensor) -> None:
        assert target.shape == source.shape and target.dtype == source.dtype
        self._queue.put(lambda: self._run("copy", lambda: target.copy_(source)))

    def record(self) -> HostEvent:
        event = HostEvent()
        self._queue.put(lambda: self._tell(event))
        return event

    def wait_for(self, event: Event) -> None:
        self._queue.put(lambda: self._hear(event))

    def capture(self, work: Work) -> HostGraph:
        with self._device.uncaptured():
            self._device.meet("capture")
        return HostGraph(self, work)

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _serve(self) -> None:
        with torch.inference_mode():
            while (step := self._queue.get()) is not None:
                step()

    def _run(self, operation: Operation, work: Work) -> None:
        if self._error is not None:
            return
        self._device.sleep()
        try:
            self._device.meet(operation)
            work()
        except BaseException as error:
            self._error = error

    def _tell(self, event: HostEvent) -> None:
        event.happen(self._error)
        self._error = None

    def _hear(self, event: Event) -> None:
        try:
            event.wait()
        except BaseException as error:
            self._error = self._error or error


class HostEvent:
    """A point in a `HostStream`."""

    def __init__(self) -> None:
        self._happened = threading.Event()
        self._error: BaseException | None = None

    def happen(self, error: BaseException | None) -> None:
        """All before it is done, or left out for an error."""
        self._error = error
        self._happened.set()

    def wait(self) -> None:
        self._happened.wait()
        if self._error is not None:
            raise self._error


class HostGraph:
    """Work to be given to its stream again."""

    def __init__(self, stream: HostStream, work: Work) -> None:
        self._stream, self._work = stream, work

    def replay(self) -> None:
        self._stream.enqueue(self._work)
