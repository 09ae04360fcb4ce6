"""Time repeated calls, summarize the times, and read the peak memory."""

from __future__ import annotations

import ctypes
import re
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_RESET_PEAK = "5"


def summarize(values: Sequence[float], digits: int = 2) -> dict[str, Any]:
    """Summarize values by median, least, most and number of repeats."""
    return {
        "median": round(statistics.median(values), digits),
        "least": round(min(values), digits),
        "most": round(max(values), digits),
        "repeats": len(values),
    }


def time_ms(work: Callable[[], object]) -> float:
    """Time one call, in milliseconds."""
    begin = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begin)


def interleave(works: Mapping[str, Callable[[], float]], warmup: int, repeats: int) -> dict[str, list[float]]:
    """Collect the times that each of `works` returns, `repeats` of each, after `warmup` calls of each.

    A round calls each one once, so that a change of the machine's speed affects all of them.
    """
    for _ in range(warmup):
        for work in works.values():
            work()
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            taken[name].append(work())
    return taken


def ratio_of(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median over the rounds of ours / theirs; a ratio within a round cancels drift of the machine."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def reset_peak() -> None:
    """Reset the peak memory of the process and of the GPU. If the system cannot reset it, the peak only rises."""
    with suppress(OSError):
        _CLEAR.write_text(_RESET_PEAK, "ascii")
    if (torch := _cuda()) is not None:
        torch.cuda.reset_peak_memory_stats()


def read_peak() -> dict[str, float]:
    """Read the peak memory since `reset_peak`: `peak_mib` of the process; with a GPU, `device_peak_mib` of PyTorch."""
    peaks = {"peak_mib": round(_process_peak_mib(), 1)}
    if (torch := _cuda()) is not None:
        peaks["device_peak_mib"] = round(torch.cuda.max_memory_allocated() / 2**20, 1)
    return peaks


def _process_peak_mib() -> float:
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB", _STATUS.read_text("ascii"), re.MULTILINE)
    except OSError:
        found = None
    if found is not None:
        return int(found[1]) / 2**10
    if sys.platform == "win32":
        counters = _MemoryCounters(ctypes.sizeof(_MemoryCounters))
        kernel = ctypes.WinDLL("kernel32")
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        kernel.K32GetProcessMemoryInfo(
            ctypes.c_void_p(kernel.GetCurrentProcess()), ctypes.byref(counters), counters.size
        )
        return counters.peak_working_set / 2**20
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


class _MemoryCounters(ctypes.Structure):
    """PROCESS_MEMORY_COUNTERS of <psapi.h>; the fields that are not read are one array."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("page_faults", ctypes.c_uint32),
        ("peak_working_set", ctypes.c_size_t),
        ("others", ctypes.c_size_t * 7),
    )


def _cuda() -> Any:
    """Return PyTorch if it uses a GPU, else None."""
    import torch

    return torch if torch.cuda.is_available() and torch.cuda.is_initialized() else None
