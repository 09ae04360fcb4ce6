"""Check the NVIDIA GPUs: those that PyTorch can use, and those that only the driver lists."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import cache

from framecolor.doctor.finding import Finding, Target

_QUERY = ("nvidia-smi", "--query-gpu=name,driver_version,compute_cap,memory.total", "--format=csv,noheader")
_PATIENCE_SECONDS = 4.0


def check_gpu(target: Target) -> Iterator[Finding]:
    """Yield a finding for each GPU; without one a note, as the processor does the work."""
    import torch

    from framecolor.engines.nvidia import find_gpu_problem
    from framecolor.engines.tensorrt.backends import find_gpu

    lacks_gpu.cache_clear()
    problem = find_gpu_problem()
    if problem is None:
        for index in range(torch.cuda.device_count()):
            gpu, facts = find_gpu(index), torch.cuda.get_device_properties(index)
            free_bytes, total_bytes = torch.cuda.mem_get_info(index)
            total_gib, free_gib = total_bytes / 2**30, free_bytes / 2**30
            data = {
                "name": facts.name,
                "capability": [facts.major, facts.minor],
                "driver": gpu.driver if gpu else "unknown",
                "cuda": torch.version.cuda,
                "memory_gib": round(total_gib, 1),
                "free_gib": round(free_gib, 1),
            }
            what = f"{gpu}, CUDA {torch.version.cuda}, {free_gib:.1f} of {total_gib:.1f} GiB free"
            yield Finding("gpu", "ok", what, data=data)
        return
    known, answers = _ask_driver()
    if not answers:
        fix = "restart the machine or its driver; until then use --engine cpu"
        yield Finding("gpu", "warn", f"nvidia-smi does not answer within {_PATIENCE_SECONDS:.0f} seconds", fix)
    elif known:
        fix = problem[1] if torch.backends.cuda.is_built() else "install a CUDA build of torch: https://pytorch.org"
        yield Finding("gpu", "warn", f"{known[0]} is not used: {problem[0]}", fix, {"driver_knows": known})
    else:
        fix = "nothing to do if the processor is fast enough; if there is an NVIDIA GPU, install its driver"
        yield Finding("gpu", "note", "no NVIDIA GPU: the processor paints", fix, {"driver_knows": []})


@cache
def lacks_gpu() -> bool:
    """Return whether neither PyTorch nor the driver finds an NVIDIA GPU, so that checks of GPUs can be left out."""
    from framecolor.engines.nvidia import find_gpu_problem

    return find_gpu_problem() is not None and _ask_driver() == ([], True)


def _ask_driver() -> tuple[list[str], bool]:
    """List the GPUs of the driver; False if the driver did not answer. A missing driver is an empty list and True."""
    try:
        done = subprocess.run(
            _QUERY, capture_output=True, encoding="utf-8", errors="replace", timeout=_PATIENCE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return [], False
    except OSError:
        return [], True
    return ([line.strip() for line in done.stdout.splitlines() if line.strip()] if done.returncode == 0 else []), True
