"""Stages that overlap: while one frame is inferred, the next are decoded and the last are encoded."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import Any, TypeVar

# So long a thread takes at most to begin.
_BEGIN_SECONDS = 2.0

Item = TypeVar("Item")
Result = TypeVar("Result")


def overlapped(
    pool: ThreadPoolExecutor, work: Callable[[Item], Result], items: Iterable[Item], ahead: int
) -> Generator[Result, None, None]:
    """`work` applied to each item in the pool's threads, results in order.

    At most `ahead` items are in flight or waiting, so that memory stays bounded; at first one, then two, and so on, so
    that the first results come through several stages before much is begun. An exception in `work` surfaces at its
    item's turn; leaving the iterator early cancels what has not started.
    """
    waiting: deque[Future[Result]] = deque()
    room = 1
    try:
        for item in items:
            waiting.append(pool.submit(copy_context().run, work, item))
            if len(waiting) >= room:
                yield waiting.popleft().result()
                room = min(room + 1, ahead)
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def taken_ahead(items: Generator[Item, None, None], count: int) -> Generator[Item, None, None]:
    """The items, taken by a thread of their own, up to `count` of them before they are asked for.

    An exception of theirs surfaces at its place. Leaving early ends the thread and closes the items.
    """
    ready: SimpleQueue[tuple[list[Item], BaseException | None]] = SimpleQueue()  # no item: it is over
    room = Semaphore(count)
    left, ended = Event(), Event()

    def take() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                room.acquire()
                if left.is_set():
                    break
                ready.put(([item], None))
        except BaseException as raised:
            error = raised
        finally:
            items.close()
            ready.put(([], error))
            ended.set()

    thread = Thread(target=copy_context().run, args=(take,), name="ahead")
    started = False
    try:
        thread.start()
        started = True
        while True:
            taken, error = ready.get()
            if error is not None:
                raise error
            if not taken:
                return
            room.release()
            yield taken[0]
    finally:
        left.set()
        room.release()
        if not started:  # interrupted: it may be about to begin, and who closes the items then must not meet it
            ended.wait(_BEGIN_SECONDS)
        if thread.ident is not None:
            thread.join()


class CallingThread(ThreadPoolExecutor):
    """A pool without threads: what is submitted is done at once by the thread that submits it."""

    def submit(self, fn: Callable[..., Result], /, *args: Any, **options: Any) -> Future[Result]:
        future: Future[Result] = Future()
        try:
            future.set_result(fn(*args, **options))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Inside, OpenCV, NumPy and PyTorch, if it is there already, compute in the thread that calls them.

    That holds for the whole process, and is put back afterwards. The pool's threads keep all cores busy already.
    Drawings that share cores wait for each other, and the threads of libraries keep a core spinning for a while after
    each call, in case that there is more to do.
    """
    import cv2
    from threadpoolctl import threadpool_limits

    torch = sys.modules.get("torch")
    before = cv2.getNumThreads(), 0 if torch is None else torch.get_num_threads()
    cv2.setNumThreads(1)
    if torch is not None:
        torch.set_num_threads(1)
    try:
        with threadpool_limits(1, "blas"):
            yield
    finally:
        cv2.setNumThreads(before[0])
        if torch is not None:
            torch.set_num_threads(before[1])
