"""Check the processor and the memory that this process may use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from framecolor.bench.machine import describe_machine
from framecolor.core.cpu import count_usable_cores
from framecolor.core.precision import list_precisions
from framecolor.doctor.finding import Finding, Target

_LEAST_GIB = 2.0
"""What painting 4K drawings takes on a few cores; smaller drawings take less."""

_GROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def check_processor(target: Target) -> Iterator[Finding]:
    """Report the processor's model, cores and precisions."""
    facts = describe_machine()
    cores, usable = facts["cores"], count_usable_cores()
    precisions = list_precisions()
    data = {"model": facts["cpu"], "cores": cores, "usable_cores": usable, "precisions": list(precisions)}
    counted = f"{cores} cores" if usable == cores else f"{usable} of {cores} cores"
    yield Finding("processor", "ok", f"{facts['cpu']}, {counted}, computes in {' and '.join(precisions)}", data=data)


def check_memory(target: Target) -> Iterator[Finding]:
    """Report total and free memory, within the limit of this process's control group."""
    total_gib, free_gib = _memory_gib("MemTotal"), _memory_gib("MemAvailable")
    if total_gib is None or free_gib is None:
        total_gib = free_gib = describe_machine()["memory_gib"]
    limit_gib = _group_limit_gib()
    if total_gib is None or free_gib is None:
        yield Finding("memory", "note", "unknown on this system", f"check that {_LEAST_GIB:.0f} GiB are free")
        return
    if limit_gib is not None and limit_gib < total_gib:
        total_gib, free_gib = limit_gib, min(free_gib, limit_gib)
    what, data = f"{free_gib:.1f} of {total_gib:.1f} GiB free", {"total_gib": total_gib, "free_gib": free_gib}
    if free_gib < _LEAST_GIB:
        fix = f"end other programs, or ask the farm for {_LEAST_GIB:.0f} GiB or more; --lanes 1 takes less"
        yield Finding("memory", "warn", what, fix, data)
    else:
        yield Finding("memory", "ok", what, data=data)


def _memory_gib(name: str) -> float | None:
    """Read a value of /proc/meminfo in GiB; None if it is missing."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        return next(round(int(line.split()[1]) / 2**20, 1) for line in lines if line.startswith(f"{name}:"))
    except (OSError, ValueError, StopIteration):
        return None


def _group_limit_gib() -> float | None:
    """Read the memory limit of a container or a farm in GiB; None if there is none."""
    for path in _GROUP_LIMITS:
        try:
            return round(int(path.read_text("ascii")) / 2**30, 1)
        except (OSError, ValueError):  # "max"
            continue
    return None
