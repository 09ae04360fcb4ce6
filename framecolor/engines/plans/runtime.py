"""Compiled plans at work: open one, give it other weights, run it once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from framecolor.engines.plans.backends import Backend, BackendName, import_runtime, logger_of
from framecolor.errors import EngineError


def open_plan(backend: Backend, plan: bytes) -> Any:
    """The plan's engine (ICudaEngine), on PyTorch's current GPU. One engine serves any number of execution contexts.

    Raises EngineError when it does not open: another version or GPU, or no GPU at all.
    """
    subject = f"{backend.name} {backend.version}"
    problem = backend.find_run_problem()
    if problem is not None:
        raise EngineError(subject, *problem)
    _, complaints = logger_of(backend.name)
    with complaints.collected() as errors:
        engine = _runtime(backend.name).deserialize_cuda_engine(plan)
    if engine is None:
        reason = (errors or ["no reason given"])[-1]
        raise EngineError(subject, f"the plan does not open ({reason[:400]})", "framecolor engine build --force")
    return engine


def refit(backend: Backend, engine: Any, tensors: Mapping[str, Tensor]) -> None:
    """Give a refittable engine other weights, by the names of the module's parameters (`StoredPlan.weights`).

    tensors are taken in the type that the plan holds them in. No work may be under way on the engine; its execution
    contexts stay valid. Raises EngineError when the plan does not take all of them, or would want more; weights may
    then be mixed: the engine is to be dropped.
    """
    trt, subject = import_runtime(backend.name), f"{backend.name} {backend.version}"
    fix = "compile a plan of these weights instead"
    if not engine.refittable:
        raise EngineError(subject, "the plan was compiled without refit", fix)
    logger, complaints = logger_of(backend.name)
    with complaints.collected() as errors:
        refitter = trt.Refitter(engine, logger)
        unknown = sorted(set(tensors) - set(refitter.get_all_weights()))
        if unknown:
            # One that the builder dropped would keep its old value, unseen.
            raise EngineError(subject, f"the plan has no weights {', '.join(unknown[:4])}", fix)
        held: list[Tensor] = []  # until refit_cuda_engine has returned
        refused = [name for name, tensor in tensors.items() if not _hand_over(trt, refitter, name, tensor, held)]
        missing = list(refitter.get_missing_weights())
        done = not refused and not missing and refitter.refit_cuda_engine()
    if not done:
        what = f"does not take {refused[0]}" if refused else f"wants {missing[0]} too" if missing else "is not refitted"
        raise EngineError(subject, f"the plan {what} ({(errors or ['no reason given'])[-1][:400]})", fix)


def _hand_over(trt: Any, refitter: Any, name: str, tensor: Tensor, held: list[Tensor]) -> bool:
    prototype = refitter.get_weights_prototype(name)
    if prototype.size != tensor.numel():
        return False
    host = tensor.detach().to("cpu", torch_dtype(trt, prototype.dtype)).contiguous()
    held.append(host)
    return bool(refitter.set_named_weights(name, trt.Weights(prototype.dtype, host.data_ptr(), host.numel())))


def name_outputs(trt: Any, engine: Any, names: Sequence[str]) -> dict[str, str]:
    """The engine's outputs, by the names that they have in `networks.export.FORMS`: torch-tensorrt numbers them."""
    tensors = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
    outputs = [name for name in tensors if engine.get_tensor_mode(name) == trt.TensorIOMode.OUTPUT]
    if set(outputs) == set(names):
        return {name: name for name in names}
    return dict(zip(names, outputs, strict=True))


def run_plan(backend: Backend, engine: Any, inputs: Mapping[str, Tensor], outputs: Sequence[str]) -> dict[str, Tensor]:
    """All outputs, on the CPU, for inputs by name; one at a time, for checks: frames run on lanes.

    Raises EngineError for a shape outside of the plan's and when the run fails.
    """
    trt, subject = import_runtime(backend.name), f"{backend.name} {backend.version}"
    context = engine.create_execution_context()
    if context is None:
        raise EngineError(
            subject, "there is no room for an execution context", "free GPU memory or take a smaller plan"
        )
    held = {name: tensor.cuda().contiguous() for name, tensor in inputs.items()}
    for name, tensor in held.items():
        if not context.set_input_shape(name, tuple(tensor.shape)):
            raise EngineError(
                subject, f"{name} {tuple(tensor.shape)} is outside of the plan's range", "build a larger one"
            )
        context.set_tensor_address(name, tensor.data_ptr())
    results: dict[str, Tensor] = {}
    for name, tensor_name in name_outputs(trt, engine, outputs).items():
        shape = tuple(context.get_tensor_shape(tensor_name))
        dtype = torch_dtype(trt, engine.get_tensor_dtype(tensor_name))
        results[name] = torch.empty(shape, dtype=dtype, device="cuda")
        context.set_tensor_address(tensor_name, results[name].data_ptr())
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    if not context.execute_async_v3(stream.cuda_stream):
        raise EngineError(subject, "the plan does not run", "framecolor engine build --force")
    stream.synchronize()
    return {name: tensor.cpu() for name, tensor in results.items()}


def torch_dtype(trt: Any, dtype: Any) -> torch.dtype:
    """PyTorch's type for TensorRT's, of those that networks take, give or hold."""
    known = {
        trt.DataType.FLOAT: torch.float32,
        trt.DataType.HALF: torch.float16,
        trt.DataType.UINT8: torch.uint8,
        trt.DataType.INT32: torch.int32,
        trt.DataType.INT64: torch.int64,
    }
    return known[dtype]


@lru_cache
def _runtime(name: BackendName) -> Any:
    """One for the process: engines may not outlive theirs."""
    return import_runtime(name).Runtime(logger_of(name)[0])
