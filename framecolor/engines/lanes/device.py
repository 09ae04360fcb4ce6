"""What a lane needs of a device: streams, events, pinned memory, and work that is captured once and replayed.

A stream runs what it is given in order and asynchronously: giving returns at once, so work reads and writes buffers
that were made before it and returns nothing. `CudaDevice` is an NVIDIA GPU by PyTorch.
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

# The allocator and the driver take one capture at a time best: what another thread does meanwhile is not captured.
_CAPTURING = threading.RLock()
# Graphs whose capture could not be ended: PyTorch goes on asking each whether memory is for it, also when it is gone.
_UNENDED: list[torch.cuda.CUDAGraph] = []
# Streams for computing that nobody uses now.
_SPARE: defaultdict[torch.device, list[torch.cuda.Stream]] = defaultdict(list)
# How CUDA, cuBLAS and cuDNN say that they got no memory.
_NO_MEMORY = ("CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")


class Event(Protocol):
    """A point in a stream."""

    def wait(self) -> None:
        """Until all work before it is done, without holding the interpreter; raises what went wrong in that work."""
        ...


class Graph(Protocol):
    """Work that was captured."""

    def replay(self) -> None:
        """Enqueue it again, on its stream and on the buffers that it was captured with."""
        ...


class Stream(Protocol):
    """Work in order. One thread at a time may give work; events may be waited for by any."""

    @property
    def handle(self) -> int:
        """The stream's cudaStream_t; 0 where there is none."""
        ...

    def enqueue(self, work: Work) -> None:
        """Run this after all that was given before. May raise at once what goes wrong in it."""
        ...

    def copy(self, target: Tensor, source: Tensor) -> None:
        """Enqueue a copy between two buffers of one type and size, contiguous; the host's is pinned."""
        ...

    def record(self) -> Event:
        """The point after all that was given so far."""
        ...

    def wait_for(self, event: Event) -> None:
        """Let all that is given from now on wait for an event of another stream; the caller does not wait."""
        ...

    def capture(self, work: Work) -> Graph:
        """Work as a graph: it is not run now. It must have been run on this stream before, and must not wait."""
        ...

    def close(self) -> None:
        """Finish what was given and give the stream back."""
        ...


class Device(Protocol):
    """Memory and streams of one processor."""

    @property
    def name(self) -> str:
        """What it is, for messages and keys: the same for equal devices."""
        ...

    @property
    def place(self) -> torch.device:
        """Where PyTorch keeps its tensors."""
        ...

    def current(self) -> AbstractContextManager[object]:
        """Inside, what libraries make in this thread is made on this device."""
        ...

    def stream(self, compute: bool = False) -> Stream:
        """A stream; one to compute on is nobody else's until it is closed, as work on it may be captured."""
        ...

    def empty(self, size_bytes: int) -> Tensor:
        """Memory on the device, uint8 [size_bytes], contents undefined. Raises torch.OutOfMemoryError.

        It must not be dropped before the work that uses it is done.
        """
        ...

    def pinned(self, size_bytes: int) -> Tensor:
        """Memory on the host, uint8 [size_bytes], that the device copies from and to by itself; contents undefined."""
        ...

    def give_back(self) -> None:
        """Hand unused memory that is kept for later back to the device."""
        ...

    def settle(self) -> None:
        """Wait for all work on all streams, also those that are not known here."""
        ...

    def uncaptured(self) -> AbstractContextManager[object]:
        """Inside, no other thread captures: for calls that may wait for the whole device, which breaks any capture.

        Can be entered again inside. Nobody may wait inside for a thread that starts batches.
        """
        ...


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or what it came from, is a device that has no memory left."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, torch.OutOfMemoryError) or any(words in str(error) for words in _NO_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


def list_gpus() -> list[CudaDevice]:
    """All GPUs that PyTorch sees (CUDA_VISIBLE_DEVICES says which)."""
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
    """A CUDA stream beside the default one: they do not wait for each other.

    PyTorch has 32 streams of each priority and hands them out in turn, also when they are in use. Those of high
    priority are for computing here; closed ones are taken again, so that none is shared below 32 lanes on a GPU.
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
            # A pool belongs to graphs that run one after another; it dies with the last of them, and cannot be revived.
            if self._pool is None or not len(self._graphs):
                self._pool = torch.cuda.graph_pool_handle()
            self._stream.synchronize()
            # Not `torch.cuda.graph`, which stops the whole device; other threads go on allocating and waiting.
            try:
                graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
                try:
                    work()
                finally:
                    graph.capture_end()
            except BaseException:
                self._pool = None  # it may still be in the state of being captured to
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
        """What PyTorch does inside goes to this stream."""
        with torch.cuda.stream(self._stream), torch.inference_mode():
            yield


class CudaEvent:
    """A CUDA event; who waits for it sleeps."""

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
    """Whether its capture was ended, well or not; a graph that was may be dropped."""
    try:
        graph.pool()
    except RuntimeError:
        return False
    return True
