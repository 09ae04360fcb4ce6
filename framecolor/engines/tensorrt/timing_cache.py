"""Keep the timings that builds of engine files measured for later builds.

Damaged timings abort the whole process inside TensorRT, so the file starts with their hash, which is checked first.
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
    """Read the timings; empty if they are missing or damaged. A damaged file is removed."""
    try:
        data = path.read_bytes()
    except OSError:
        return b""
    start = len(_MARK) + _HASH_BYTES
    timings = data[start:]
    if data[:start] == _MARK + hashlib.sha256(timings).digest():
        return timings
    _logger.warning("%s: is damaged; timings are measured again", path)
    path.unlink(missing_ok=True)
    return b""


def write_timing_cache(path: Path, timings: bytes) -> None:
    """Write timings atomically, also if several builds end at once. OutputError if they cannot be written."""
    write_bytes_atomic(path, _MARK + hashlib.sha256(timings).digest() + timings)
