"""Measure which thread works on which stage of which frame, for the log and for benchmarks.

    with listen(spans.append):          # gets the spans of this thread and of those that work for it (`core.stages`)
        with stage("flow", frame=7):    # a stage inside another interrupts it: spans of a thread never overlap
            ...

Without a listener a stage takes a fraction of a microsecond.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal, get_args

Stage = Literal["decode", "regions", "flow", "match", "generator", "paint", "encode"]
STAGES: tuple[Stage, ...] = get_args(Stage)
"""In this order: read pixels from a file or movie; find regions; estimate motion between drawings; compare regions and
choose their colors; run the generator; paint the picture; write it to a file."""


@dataclass(frozen=True, slots=True)
class Span:
    """One uninterrupted piece of a thread's work on a stage, in seconds of `time.perf_counter`.

    frame  its number; None if the work is for several frames at once
    """

    stage: Stage
    thread: str
    frame: int | None
    begin_seconds: float
    end_seconds: float

    @property
    def seconds(self) -> float:
        return self.end_seconds - self.begin_seconds


Listener = Callable[[Span], object]

_LISTENERS: ContextVar[tuple[Listener, ...]] = ContextVar("listeners", default=())


class _Thread(threading.local):
    """The stages that a thread is in, the innermost last."""

    def __init__(self) -> None:
        self.entered: list[stage] = []


_THREAD = _Thread()


@contextmanager
def listen(listener: Listener) -> Iterator[None]:
    """Call the listener with each span of this context, in the thread that worked, until the block ends."""
    token = _LISTENERS.set((*_LISTENERS.get(), listener))
    try:
        yield
    finally:
        _LISTENERS.reset(token)


class stage:  # noqa: N801
    """Time the block as work on one stage of a frame, by default the frame of the stage around it."""

    __slots__ = ("_frame", "_listeners", "_name", "_since")
    _name: Stage
    _frame: int | None
    _listeners: tuple[Listener, ...]
    _since: float

    def __init__(self, name: Stage, frame: int | None = None) -> None:
        self._name, self._frame = name, frame

    def __enter__(self) -> None:
        self._listeners = _LISTENERS.get()
        if not self._listeners:
            return
        now = time.perf_counter()
        entered = _THREAD.entered
        if entered:
            entered[-1]._report(now)
            self._frame = entered[-1]._frame if self._frame is None else self._frame
        entered.append(self)
        self._since = now

    def __exit__(self, *error: object) -> None:
        if not self._listeners:
            return
        now = time.perf_counter()
        self._report(now)
        entered = _THREAD.entered
        entered.pop()
        if entered:
            entered[-1]._since = now

    def _report(self, now: float) -> None:
        span = Span(self._name, threading.current_thread().name, self._frame, self._since, now)
        for listener in self._listeners:
            listener(span)
