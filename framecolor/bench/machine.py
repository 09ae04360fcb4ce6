"""Describe the machine and the code that a measurement was made with."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from framecolor.core.precision import choose_precision

_ROOT = Path(__file__).resolve().parent.parent.parent
_PACKAGES = ("torch", "openvino", "opencv-python-headless", "numpy", "av")
_OPTIONAL_PACKAGES = ("onnxruntime", "tensorrt", "torch-tensorrt", "tensorrt-rtx-cu13-bindings")


def describe_machine() -> dict[str, Any]:
    """Describe the processor, cores, precision, memory, GPU (if PyTorch can use one), system and package versions."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count() or 1,
        "precision": choose_precision(),
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{package: _version(package) for package in _PACKAGES},
        **{package: found for package in _OPTIONAL_PACKAGES if (found := _version(package)) is not None},
        **_describe_gpu(),
    }


def describe_run() -> dict[str, Any]:
    """Describe a run: date (UTC), commit, whether the package has uncommitted changes, load and machine."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        "commit": _run("git", "rev-parse", "--short", "HEAD"),
        "changed": bool(_run("git", "status", "--porcelain", "--", "framecolor")),
        "load_before": None if load is None else round(load, 2),
        "machine": describe_machine(),
    }


def _describe_gpu() -> dict[str, Any]:
    """Describe the first GPU that PyTorch can use; empty if there is none."""
    import torch

    if not torch.cuda.is_available():
        return {}
    facts = torch.cuda.get_device_properties(0)
    return {
        "gpu": facts.name,
        "gpu_count": torch.cuda.device_count(),
        "gpu_memory_gib": round(facts.total_memory / 2**30, 1),
        "driver": _run("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader").split("\n")[0],
        "cuda": torch.version.cuda,
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _run(*command: str) -> str:
    """Return the output of a program; empty if it is missing or fails."""
    try:
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, encoding="utf-8", errors="replace", check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
