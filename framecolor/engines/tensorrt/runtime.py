"""Open engine files, and refit them with other weights."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from framecolor.engines.tensorrt.backends import Backend, BackendName, get_logger, import_backend
from framecolor.errors import EngineError


def deserialize_engine(backend: Backend, data: bytes) -> Any:
    """Deserialize an engine file to an engine (ICudaEngine) on PyTorch's current GPU, for any number of contexts.

    Raises EngineError if it does not open: another version or GPU, or no GPU.
    """
    subject = f"{backend.name} {backend.version}"
    problem = backend.find_run_problem()
    if problem is not None:
        raise EngineError(subject, *problem)
    _, log = get_logger(backend.runtime)
    with log.collected() as errors:
        engine = _runtime(backend.runtime).deserialize_cuda_engine(data)
    if engine is None:
        reason = (errors or ["no reason given"])[-1]
        raise EngineError(subject, f"the engine file does not open ({reason[:400]})", "framecolor engine build --force")
    return engine


def refit(backend: Backend, engine: Any, tensors: Mapping[str, Tensor]) -> None:
    """Refit an engine with other weights, by the names of the module's parameters (`EngineFile.weights`).

    Tensors are converted to the engine's types. The engine must not be running; its execution contexts stay valid.
    Raises EngineError if it does not take all tensors or needs more; drop the engine then, as its weights may be mixed.
    """
    trt, subject = import_backend(backend.runtime), f"{backend.name} {backend.version}"
    fix = "compile an engine file of these weights instead"
    if not engine.refittable:
        raise EngineError(subject, "the engine was compiled without refit", fix)
    logger, log = get_logger(backend.runtime)
    with log.collected() as errors:
        refitter = trt.Refitter(engine, logger)
        unknown = sorted(set(tensors) - set(refitter.get_all_weights()))
        if unknown:
            # A weight that the builder dropped would silently keep its old value.
            raise EngineError(subject, f"the engine has no weights {', '.join(unknown[:4])}", fix)
        hosts: list[Tensor] = []  # kept until refit_cuda_engine has returned
        refused = [name for name, tensor in tensors.items() if not _set_weights(trt, refitter, name, tensor, hosts)]
        missing = list(refitter.get_missing_weights())
        done = not refused and not missing and refitter.refit_cuda_engine()
    if not done:
        what = f"does not take {refused[0]}" if refused else f"needs {missing[0]} too" if missing else "is not refitted"
        raise EngineError(subject, f"the engine {what} ({(errors or ['no reason given'])[-1][:400]})", fix)


def _set_weights(trt: Any, refitter: Any, name: str, tensor: Tensor, hosts: list[Tensor]) -> bool:
    """Set one weight from a copy on the host, which is added to `hosts`; False if the engine refuses it."""
    prototype = refitter.get_weights_prototype(name)
    if prototype.size != tensor.numel():
        return False
    dtype = {trt.DataType.FLOAT: torch.float32, trt.DataType.HALF: torch.float16}[prototype.dtype]
    host = tensor.detach().to("cpu", dtype).contiguous()
    hosts.append(host)
    return bool(refitter.set_named_weights(name, trt.Weights(prototype.dtype, host.data_ptr(), host.numel())))


@lru_cache
def _runtime(name: BackendName) -> Any:
    """Make a backend's runtime, one for the process, as engines must not outlive it."""
    return import_backend(name).Runtime(get_logger(name)[0])
