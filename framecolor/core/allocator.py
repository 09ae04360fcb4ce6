"""The heaps of the C library: fewer heaps keep less freed memory that other threads cannot use."""

from __future__ import annotations

import ctypes
import os
import platform

_M_ARENA_MAX = -8  # <malloc.h>
# The user's own choice, in the environment.
_CHOICES = ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES")


def limit_arenas(count: int) -> None:
    """Limit this process to `count` heaps for all its threads, if the C library is glibc.

    By default glibc opens up to eight heaps per core, and each keeps what its threads freed: pictures of a few
    megabytes that pass through many threads then take a quarter more memory (`benchmarks/memory.py`), and more the
    longer a run takes. The limit cannot be lifted again, so call it only in a process of our own. A limit that the
    user has set in the environment is kept.
    """
    if platform.libc_ver()[0] == "glibc" and not any(name in os.environ for name in _CHOICES):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, count)


def release_freed() -> None:
    """Return freed memory to the system, if the C library is glibc: in a process that waits for its next run."""
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)
