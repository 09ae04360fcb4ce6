"""What builds of plans measured, kept for the next build. A damaged cache aborts the whole process inside of TensorRT,
so none is handed over whose hash is not that of the bytes that were written.
"""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

from framecolor.media import write_bytes_atomic, write_text_atomic

_logger = logging.getLogger("framecolor")


def read_timing_cache(path: Path) -> bytes:
    """The cache's bytes; empty, and the file is out of the way, when it is missing or not as it was written."""
    try:
        data = path.read_bytes()
    except OSError:
        return b""
    try:
        wanted = _seal(path).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        wanted = ""
    if hashlib.sha256(data).hexdigest() == wanted:
        return data
    _logger.warning("%s: is not as it was written; timings are measured anew", path)
    path.unlink(missing_ok=True)
    _seal(path).unlink(missing_ok=True)
    return b""


def write_timing_cache(path: Path, data: bytes) -> None:
    """Write the cache and its hash; a crash between the two leaves one that is not read. OutputError when it cannot."""
    _seal(path).unlink(missing_ok=True)
    write_bytes_atomic(path, data)
    write_text_atomic(_seal(path), hashlib.sha256(data).hexdigest() + "\n")


def _seal(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")
