"""Find the TensorRT of this machine: the full one, torch-tensorrt on top of it, or TensorRT for RTX.

tensorrt        compiles for and runs on the GPU of this machine; engine files can be refitted
torch-tensorrt  the same, from torch.export instead of ONNX; tensorrt opens and runs its engine files, which cannot be
                refitted, as weights lose their names
rtx             compiles on any machine, also without a GPU, for all GPUs from compute capability 8.0 on, and finishes
                for one GPU when an engine file is opened; refittable ones need a GPU to be compiled
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

import torch

from framecolor.core.text import format_install
from framecolor.errors import EngineError

BackendName = Literal["tensorrt", "torch-tensorrt", "rtx"]
BACKENDS: tuple[BackendName, ...] = get_args(BackendName)
# Targets in an engine file's key, beside GPUs.
NO_GPU, ANY_GPU = "no GPU", "any from compute capability 8.0 on"
# TensorRT for RTX is installed under either name: that of its main package, or of its bindings alone.
_MODULES: dict[BackendName, tuple[str, ...]] = {
    "tensorrt": ("tensorrt",),
    "torch-tensorrt": ("torch_tensorrt",),
    "rtx": ("tensorrt_rtx", "tensorrt_rtx_bindings"),
}
# The backend that opens a backend's engine files; the extra has the same name.
_RUNTIMES: dict[BackendName, BackendName] = {"tensorrt": "tensorrt", "torch-tensorrt": "tensorrt", "rtx": "rtx"}
_LEAST_CAPABILITY: dict[BackendName, tuple[int, int]] = {"tensorrt": (7, 5), "torch-tensorrt": (7, 5), "rtx": (8, 0)}
_logger = logging.getLogger("framecolor")


@dataclass(frozen=True)
class Gpu:
    """The facts of a GPU that an engine file depends on."""

    name: str
    capability: tuple[int, int]
    driver: str

    def __str__(self) -> str:
        return f"{self.name}, compute capability {self.capability[0]}.{self.capability[1]}, driver {self.driver}"


@dataclass(frozen=True)
class Backend:
    """Hold an installed TensorRT and the GPU that it uses, None without one."""

    name: BackendName
    version: str
    gpu: Gpu | None

    @property
    def runtime(self) -> BackendName:
        """The backend that opens and runs its engine files."""
        return _RUNTIMES[self.name]

    @property
    def refits(self) -> bool:
        """Tell whether it compiles engine files here that can be refitted with other weights."""
        return self.name == "tensorrt" or (self.name == "rtx" and self.gpu is not None)

    def target(self, refittable: bool) -> str:
        """Name the GPUs on which an engine file that is compiled here runs."""
        if self.name == "rtx" and not refittable:
            return ANY_GPU
        return str(self.gpu) if self.gpu else NO_GPU

    def opens(self, name: str, version: str) -> bool:
        """Tell whether it opens the engine files of that backend and version: its own, or torch-tensorrt's."""
        if self.name == "tensorrt" and name == "torch-tensorrt":
            return version.endswith(f" on tensorrt {self.version}")
        return (name, version) == (self.name, self.version)

    def find_build_problem(self) -> tuple[str, str] | None:
        """Find what keeps it from compiling here: (problem, fix), or None."""
        if self.gpu is None and self.name != "rtx":
            return "compiles only beside the GPU that it compiles for, and PyTorch finds none", (
                f"run this on a machine with one, or compile with --backend rtx ({format_install('framecolor[rtx]')})"
            )
        return None

    def find_run_problem(self) -> tuple[str, str] | None:
        """Find what keeps its engine files from running here: (problem, fix), or None."""
        if self.gpu is None:
            return "there is no NVIDIA GPU that PyTorch can use", "check nvidia-smi and that torch is a CUDA build"
        if self.gpu.capability < _LEAST_CAPABILITY[self.name]:
            return f"{self.gpu} is too old for {self.name} {self.version}", "use --engine cuda or cpu"
        return None


def find_backends(device: int = 0) -> tuple[Backend, ...]:
    """List the backends that are installed and can be imported, in the order of BACKENDS."""
    return tuple(_import_backends(device))


def _import_backends(device: int) -> Iterator[Backend]:
    """Import backends one by one, as some take seconds."""
    gpu = find_gpu(device)
    for name in BACKENDS:
        try:
            yield Backend(name, _version(name), gpu)
        except EngineError as error:
            if any(importlib.util.find_spec(m) for m in _MODULES[name]):
                _logger.debug("%s", error)


def choose_backend(name: BackendName | Literal["auto"] = "auto", device: int = 0) -> Backend:
    """Choose the backend of that name, or for auto the first that can compile here. EngineError if it cannot."""
    if name != "auto":
        backend = Backend(name, _version(name), find_gpu(device))
        problem = backend.find_build_problem()
        if problem is not None:
            raise EngineError(f"backend {name} {backend.version}", *problem)
        return backend
    problems: list[EngineError] = []
    for backend in _import_backends(device):
        problem = backend.find_build_problem()
        if problem is None:
            return backend
        problems.append(EngineError(f"backend {backend.name} {backend.version}", *problem))
    if problems:
        raise problems[0]
    beside, anywhere = (format_install(f"framecolor[{extra}]") for extra in ("tensorrt", "rtx"))
    fix = f"{beside} beside an NVIDIA GPU, or {anywhere} on any x86-64 Linux machine"
    raise EngineError("backend auto", "neither TensorRT, torch-tensorrt nor TensorRT for RTX is installed", fix)


def find_usable_backend(device: int = 0) -> Backend | None:
    """Find the first backend that compiles and runs on that GPU; None if none does."""
    for backend in _import_backends(device):
        if backend.find_run_problem() is None and backend.find_build_problem() is None:
            return backend
    return None


@lru_cache
def import_backend(name: BackendName) -> Any:
    """Import the backend's module. EngineError, with the extra to install, if it is missing or cannot be loaded."""
    fix = format_install(f"framecolor[{_RUNTIMES[name]}]")
    for module in _MODULES[name]:
        if importlib.util.find_spec(module) is None:
            continue
        try:
            return importlib.import_module(module)
        except (ImportError, OSError, RuntimeError, AttributeError) as error:
            # The package's libraries are missing or of another version.
            problem = f"is installed and cannot be loaded ({str(error).splitlines()[0]})"
            raise EngineError(f"backend {name}", problem, fix) from error
    raise EngineError(f"backend {name}", "is not installed", fix)


def _version(name: BackendName) -> str:
    version = str(import_backend(name).__version__)
    runtime = _RUNTIMES[name]
    return version if runtime == name else f"{version} on {runtime} {_version(runtime)}"


def find_gpu(device: int = 0) -> Gpu | None:
    """Find the GPU that PyTorch lists at this index; None without one."""
    if not torch.cuda.is_available() or device >= torch.cuda.device_count():
        return None
    facts = torch.cuda.get_device_properties(device)
    return Gpu(facts.name, (facts.major, facts.minor), _driver_version())


@lru_cache
def _driver_version() -> str:
    """Read the driver's version, such as 580.65.06, from NVML, as PyTorch does not give it."""
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
        text = ctypes.create_string_buffer(96)
        known = nvml.nvmlInit_v2() == 0 and nvml.nvmlSystemGetDriverVersion(text, len(text)) == 0
    except (OSError, AttributeError):
        return "unknown"
    return text.value.decode() if known else "unknown"


class ErrorLog:
    """The latest errors that TensorRT logged; its calls return no reasons."""

    def __init__(self) -> None:
        self._errors: deque[str] = deque(maxlen=20)
        self._lock = threading.Lock()

    def add(self, text: str) -> None:
        with self._lock:
            self._errors.append(" ".join(text.split()))

    @contextmanager
    def collected(self) -> Iterator[list[str]]:
        """Collect the errors that are logged inside a `with` block in a list, which is filled at its end."""
        found: list[str] = []
        with self._lock:
            self._errors.clear()
        try:
            yield found
        finally:
            with self._lock:
                found.extend(dict.fromkeys(self._errors))


@lru_cache
def get_logger(name: BackendName) -> tuple[Any, ErrorLog]:
    """Make a backend's logger and its error log, once, as TensorRT uses only the first logger that it gets."""
    trt = import_backend(name)
    errors = ErrorLog()

    class Logger(trt.ILogger):
        def __init__(self) -> None:
            trt.ILogger.__init__(self)

        def log(self, severity: Any, msg: str) -> None:
            if severity in (trt.ILogger.Severity.INTERNAL_ERROR, trt.ILogger.Severity.ERROR):
                errors.add(msg)
                _logger.debug("%s: %s", name, msg)
            elif severity == trt.ILogger.Severity.WARNING:
                _logger.debug("%s: %s", name, msg)

    return Logger(), errors
