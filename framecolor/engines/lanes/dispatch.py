"""Dispatch tasks to lanes: in order, batched by shape, to the lane that is least busy; results are futures.

An error goes to the request that caused it. If a device runs out of memory, painting gets slower but does not fail:
first modules bound for other sizes are dropped, then batches get smaller, then lanes fewer. No request waits forever:
if the lanes are closed or broken, all end with an error.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field

import torch

from framecolor.engines.lanes.device import is_out_of_memory
from framecolor.engines.lanes.lane import Flight, Lane, Rows, Task
from framecolor.engines.lanes.modules import DeviceModules
from framecolor.errors import EngineError

_LOG = logging.getLogger("framecolor")
# Batches in flight in a lane: one is copied in, one computes, one is copied out.
RING = 3
# Kinds of batches that stay bound in a lane, each with its buffers, as drawings of a shot differ in size.
SHAPES = 8
# Length of the queue of requests, as a multiple of lanes times batch size; `submit` waits while it is full.
_AHEAD = 8


@dataclass(eq=False)
class Job:
    """A request; `alone`: its batch failed, so it runs again by itself, to find the request that fails."""

    task: Task
    future: Future[Rows] = field(default_factory=Future)
    alone: bool = False
    begun: bool = False

    def begin(self) -> bool:
        """Mark it as running; False if it was cancelled."""
        if not self.begun:
            self.begun = self.future.set_running_or_notify_cancel()
        return self.begun

    def fail(self, error: Exception) -> None:
        """Set its error, unless it was cancelled."""
        if self.begin():
            self.future.set_exception(error)


@dataclass(eq=False)
class Batch:
    """Requests that share a batch of `size` samples; `state` counts the times that memory was freed before it."""

    jobs: list[Job]
    size: int
    state: int
    flight: Flight | None = None


@dataclass(eq=False)
class _Worker:
    """A lane and its threads: one that starts batches and one that finishes them."""

    lane: Lane
    flights: queue.SimpleQueue[Batch | None] = field(default_factory=queue.SimpleQueue)
    busy: int = 0
    retired: bool = False


class Lanes:
    """Lanes on one or several devices.

    lanes  number for each device
    batch  samples that go through a lane at once; missing ones are zeros
    """

    def __init__(
        self,
        devices: Sequence[DeviceModules],
        lanes: int = 1,
        batch: int = 1,
        *,
        ring: int = RING,
        shapes: int = SHAPES,
    ) -> None:
        self._batch, self._state = batch, 0
        self._waiting: deque[Job] = deque()
        self._changed = threading.Condition()
        self._relieving = threading.Lock()
        self._end: EngineError | None = None
        self._most_waiting = _AHEAD * lanes * len(devices) * batch
        self._workers = [_Worker(Lane(modules, ring, shapes)) for _ in range(lanes) for modules in devices]
        self._threads = [
            threading.Thread(target=serve, args=(worker,), name=f"lane {i}", daemon=True)
            for i, worker in enumerate(self._workers)
            for serve in (self._start_batches, self._finish_batches)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def lanes(self) -> int:
        """Lanes that are left."""
        return sum(not worker.retired for worker in self._workers)

    @property
    def batch(self) -> int:
        """Current number of samples in a batch."""
        return self._batch

    def submit(self, task: Task) -> Future[Rows]:
        """Submit a task; waits while the queue is full. Raises EngineError if the lanes are closed.

        The future can be cancelled until the task begins. It raises the error of the task, torch.OutOfMemoryError if
        the device has too little memory even for one sample in one lane.
        """
        job = Job(task)
        with self._changed:
            self._changed.wait_for(lambda: self._end is not None or len(self._waiting) < self._most_waiting)
            if self._end is not None:
                raise self._end
            self._waiting.append(job)
            self._changed.notify_all()
        return job.future

    def close(self, patience_seconds: float | None = None) -> None:
        """Finish running batches, fail waiting requests with EngineError, and free everything. May be called again.

        patience_seconds  how long to wait for each thread; None: without limit
        """
        self._stop(EngineError("engine", "was closed before it was done", "load it again"))
        if threading.current_thread() not in self._threads:  # a lane's own thread may drop the last reference
            for thread in self._threads:
                thread.join(patience_seconds)

    def _stop(self, reason: EngineError) -> None:
        with self._changed:
            self._end = self._end or reason
            dropped = list(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        for job in dropped:
            job.fail(reason)

    def _start_batches(self, worker: _Worker) -> None:
        """Run the first thread of a lane."""
        try:
            while (batch := self._take(worker)) is not None:
                failure = None
                try:
                    batch.flight = worker.lane.start([job.task for job in batch.jobs], batch.size)
                    worker.flights.put(batch)
                except Exception as error:
                    failure = _without_frames(error)
                if failure is not None:
                    self._recover(worker, batch, failure)
                del batch
        except BaseException as error:
            self._stop(EngineError("engine", f"broke ({error})", "report this"))
            raise
        finally:
            worker.flights.put(None)

    def _finish_batches(self, worker: _Worker) -> None:
        """Run the second thread of a lane, which ends after the first."""
        while (batch := worker.flights.get()) is not None:
            assert batch.flight is not None
            results: list[Rows] | Exception
            try:
                results = worker.lane.finish(batch.flight)
            except Exception as error:
                results = _without_frames(error)
            batch.flight = None
            if isinstance(results, Exception):
                self._recover(worker, batch, results)
            else:
                for job, rows in zip(batch.jobs, results, strict=True):
                    job.future.set_result(rows)
                self._leave(worker)
            del batch, results
        with suppress(Exception):
            worker.lane.close()

    def _take(self, worker: _Worker) -> Batch | None:
        """Wait for the next batch of a lane, until no other lane is less busy; None if the lane has to end."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._end is not None or worker.retired or self._is_turn(worker))
                if self._end is not None or worker.retired:
                    return None
                jobs = self._gather()
                self._changed.notify_all()
                if jobs:
                    worker.busy += 1
                    return Batch(jobs, self._batch, self._state)

    def _is_turn(self, worker: _Worker) -> bool:
        return bool(self._waiting) and all(worker.busy <= w.busy for w in self._workers if not w.retired)

    def _gather(self) -> list[Job]:
        """Take the first waiting job, and others of its kind up to the batch size."""
        first = self._waiting.popleft()
        if not first.begin():
            return []
        jobs = [first]
        if first.alone:
            return jobs
        for job in [j for j in self._waiting if not j.alone and j.task.kind == first.task.kind][: self._batch - 1]:
            self._waiting.remove(job)
            if job.begin():
                jobs.append(job)
        return jobs

    def _leave(self, worker: _Worker) -> None:
        with self._changed:
            worker.busy -= 1
            self._changed.notify_all()

    def _recover(self, worker: _Worker, batch: Batch, error: Exception) -> None:
        """Handle a failed batch: run its requests again if that can help, otherwise fail them."""
        retry = False
        try:
            if is_out_of_memory(error):
                retry = self._relieve(worker, batch.state)
            elif len(batch.jobs) > 1:
                retry = True
                for job in batch.jobs:
                    job.alone = True
        except BaseException as further:
            self._stop(EngineError("engine", f"broke ({further})", "report this"))
        finally:
            with self._changed:
                retry = retry and self._end is None
                if retry:
                    self._waiting.extendleft(reversed(batch.jobs))
                self._changed.notify_all()
            if not retry:
                for job in batch.jobs:
                    job.fail(error)
            self._leave(worker)

    def _relieve(self, worker: _Worker, state: int) -> bool:
        """Use less memory, unless another thread did since the batch began. False if nothing more can be freed."""
        with self._relieving:
            if state != self._state:
                return True
            name = worker.lane.device.name
            held = worker.lane.kinds
            with self._changed:
                if held > 0:
                    for other in self._workers:
                        other.lane.shapes = max(1, held // 2)
                    _LOG.warning("%s is out of memory: %d sizes stay ready from now on", name, worker.lane.shapes)
                elif self._batch > 1:
                    self._batch //= 2
                    _LOG.warning("%s is out of memory: batches of %d from now on", name, self._batch)
                elif self.lanes > 1:
                    worker.retired = True
                    _LOG.warning("%s is out of memory: %d lanes from now on", name, self.lanes)
                else:
                    return False
                self._state += 1
            for other in self._workers:
                other.lane.release()
            return True


def _without_frames(error: Exception) -> Exception:
    """Replace an out-of-memory error by one without traceback, whose frames would keep the buffers alive."""
    return torch.OutOfMemoryError(str(error)) if is_out_of_memory(error) else error
