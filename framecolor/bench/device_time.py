"""Time that a GPU itself spends, by events in its streams, without what the host does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch

from framecolor.bench.spans import replaced


class _HostMark:
    """As a CUDA event, for a stream that is a thread (`tests/host_device.py`)."""

    seconds = 0.0

    def record(self) -> None:
        self.seconds = time.perf_counter()

    def synchronize(self) -> None:
        pass  # whoever asks has the result of later work

    def elapsed_time(self, end: _HostMark) -> float:
        return 1000 * (end.seconds - self.seconds)


def time_on_gpu_ms(work: Callable[[], object]) -> float:
    """Milliseconds of device time that one call takes in PyTorch's current stream, by CUDA events."""
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    begin.record()
    work()
    end.record()
    end.synchronize()
    return cast(float, begin.elapsed_time(end))


def time_lanes_ms(work: Callable[[], object]) -> float | None:
    """Milliseconds that lanes compute for one call, copies left out; None when the call uses no lane.

    The call must wait for its results.
    """
    with _mark_lanes() as marks:
        work()
    if not marks:
        return None
    for _, end in marks:
        end.synchronize()
    return sum(begin.elapsed_time(end) for begin, end in marks)


@contextmanager
def _mark_lanes() -> Iterator[list[tuple[Any, Any]]]:
    """While this is open, marks stand before and after every call of a network in a lane."""
    from framecolor.engines.lanes.modules import BoundModule

    marks: list[tuple[Any, Any]] = []
    run = BoundModule.run

    def marked(module: BoundModule, stream: Any) -> None:
        begin, end = (torch.cuda.Event(enable_timing=True) if stream.handle else _HostMark() for _ in range(2))
        stream.enqueue(begin.record)
        run(module, stream)
        stream.enqueue(end.record)
        marks.append((begin, end))

    with replaced(BoundModule, "run", marked):
        yield marks
