"""Check the engines: which one `--engine auto` takes, why the others cannot run, and whether networks compute right."""

from __future__ import annotations

import time
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import numpy as np

from framecolor.config.settings import ENGINES
from framecolor.core.precision import choose_precision
from framecolor.doctor.finding import Finding, Target
from framecolor.doctor.gpu import lacks_gpu
from framecolor.errors import EngineError

# Share of the largest value. Half and bfloat16 have three and two digits.
_WORST_ERROR = 0.03


def check_choice(target: Target) -> Iterator[Finding]:
    """Report the engine that auto takes, others that run, and with a GPU why the rest cannot."""
    from framecolor.engines.nvidia import find_gpu_problem
    from framecolor.engines.registry import choose_engine

    runs: list[str] = []
    missed: dict[tuple[str, str], list[str]] = {}
    for name in ENGINES:
        try:
            choose_engine(name)
        except EngineError as error:
            missed.setdefault((error.problem, error.fix), []).append(name)
        else:
            runs.append(name)
    if runs:
        others = f"; these run as well: {', '.join(runs[1:])}" if runs[1:] else ""
        yield Finding("engines", "ok", f"--engine auto takes {runs[0]}{others}", data={"auto": runs[0], "run": runs})
    if lacks_gpu():
        return
    status = "note" if find_gpu_problem() is not None else "warn"
    for (problem, fix), names in missed.items():
        verb = "does" if len(names) == 1 else "do"
        yield Finding("engines", status, f"{' and '.join(names)} {verb} not run: {problem}", fix, {"engines": names})


def check_networks(target: Target) -> Iterator[Finding]:
    """Compare a convolution in PyTorch with the same in OpenVINO and, if there is one, on the GPU."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = torch.nn.Conv2d(3, 8, 3, padding=1).eval()
    picture = torch.linspace(0, 1, 3 * 16 * 16).reshape(1, 3, 16, 16)
    with torch.inference_mode():
        wanted = layer(picture).numpy()
    ways = {"OpenVINO": _run_openvino} | ({"CUDA": _run_cuda} if torch.cuda.is_available() else {})
    for name, run in ways.items():
        begin = time.perf_counter()
        error = float(np.abs(run(layer, picture) - wanted).max() / np.abs(wanted).max())
        data = {"way": name, "error": error, "seconds": round(time.perf_counter() - begin, 3)}
        if error < _WORST_ERROR:
            yield Finding("engines", "ok", f"{name} computes the same as PyTorch", data=data)
        else:
            fix = "update its package and the driver, and send this line to the machine's administrator"
            yield Finding("engines", "fail", f"{name} computes wrongly: off by {100 * error:.0f} %", fix, data)


def _run_openvino(layer: Any, picture: Any) -> np.ndarray:
    from framecolor.engines.quiet_openvino import open_core, ov
    from framecolor.engines.tracing import trace_module

    model = ov.convert_model(trace_module(layer, (picture,)), input=[ov.PartialShape(list(picture.shape))])
    settings = {"INFERENCE_NUM_THREADS": "1", "INFERENCE_PRECISION_HINT": choose_precision()}
    compiled = open_core().compile_model(model, "CPU", settings)
    return compiled([picture.numpy()])[0]


def _run_cuda(layer: Any, picture: Any) -> np.ndarray:
    import torch

    with torch.inference_mode():
        return deepcopy(layer).to("cuda", torch.half)(picture.to("cuda", torch.half)).float().cpu().numpy()
