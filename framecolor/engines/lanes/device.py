"""The device interface of lanes: streams, events, pinned memory, and work that is captured once and replayed.

A stream runs its work in order and asynchronously: work is enqueued, reads and writes buffers that exist before it, and
returns nothing. `CudaDevice` is an NVIDIA GPU, used through PyTorch.
"""

from __future__ import annotations

import threading
import weakref
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import torch
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Iterator

Work = Callable[[], object]

# Held during a capture: one at a time, as neither the allocator nor the driver takes several well.
_CAPTURING = threading.RLock()
# Graphs whose capture could not be ended, kept alive: PyTorch's allocator still calls them after they are dropped.
_UNENDED: list[torch.cuda.CUDAGraph] = []
# Compute streams that are not in use.
_SPARE: defaultdict[torch.device, list[torch.cuda.Stream]] = defaultdict(list)
# Messages of CUDA, cuBLAS and cuDNN for lack of memory.
_NO_MEMORY = ("CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")


class Event(Protocol):
    """A point in a stream."""

    def wait(self) -> None:
        """Wait until all work before it is done, without Python's interpreter lock; raise the error of that work."""
        ...


class Graph(Protocol):
    """Work that was captured."""

    def replay(self) -> None:
        """Enqueue it again, on the stream and the buffers that it was captured with."""
        ...


class Stream(Protocol):
    """A queue of work. One thread at a time may enqueue; any thread may wait for events."""

    @property
    def handle(self) -> int:
        """The stream's cudaStream_t; 0 if it has none."""
        ...

    def enqueue(self, work: Work) -> None:
        """Run this after all earlier work. May raise the error of the work at once."""
        ...

    def copy(self, target: Tensor, source: Tensor) -> None:
        """Enqueue a copy between two contiguous buffers of one type and size; the host's is pinned."""
        ...

    def record(self) -> Event:
        """Record an event after all work so far."""
        ...

    def wait_for(self, event: Event) -> None:
        """Make later work wait for an event of another stream; the caller does not wait."""
        ...

    def capture(self, work: Work) -> Graph:
        """Capture work as a graph without running it. It must have run on this stream before, and must not wait."""
        ...

    def close(self) -> None:
        """Finish all work and release the stream."""
        ...


class Device(Protocol):
    """Memory and streams of one processor."""

    @property
    def name(self) -> str:
        """The device's model, for messages and keys."""
        ...

    @property
    def place(self) -> torch.device:
        """The device of its tensors in PyTorch."""
        ...

    def current(self) -> AbstractContextManager[object]:
        """Make this the current device of the thread inside a `with` block."""
        ...

    def stream(self, compute: bool = False) -> Stream:
        """Open a stream; a compute stream is not shared until it is closed, as work on it may be captured."""
        ...

    def empty(self, size_bytes: int) -> Tensor:
        """Allocate uninitialized memory on the device, uint8 [size_bytes]. Raises torch.OutOfMemoryError.

        It must not be dropped before the work that uses it is done.
        """
        ...

    def pinned(self, size_bytes: int) -> Tensor:
        """Allocate uninitialized pinned memory on the host, uint8 [size_bytes]."""
        ...

    def give_back(self) -> None:
        """Release cached, unused memory to the device."""
        ...

    def settle(self) -> None:
        """Wait for all work on all streams of the device."""
        ...

    def uncaptured(self) -> AbstractContextManager[object]:
        """Keep other threads from capturing inside a `with` block, for calls that may wait for the whole device.

        Such a wait would break any capture. Reentrant. Do not wait inside for a thread that starts batches.
        """
        ...


def is_out_of_memory(error: BaseException | None) -> bool:
    """Tell whether an error, or one of its causes, is a device's lack of memory."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


def list_gpus() -> list[CudaDevice]:
    """List all GPUs that PyTorch sees (CUDA_VISIBLE_DEVICES limits them)."""
    return [CudaDevice(index) for index in range(torch.cuda.device_count())]


class CudaDevice:
    """An NVIDIA GPU."""

    def __init__(self, index: int = 0) -> None:
        self.place = torch.device("cuda", index)
        self.name = torch.cuda.get_device_name(index)

    def current(self) -> AbstractContextManager[object]:
        return torch.cuda.device(self.place)

    def stream(self, compute: bool = False) -> CudaStream:
        return CudaStream(self.place, compute)

    def empty(self, size_bytes: int) -> Tensor:
        return torch.empty(size_bytes, dtype=torch.uint8, device=self.place)

    def pinned(self, size_bytes: int) -> Tensor:
        with self.current():
            return torch.empty(size_bytes, dtype=torch.uint8, pin_memory=True)

    def give_back(self) -> None:
        with _CAPTURING, self.current():
            torch.cuda.empty_cache()

    def settle(self) -> None:
        with self.uncaptured():
            torch.cuda.synchronize(self.place)

    def uncaptured(self) -> AbstractContextManager[object]:
        return _CAPTURING


class CudaStream:
    """A CUDA stream that does not wait for the default one.

    PyTorch has 32 streams of each priority and hands them out in turn, even if they are in use. Compute streams are
    those of high priority, and closed ones are used again, so that up to 32 lanes on a GPU share none.
    """

    def __init__(self, place: torch.device, compute: bool) -> None:
        self._place, self._compute = place, compute
        self._stream = _take_spare(place) if compute else torch.cuda.Stream(place)
        self._graphs: weakref.WeakSet[CudaGraph] = weakref.WeakSet()
        self._pool: Any = None

    @property
    def handle(self) -> int:
        return self._stream.cuda_stream

    def enqueue(self, work: Work) -> None:
        with self.current():
            work()

    def copy(self, target: Tensor, source: Tensor) -> None:
        with self.current():
            target.copy_(source, non_blocking=True)

    def record(self) -> CudaEvent:
        return CudaEvent(self._stream)

    def wait_for(self, event: Event) -> None:
        assert isinstance(event, CudaEvent)
        self._stream.wait_event(event.event)

    def capture(self, work: Work) -> CudaGraph:
        graph = torch.cuda.CUDAGraph()
        with _CAPTURING, self.current():
            # Graphs that run one after another share a memory pool. It ends with the last of them and cannot be reused.
            if self._pool is None or not len(self._graphs):
                self._pool = torch.cuda.graph_pool_handle()
            self._stream.synchronize()
            # Not `torch.cuda.graph`, which waits for the whole device; other threads go on allocating and waiting.
            try:
                graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
                try:
                    work()
                finally:
                    graph.capture_end()
            except BaseException:
                self._pool = None  # it may still be in capture state
                if not _has_ended(graph):
                    _UNENDED.append(graph)
                raise
        captured = CudaGraph(self, graph)
        self._graphs.add(captured)
        return captured

    def close(self) -> None:
        self._stream.synchronize()
        if self._compute:
            self._compute = False
            with _CAPTURING:
                _SPARE[self._place].append(self._stream)

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make this PyTorch's current stream inside a `with` block."""
        with torch.cuda.stream(self._stream), torch.inference_mode():
            yield


class CudaEvent:
    """A CUDA event; waiting threads sleep."""

    def __init__(self, stream: torch.cuda.Stream) -> None:
        self.event = torch.cuda.Event(blocking=True)
        self.event.record(stream)

    def wait(self) -> None:
        self.event.synchronize()


class CudaGraph:
    """A CUDA graph and the stream that it runs on."""

    def __init__(self, stream: CudaStream, graph: torch.cuda.CUDAGraph) -> None:
        self._stream, self._graph = stream, graph

    def replay(self) -> None:
        with self._stream.current():
            self._graph.replay()


def _take_spare(place: torch.device) -> torch.cuda.Stream:
    with _CAPTURING:
        return _SPARE[place].pop() if _SPARE[place] else torch.cuda.Stream(place, priority=-1)


def _has_ended(graph: torch.cuda.CUDAGraph) -> bool:
    """Tell whether a graph's capture has ended, with or without an error; such a graph may be dropped."""
    try:
        graph.pool()
    except RuntimeError:
        return False
    return True
