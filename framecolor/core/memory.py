"""Remember results by what they follow from, so that a run after a small edit repeats only what it touches."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from threading import Lock
from typing import Any, TypeVar

import numpy as np

Result = TypeVar("Result")

_OVERHEAD_BYTES = 200
# Results of this many runs before the present one are kept, so that an undo finds its own.
_KEPT_RUNS = 2


class Memory:
    """Results by key, up to a number of bytes in all; when it is full, further results are not kept. Thread-safe.

    A key has to name everything that its result depends on. Two threads that ask for one key at once may both make it.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._run = 0
        # By key: the result, its size and the number of the last run that asked for it.
        self._kept: dict[Hashable, tuple[Any, int, int]] = {}
        self._lock = Lock()

    def begin_run(self) -> None:
        """Begin a run: forget what none of the last runs asked for."""
        with self._lock:
            self._run += 1
            old = [key for key, (_, _, run) in self._kept.items() if run < self._run - _KEPT_RUNS]
            for key in old:
                self._bytes -= self._kept.pop(key)[1]

    def find(self, key: Hashable) -> Any:
        """Find a result; None if it is not kept."""
        with self._lock:
            if key not in self._kept:
                return None
            result, size, _ = self._kept[key]
            self._kept[key] = result, size, self._run
            return result

    def recall(self, key: Hashable, make: Callable[[], Result]) -> Result:
        """Return the result of a key, made by `make` if it is not kept."""
        if (found := self.find(key)) is not None:
            return found
        result = make()
        self.keep(key, result)
        return result

    def keep(self, key: Hashable, result: object) -> None:
        """Keep a result if there is room."""
        size = count_bytes(result)
        with self._lock:
            if key not in self._kept and self._bytes + size <= self._most_bytes:
                self._bytes += size
                self._kept[key] = result, size, self._run


NO_MEMORY = Memory(0)
"""Keeps nothing: each result is made anew."""


def count_bytes(value: object) -> int:
    """Estimate the memory of a value: that of all arrays in it, through tuples, mappings and objects."""
    if isinstance(value, np.ndarray):
        return value.nbytes + _OVERHEAD_BYTES
    if isinstance(value, list | tuple):
        return _OVERHEAD_BYTES + sum(map(count_bytes, value))
    if isinstance(value, Mapping):
        return _OVERHEAD_BYTES + sum(map(count_bytes, value.values()))
    return _OVERHEAD_BYTES + (sum(map(count_bytes, vars(value).values())) if hasattr(value, "__dict__") else 0)
