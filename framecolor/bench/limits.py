"""Limits that measured times are compared with: the machine's rates and the work of the networks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from framecolor.bench.timing import time_ms
from framecolor.core.cpu import count_usable_cores
from framecolor.core.precision import Precision

TORCH_TYPES: dict[Precision, torch.dtype] = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}

_MATRIX_SIDE = 1536
_GPU_MATRIX_SIDE = 8192
_COPY_BYTES = 128 * 2**20
_TRIES = 5


@dataclass(frozen=True)
class Work:
    """Work of a network for one input.

    flops  floating-point operations; a multiply-add counts as two
    bytes  memory traffic if each layer with weights reads its input and weights once and writes its output once, and
           the other layers are free
    """

    flops: int
    bytes: int


@dataclass(frozen=True)
class Rates:
    """Measured rates of one core, of all cores, or of the GPU.

    matrix_gflops       of a large matrix product
    copy_gb_per_second  of a large copy; bytes read and bytes written both count
    """

    matrix_gflops: float
    copy_gb_per_second: float

    def limit_ms(self, work: Work) -> float:
        """Return the shortest time for the work at these rates, in ms."""
        return max(self.compute_ms(work), self.copy_ms(work.bytes))

    def compute_ms(self, work: Work) -> float:
        return work.flops / self.matrix_gflops / 1e6

    def copy_ms(self, count: int) -> float:
        """Return the time to move `count` bytes, read and written ones together, in ms."""
        return count / self.copy_gb_per_second / 1e6


def count_work(
    module: nn.Module, inputs: Sequence[tuple[int, ...]], precision: Precision, method: str = "forward"
) -> Work:
    """Count the work of one call (of `method`) on inputs of these shapes, without computing it."""
    ghost = copy.deepcopy(module).to("meta")
    moved = 0

    def note(layer: nn.Module, given: tuple[Tensor, ...], made: Tensor) -> None:
        nonlocal moved
        weights = sum(p.numel() for p in layer.parameters(recurse=False))
        moved += sum(t.numel() for t in given) + made.numel() + weights

    for layer in ghost.modules():
        if any(True for _ in layer.parameters(recurse=False)):
            layer.register_forward_hook(note)
    call = ghost if method == "forward" else getattr(ghost, method)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        call(*(torch.empty(shape, device="meta") for shape in inputs))
    return Work(int(counter.get_total_flops()), moved * TORCH_TYPES[precision].itemsize)


@cache
def measure_rates(precision: Precision, cores: int, device: str = "cpu") -> Rates:
    """Measure the rates on `cores` threads or on a GPU, as the best of a few calls.

    The matrix rate of a processor is the higher one of PyTorch and OpenVINO; copies are those of PyTorch.
    """
    if device != "cpu":
        return Rates(_gpu_matrix_gflops(precision, device), _gpu_copy_rate(device))
    before = torch.get_num_threads()
    torch.set_num_threads(cores)
    try:
        gflops = max(_torch_matrix_gflops(precision), _openvino_matrix_gflops(precision, cores))
        return Rates(gflops, _copy_rate())
    finally:
        torch.set_num_threads(before)


def describe_rates(precision: Precision, device: str = "cpu") -> dict[str, Any]:
    """Describe the rates of the processor in float32, and those of the device (or the processor) in this precision."""
    cores = count_usable_cores()
    named: dict[str, dict[str, Rates]] = {
        "f32": {"one_core": measure_rates("f32", 1), "all_cores": measure_rates("f32", cores)}
    }
    if device != "cpu":
        named.setdefault(precision, {})["device"] = measure_rates(precision, 1, device)
    elif precision != "f32":
        named[precision] = {"one_core": measure_rates(precision, 1), "all_cores": measure_rates(precision, cores)}
    return {
        name: {where: {key: round(value, 1) for key, value in vars(rates).items()} for where, rates in places.items()}
        for name, places in named.items()
    }


def _torch_matrix_gflops(precision: Precision) -> float:
    side = _MATRIX_SIDE
    a, b = (torch.rand(side, side).to(TORCH_TYPES[precision]) for _ in range(2))
    return _fastest_rate(lambda: a @ b, 2 * side**3)


def _openvino_matrix_gflops(precision: Precision, cores: int) -> float:
    """Measure a matrix product in OpenVINO, with weights that are packed in advance as those of a network."""
    from framecolor.engines.quiet_openvino import open_core, ov

    side = _MATRIX_SIDE
    rows = torch.rand(side, side)
    model = ov.convert_model(nn.Linear(side, side, bias=False).eval(), example_input=rows, input=[[side, side]])
    settings = {"NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": str(cores), "INFERENCE_PRECISION_HINT": precision}
    request = open_core().compile_model(model, "CPU", settings).create_infer_request()
    given = [rows.numpy()]
    return _fastest_rate(lambda: request.infer(given, share_inputs=True, share_outputs=True), 2 * side**3)


def _copy_rate() -> float:
    source, target = torch.zeros(_COPY_BYTES, dtype=torch.uint8), torch.zeros(_COPY_BYTES, dtype=torch.uint8)
    return _fastest_rate(lambda: target.copy_(source), 2 * _COPY_BYTES)


def _fastest_rate(work: Callable[[], object], amount: int) -> float:
    """Return the best rate of a few calls, in billions of `amount` a second, after one call as warm-up."""
    work()
    return amount / min(time_ms(work) for _ in range(_TRIES)) / 1e6


def _gpu_matrix_gflops(precision: Precision, device: str) -> float:
    side = _GPU_MATRIX_SIDE
    a, b = (torch.rand(side, side, device=device).to(TORCH_TYPES[precision]) for _ in range(2))
    return 2 * side**3 / _fastest_gpu_ms(lambda: a @ b) / 1e6


def _gpu_copy_rate(device: str) -> float:
    count = 8 * _COPY_BYTES
    source, target = (torch.zeros(count, dtype=torch.uint8, device=device) for _ in range(2))
    return 2 * count / _fastest_gpu_ms(lambda: target.copy_(source)) / 1e6


def _fastest_gpu_ms(work: Callable[[], object]) -> float:
    work()
    return min(_time_on_gpu_ms(work) for _ in range(_TRIES))


def _time_on_gpu_ms(work: Callable[[], object]) -> float:
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize()
    begin.record()
    work()
    end.record()
    end.synchronize()
    return cast(float, begin.elapsed_time(end))
