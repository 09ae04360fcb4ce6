"""What builds of engine files measured, kept for the next build.

A damaged cache aborts the whole process inside of TensorRT, so each is written with its hash in front and handed over
only as it was written.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

from framecolor.media import write_bytes_atomic

_MARK = b"framecolor timings 1\n"
_HASH_BYTES = 32
_logger = logging.getLogger("framecolor")


def read_timing_cache(path: Path) -> bytes:
    """The measurements as TensorRT gave them; empty, and the file is gone, when they are not as they were written."""
    try:
        data = path.read_bytes()
    except OSError:
        return b""
    start = len(_MARK) + _HASH_BYTES
    timings = data[start:]
    if data[:start] == _MARK + hashlib.sha256(timings).digest():
        return timings
    _logger.warning("%s: is not as it was written; timings are measured anew", path)
    path.unlink(missing_ok=True)
    return b""


def write_timing_cache(path: Path, timings: bytes) -> None:
    """Keep measurements: whole or not at all, also when several builds end at once. OutputError when it cannot."""
    write_bytes_atomic(path, _MARK + hashlib.sha256(timings).digest() + timings)
