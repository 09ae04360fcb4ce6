"""The cuda engine: PyTorch on NVIDIA GPUs, on lanes, as CUDA graphs; in half precision on GPUs that are fast in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framecolor.core.precision import choose_precision
from framecolor.engines.base import DEFAULT_OPTIONS, Device, EngineOptions, Runner
from framecolor.engines.nvidia import find_gpu_problem

if TYPE_CHECKING:
    from framecolor.networks.palette_head import PaletteNetwork


class CudaEngine:
    """PyTorch, channels last, on all GPUs that PyTorch sees."""

    name = "cuda"
    device: Device = "cuda"

    def __init__(self, options: EngineOptions = DEFAULT_OPTIONS) -> None:
        self._options = options

    def find_problem(self) -> tuple[str, str] | None:
        return find_gpu_problem()

    def load(self, network: PaletteNetwork | None = None) -> Runner:
        import torch

        from framecolor.engines.lanes.autotune import load_on_lanes
        from framecolor.engines.lanes.device import list_gpus
        from framecolor.engines.lanes.torch_modules import make_torch_modules
        from framecolor.engines.tensorrt.cache import EngineCache

        precision = self._options.precision
        chosen = {gpu: choose_precision(precision, str(gpu.place)) for gpu in list_gpus()}
        devices = [
            make_torch_modules(gpu, network, torch.float16 if gpu_precision == "f16" else torch.float32)
            for gpu, gpu_precision in chosen.items()
        ]
        versions = {"torch": str(torch.__version__), "precision": precision}
        return load_on_lanes(self.name, network, devices, self._options.lanes, versions, EngineCache().folder)
