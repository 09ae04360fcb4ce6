"""The memory that the C library hands out: freed memory that threads cannot give to each other adds up."""

from __future__ import annotations

import ctypes
import os
import platform

_M_ARENA_MAX = -8  # <malloc.h>
# The user's own choice, in the environment.
_CHOICES = ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES")


def limit_arenas(count: int) -> None:
    """Let all threads of this process take memory from `count` heaps, where the C library is glibc.

    It would open up to eight a core, each of which keeps what its threads freed: pictures of a few megabytes that go
    through many threads then hold a quarter more memory (`benchmarks/memory.py`), and more the longer a run takes. It
    cannot be undone, so it is for a process of one's own. A choice in the environment stands.
    """
    if platform.libc_ver()[0] == "glibc" and not any(name in os.environ for name in _CHOICES):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, count)
