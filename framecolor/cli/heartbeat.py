"""A heartbeat during long silent work: farms end tasks that print nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

HEARTBEAT_SECONDS = 30.0


class Heartbeat:
    """Calls `beat` with the seconds of silence, in its own thread, whenever `every_seconds` pass without news.

    The thread ends with `stop`, at the latest with the process. It needs other threads to release the interpreter, as
    PyTorch, OpenVINO and TensorRT do while they compute.
    """

    def __init__(self, beat: Callable[[float], None], every_seconds: float) -> None:
        self._beat, self._every_seconds = beat, every_seconds
        self._news, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="framecolor heartbeat", daemon=True)
        self._thread.start()

    def tell(self) -> None:
        """Report news: the silence starts again."""
        self._news.set()

    def stop(self) -> None:
        """End the thread, and return when it has ended; can be called again."""
        self._over.set()
        self._news.set()
        self._thread.join()

    def _run(self) -> None:
        since = time.monotonic()
        while not self._over.is_set():
            if self._news.wait(self._every_seconds):
                self._news.clear()
                since = time.monotonic()
            else:
                self._beat(time.monotonic() - since)
