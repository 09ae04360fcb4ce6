"""Memory that stays flat: what one frame's arrays took goes back before the next frame's are made."""

from __future__ import annotations

import ctypes

# malloc.h: parameters of mallopt.
_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
_LARGE_BYTES = 1 << 22


def return_freed_memory() -> None:
    """From now on, arrays of a frame's size go back to the system as soon as they are freed.

    glibc otherwise keeps them in a pool of each worker thread, and the pools grow with the number of frames seen.
    Nothing happens with another C library. Not for the fit, which would fetch its buffers anew on every step.
    """
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
    mallopt(_ARENA_MAX, 2)
