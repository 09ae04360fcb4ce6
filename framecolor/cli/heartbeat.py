"""A sign of life from long silent work: farms take a silent task for a dead one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

HEARTBEAT_SECONDS = 30.0


class Heartbeat:
    """Calls `beat` with the seconds of silence, from a thread of its own, each time `every_seconds` pass without news.

    The thread ends in `stop`, and with the process whatever happens. It beats only while other threads let go of the
    interpreter, as PyTorch, OpenVINO and TensorRT do while they compute.
    """

    def __init__(self, beat: Callable[[float], None], every_seconds: float) -> None:
        self._beat, self._every_seconds = beat, every_seconds
        self._news, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="framecolor heartbeat", daemon=True)
        self._thread.start()

    def tell(self) -> None:
        """There was news just now."""
        self._news.set()

    def stop(self) -> None:
        """Returns when the thread has ended; may be called again."""
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
