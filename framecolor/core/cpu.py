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
# Processors that multiply bfloat16 by themselves say so with one of these words.
_BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16"})
# What keeps libraries from instructions that the processor has: as it is asked for in tests, and by cautious farms.
_ISA_LIMITS = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA")
_ISA_WITHOUT_BF16 = frozenset({"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI"})
_ATEN_WITHOUT_BF16 = frozenset({"default", "avx2"})


def count_usable_cores() -> int:
    """Cores that this process may use, at least 1: the fewest that affinity, control groups and Slurm leave it."""
    limits = [_count_by_affinity(), *_count_by_groups(), *_count_by_slurm(os.environ)]
    return max(1, min(limits))


def _count_by_affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _count_by_groups() -> Iterator[int]:
    """The processor time that each control group around this process allows, in cores, rounded up."""
    with suppress(OSError):
        for line in _OWN_GROUPS.read_text("utf-8", "replace").splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers not in ("", "cpu", "cpu,cpuacct", "cpuacct,cpu"):
                continue
            place = PurePosixPath("/", path)
            for group in (place, *place.parents):
                # In a container the path may be that of the host: then only the last, the root, is there.
                folder = _GROUPS / controllers / group.relative_to("/")
                cores = _read_quota(folder)
                if cores is not None:
                    yield max(1, math.ceil(cores))


def _read_quota(folder: Path) -> float | None:
    """Cores that a control group of version 2 or 1 allows; None where that is all of them."""
    with suppress(OSError, ValueError):
        quota, period = (folder / "cpu.max").read_text("ascii").split()
        return int(quota) / int(period)  # ValueError: "max"
    with suppress(OSError, ValueError):
        quota, period = (int((folder / f"cpu.cfs_{name}_us").read_text("ascii")) for name in ("quota", "period"))
        return quota / period if quota > 0 else None
    return None


def _count_by_slurm(environment: Mapping[str, str]) -> Iterator[int]:
    """What Slurm gave this task, also where it does not bind tasks to their cores."""
    if "SLURM_JOB_ID" not in environment:
        return
    for name in ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"):
        if environment.get(name, "").isdecimal():
            yield int(environment[name])
            return


def has_bf16() -> bool:
    """Whether the processor multiplies bfloat16 by itself: emulated, it is an order of magnitude slower than float32.

    No where `ONEDNN_MAX_CPU_ISA` or `ATEN_CPU_CAPABILITY` keep libraries from the instructions that do.
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

        # Windows tells it to nobody; PyTorch asks the processor itself.
        asks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        return any(bool(getattr(torch.cpu, ask, bool)()) for ask in asks)
    return False
