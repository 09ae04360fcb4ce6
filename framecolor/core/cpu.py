"""The processor: how many of its cores this process may use, and which precision it computes well in."""

from __future__ import annotations

import math
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path, PurePosixPath

_GROUPS = Path("/sys/fs/cgroup")
_OWN_GROUPS = Path("/proc/self/cgroup")
_CPU_INFO = Path("/proc/cpuinfo")
# Flags in /proc/cpuinfo of processors with bfloat16 multiplication in hardware.
_BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
# Variables that forbid libraries some instructions of the processor; tests and some farms set them.
_ISA_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
_ISA_WITHOUT_BF16 = frozenset({"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI"})
_ATEN_WITHOUT_BF16 = frozenset({"default", "avx2"})


def count_usable_cores() -> int:
    """Count the cores that this process may use, at least 1: the minimum of affinity, control groups and Slurm."""
    limits = [_count_by_affinity(), *_count_by_groups(), *_count_by_slurm(os.environ)]
    return max(1, min(limits))


def _count_by_affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _count_by_groups() -> Iterator[int]:
    """Yield the limit in cores, rounded up, of each control group that this process is in."""
    with suppress(OSError):
        for line in _OWN_GROUPS.read_text("utf-8", "replace").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers not in ("", "cpu", "cpu,cpuacct", "cpuacct,cpu"):
                continue
            own = PurePosixPath("/", path)
            for group in (own, *own.parents):
                # In a container the path may be the host's: then only the root exists.
                folder = _GROUPS / controllers / group.relative_to("/")
                cores = _read_quota(folder)
                if cores is not None:
                    yield max(1, math.ceil(cores))


def _read_quota(folder: Path) -> float | None:
    """Read the limit of a control group, version 2 or 1, in cores; None if it has no limit."""
    with suppress(OSError, ValueError):
        quota, period = (folder / "cpu.max").read_text("ascii").split()
        return int(quota) / int(period)  # ValueError: "max"
    with suppress(OSError, ValueError):
        quota, period = (int((folder / f"cpu.cfs_{name}_us").read_text("ascii")) for name in ("quota", "period"))
        return quota / period if quota > 0 else None
    return None


def _count_by_slurm(environment: Mapping[str, str]) -> Iterator[int]:
    """Yield the cores that Slurm gave this task: it does not always bind tasks to them."""
    if "SLURM_JOB_ID" not in environment:
        return
    for name in ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"):
        if environment.get(name, "").isdecimal():
            yield int(environment[name])
            return


def has_bf16() -> bool:
    """Tell whether libraries multiply bfloat16 in hardware: emulated, it is ten times slower than float32.

    False if `ONEDNN_MAX_CPU_ISA` or `ATEN_CPU_CAPABILITY` forbid the instructions.
    """
    if any(os.environ.get(name, "").upper() in _ISA_WITHOUT_BF16 for name in _ISA_LIMITS):
        return False
    return os.environ.get("ATEN_CPU_CAPABILITY") not in _ATEN_WITHOUT_BF16 and _multiplies_bf16()


@cache
def _multiplies_bf16() -> bool:
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False  # not measured elsewhere
    if sys.platform == "linux":
        with suppress(OSError):
            flags = next(line for line in _CPU_INFO.read_text("utf-8").splitlines() if line.startswith("flags"))
            return not _BF16_FLAGS.isdisjoint(flags.split())
        return False
    if sys.platform == "win32":
        import torch

        # Windows has no list of flags; PyTorch queries the processor itself.
        queries = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(bool(getattr(torch.cpu, query, bool)()) for query in queries)
    return False
