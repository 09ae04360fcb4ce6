"""The tensorrt engine. Its libraries are imported only if there is a GPU."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from framecolor.core.text import format_install
from framecolor.engines.base import DEFAULT_OPTIONS, Device, EngineOptions, Runner
from framecolor.engines.nvidia import find_gpu_problem

if TYPE_CHECKING:
    from framecolor.networks.palette_head import PaletteNetwork


class TensorRtEngine:
    """Engine files of the networks, compiled if they are missing, on all GPUs that PyTorch sees."""

    name = "tensorrt"
    device: Device = "cuda"

    def __init__(self, options: EngineOptions = DEFAULT_OPTIONS) -> None:
        self._options = options

    def find_problem(self) -> tuple[str, str] | None:
        problem = find_gpu_problem()
        if problem is not None:
            return problem
        if self._options.precision == "f32":
            return "it computes in half", "use --engine cuda for float32"
        from framecolor.engines.tensorrt.backends import find_backends, find_usable_backend

        if find_usable_backend() is None:
            found = find_backends()
            if not found:
                return "TensorRT is not installed", f"{format_install('framecolor[tensorrt]')} or use --engine cuda"
            return found[0].find_run_problem() or found[0].find_build_problem()
        if importlib.util.find_spec("onnx") is None:
            return "the package onnx is not installed", f"{format_install('framecolor[onnx]')} or use --engine cuda"
        return None

    def load(self, network: PaletteNetwork | None = None) -> Runner:
        from framecolor.engines.tensorrt.runner import load_runner

        return load_runner(network, self._options.lanes)
