"""Overlap stages: while the networks run on one frame, the next are decoded and the previous ones encoded."""

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

# The longest time that a started thread needs to begin its work.
_BEGIN_SECONDS = 2.0

Item = TypeVar("Item")
Result = TypeVar("Result")


def overlapped(
    pool: ThreadPoolExecutor, work: Callable[[Item], Result], items: Iterable[Item], ahead: int
) -> Generator[Result, None, None]:
    """Apply `work` to each item in the pool's threads, and yield the results in order.

    At most `ahead` items are in flight or waiting, so that memory stays bounded. The limit begins at one and rises by
    one for each result, so that the first results pass through all stages early. An exception in `work` is raised at
    its item's turn; leaving the iterator early cancels items that have not started.
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
    """Yield the items, which a thread takes from `items` up to `count` in advance.

    An exception of `items` is raised at its place. Leaving early ends the thread and closes `items`.
    """
    ready: SimpleQueue[tuple[list[Item], BaseException | None]] = SimpleQueue()  # an empty list: the end
    room = Semaphore(count)
    stopped, ended = Event(), Event()

    def take() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                room.acquire()
                if stopped.is_set():
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
        stopped.set()
        room.release()
        if not started:  # interrupted: the thread may still begin, and must not use items while the caller closes them
            ended.wait(_BEGIN_SECONDS)
        if thread.ident is not None:
            thread.join()


class CallingThread(ThreadPoolExecutor):
    """A pool without threads: `submit` runs the work at once in the calling thread."""

    def submit(self, fn: Callable[..., Result], /, *args: Any, **options: Any) -> Future[Result]:
        future: Future[Result] = Future()
        try:
            future.set_result(fn(*args, **options))
        except Exception as error:
            future.set_exception(error)
        return future


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Keep OpenCV, NumPy and, if imported, PyTorch to the calling thread within the block.

    This holds for the whole process, and is restored afterwards. The pool's threads already keep all cores busy:
    threads of libraries would make drawings wait for each other, and spin on a core for a while after each call.
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
