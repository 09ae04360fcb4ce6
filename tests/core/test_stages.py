"""Stages that overlap: order, bounds, exceptions at their place, and nothing left running."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Thread

import cv2
import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

from framecolor.core.stages import CallingThread, one_thread_each, overlapped, taken_ahead


def counted(until: int, taken: list[int], fails_at: int | None = None) -> Generator[int, None, None]:
    try:
        for i in range(until):
            if i == fails_at:
                raise ValueError(f"item {i}")
            taken.append(i)
            yield i
    finally:
        taken.append(-1)


def settle(taken: list[int]) -> int:
    """Wait until no more items are taken, and count them."""
    count = -1
    while count != len(taken):
        count = len(taken)
        time.sleep(0.05)
    return count


def test_items_come_in_order_and_only_so_many_are_taken_before() -> None:
    taken: list[int] = []
    items = taken_ahead(counted(20, taken), 3)
    assert next(items) == 0
    # One returned, three waiting, and one that the thread holds.
    assert settle(taken) <= 5
    assert list(items) == list(range(1, 20))
    assert taken == [*range(20), -1]


def test_an_exception_surfaces_after_the_items_before_it() -> None:
    found = []
    with pytest.raises(ValueError, match="item 4"):
        for item in taken_ahead(counted(9, [], fails_at=4), 8):
            found.append(item)
    assert found == [0, 1, 2, 3]


def test_leaving_early_ends_the_thread_and_closes_the_items() -> None:
    taken: list[int] = []
    items = taken_ahead(counted(100, taken), 2)
    next(items)
    items.close()
    assert taken[-1] == -1 and len(taken) < 8
    assert "ahead" not in {thread.name for thread in threading.enumerate()}


def test_the_first_result_is_there_before_a_second_item_is_taken() -> None:
    taken: list[int] = []
    with ThreadPoolExecutor(2) as pool, closing(overlapped(pool, str, counted(9, taken), 4)) as results:
        assert next(results) == "0" and taken == [0]
        assert list(results) == [str(i) for i in range(1, 9)]


def test_work_comes_in_order_and_a_failure_at_its_place() -> None:
    def work(item: int) -> int:
        time.sleep(0.001 * (item % 3))
        if item == 7:
            raise ValueError("seven")
        return item * item

    with ThreadPoolExecutor(3) as pool:
        assert list(overlapped(pool, work, range(7), 4)) == [i * i for i in range(7)]
        found = []
        with pytest.raises(ValueError, match="seven"):
            for square in overlapped(pool, work, range(20), 4):
                found.append(square)
        assert found == [i * i for i in range(7)]


def test_libraries_compute_in_the_callers_thread_for_a_while() -> None:
    before = cv2.getNumThreads(), torch.get_num_threads()
    with one_thread_each():
        assert (cv2.getNumThreads(), torch.get_num_threads()) == (1, 1)
        blas = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
        assert blas and set(blas) == {1}
        assert (np.ones((64, 64)) @ np.ones((64, 64)) == 64).all()
    assert (cv2.getNumThreads(), torch.get_num_threads()) == before


def test_an_interruption_while_the_thread_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interruption is raised, and the items are closed."""
    start = Thread.start

    def interrupted(thread: Thread) -> None:
        start(thread)
        raise KeyboardInterrupt

    closed: list[bool] = []

    def count() -> Generator[int, None, None]:
        try:
            for i in range(100):
                time.sleep(0.05)
                yield i
        finally:
            closed.append(True)

    items = count()
    monkeypatch.setattr(Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), closing(items):
        next(taken_ahead(items, 2))
    assert closed == [True]


def test_the_calling_thread_works_at_once_and_errors_surface_at_their_place() -> None:
    threads: set[int] = set()

    def work(number: int) -> int:
        threads.add(threading.get_ident())
        if number == 2:
            raise ValueError
        return number

    done: list[int] = []
    with CallingThread() as pool, pytest.raises(ValueError):
        for number in overlapped(pool, work, range(9), 4):
            done.append(number)
    assert (done, threads) == ([0, 1], {threading.get_ident()})
