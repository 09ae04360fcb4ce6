"""Find whether PyTorch can use an NVIDIA GPU here, without importing it if a file or the driver already decides."""

from __future__ import annotations

import ctypes
import re
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_CPU_BUILD = "this PyTorch is a CPU build", "install a CUDA build of torch or use --engine cpu"
_NO_GPU = "PyTorch finds no NVIDIA GPU", "check the driver with nvidia-smi or use --engine cpu"
_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
_BUILT_WITHOUT_CUDA = re.compile(r"^cuda\b.*=\s*None\s*$", re.MULTILINE)


def find_gpu_problem() -> tuple[str, str] | None:
    """Find what keeps PyTorch from using an NVIDIA GPU here: (problem, fix), or None if it can."""
    if "torch" not in sys.modules:
        if _is_cpu_build():
            return _CPU_BUILD
        if not _has_driver():
            return _NO_GPU
    import torch

    if not torch.backends.cuda.is_built():
        return _CPU_BUILD
    return None if torch.cuda.is_available() else _NO_GPU


@cache
def _is_cpu_build() -> bool:
    """Tell whether PyTorch's version file names no CUDA; False if it cannot be read."""
    spec = find_spec("torch")
    if spec is None or spec.origin is None:
        return False
    try:
        return bool(_BUILT_WITHOUT_CUDA.search(Path(spec.origin).with_name("version.py").read_text("utf-8")))
    except OSError:
        return False


@cache
def _has_driver() -> bool:
    try:
        ctypes.CDLL(_DRIVER)
    except OSError:
        return False
    return True
