"""The clock: spans of nested stages, of other threads, and none without a listener."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from framecolor.core.clock import Span, listen, stage
from framecolor.core.stages import overlapped, taken_ahead


def test_spans_of_nested_stages_do_not_overlap() -> None:
    spans: list[Span] = []
    with listen(spans.append), stage("match", 7), stage("flow"):
        pass
    before, between, after = spans
    assert [(s.stage, s.frame) for s in spans] == [("match", 7), ("flow", 7), ("match", 7)]
    assert before.end_seconds == between.begin_seconds
    assert between.end_seconds == after.begin_seconds


def test_a_stage_that_fails_ends_its_span() -> None:
    spans: list[Span] = []
    with listen(spans.append):
        with pytest.raises(ValueError), stage("decode"):
            raise ValueError
        with stage("encode"):
            pass
    assert [(s.stage, s.frame) for s in spans] == [("decode", None), ("encode", None)]


def test_all_listeners_get_the_spans_of_the_threads_that_work_for_them() -> None:
    inner: list[Span] = []
    outer: list[Span] = []

    def work(number: int) -> int:
        with stage("paint", number):
            return number

    def count() -> Iterator[int]:
        for number in range(3):
            yield work(number)

    with ThreadPoolExecutor(2, "worker") as pool, listen(outer.append):
        with listen(inner.append), closing(overlapped(pool, work, range(5), 2)) as done:
            assert list(done) == list(range(5))
        assert list(taken_ahead((number for number in count()), 2)) == [0, 1, 2]
        pool.submit(work, 9).result()  # outside the block: no span
    assert sorted(str(s.frame) for s in inner) == ["0", "1", "2", "3", "4"]
    assert {s.thread[:6] for s in inner} == {"worker"}
    assert len(outer) == 8 and outer[-1].thread == "ahead"
