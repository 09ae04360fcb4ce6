"""Opens engine files, and gives them other weights."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from framecolor.engines.tensorrt.backends import Backend, BackendName, get_logger, import_backend
from framecolor.errors import EngineError


def deserialize_engine(backend: Backend, data: bytes) -> Any:
    """An engine file's engine (ICudaEngine), on PyTorch's current GPU. It serves any number of execution contexts.

    Raises EngineError when it does not open: another version or GPU, or no GPU at all.
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
    """Give a refittable engine other weights, by the names of the module's parameters (`EngineFile.weights`).

    tensors are taken in the type that the engine holds them in. No work may be under way on the engine; its execution
    contexts stay valid. Raises EngineError when it does not take all of them, or would want more; weights may
    then be mixed: the engine is to be dropped.
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
            # One that the builder dropped would keep its old value, unseen.
            raise EngineError(subject, f"the engine has no weights {', '.join(unknown[:4])}", fix)
        held: list[Tensor] = []  # until refit_cuda_engine has returned
        refused = [name for name, tensor in tensors.items() if not _set_weights(trt, refitter, name, tensor, held)]
        missing = list(refitter.get_missing_weights())
        done = not refused and not missing and refitter.refit_cuda_engine()
    if not done:
        what = f"does not take {refused[0]}" if refused else f"wants {missing[0]} too" if missing else "is not refitted"
        raise EngineError(subject, f"the engine {what} ({(errors or ['no reason given'])[-1][:400]})", fix)


def _set_weights(trt: Any, refitter: Any, name: str, tensor: Tensor, held: list[Tensor]) -> bool:
    prototype = refitter.get_weights_prototype(name)
    if prototype.size != tensor.numel():
        return False
    dtype = {trt.DataType.FLOAT: torch.float32, trt.DataType.HALF: torch.float16}[prototype.dtype]
    host = tensor.detach().to("cpu", dtype).contiguous()
    held.append(host)
    return bool(refitter.set_named_weights(name, trt.Weights(prototype.dtype, host.data_ptr(), host.numel())))


@lru_cache
def _runtime(name: BackendName) -> Any:
    """One for the process: engines may not outlive theirs."""
    return import_backend(name).Runtime(get_logger(name)[0])
