"""The memory of a session: bounded, and without what no run asks for any more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framecolor.core.memory import NO_MEMORY, Memory, count_bytes


@dataclass
class Pair:
    one: np.ndarray
    two: tuple[np.ndarray, ...]


def test_a_result_is_made_once() -> None:
    memory, made = Memory(10_000), []
    for _ in range(3):
        assert memory.recall("a", lambda: made.append(1) or len(made)) == 1
    assert memory.find("b") is None


def test_what_two_runs_do_not_ask_for_is_forgotten() -> None:
    memory = Memory(10_000)
    memory.keep("kept", 1)
    memory.keep("left", 2)
    for _ in range(3):
        memory.begin_run()
        assert memory.find("kept") == 1
    assert memory.find("left") is None
    memory.keep("left", 3)
    assert memory.find("left") == 3


def test_a_full_memory_keeps_no_more() -> None:
    memory = Memory(3_000)
    for number in range(5):
        memory.recall(number, lambda: np.zeros(1_000, np.uint8))
    assert [memory.find(number) is not None for number in range(5)] == [True, True, False, False, False]
    for _ in range(3):
        memory.begin_run()
    memory.keep("later", np.zeros(1_000, np.uint8))  # the room of what was forgotten
    assert memory.find("later") is not None


def test_arrays_are_counted_wherever_they_are() -> None:
    array = np.zeros(1_000, np.float32)
    assert 12_000 < count_bytes([Pair(array, (array,)), {"three": array}]) < 14_000
    assert NO_MEMORY.recall("a", lambda: 1) == 1 and NO_MEMORY.find("a") is None
