"""The cuda engine: PyTorch on NVIDIA GPUs, on lanes, as CUDA graphs; in half where the GPU computes well in it."""

from __future__ import annotations

import torch

from framecolor.config.settings import LaneCount
from framecolor.core.precision import PrecisionChoice, choose_precision
from framecolor.engines.base import Runner
from framecolor.engines.lanes.bodies import Sizes, torch_site
from framecolor.engines.lanes.streams import CudaDevice
from framecolor.engines.lanes.tuning import load_on_lanes
from framecolor.engines.nvidia import find_gpu_problem
from framecolor.engines.plans.cache import PlanCache
from framecolor.networks.palette_head import PaletteNetwork


class CudaEngine:
    """PyTorch, channels last, on all GPUs that PyTorch sees.

    lanes  pictures that each GPU works on at once; auto: as many as are best, measured once for each kind of GPU
    """

    name = "cuda"

    def __init__(self, lanes: LaneCount = "auto", precision: PrecisionChoice = "auto") -> None:
        self._lanes: LaneCount = lanes
        self._precision: PrecisionChoice = precision

    def find_problem(self) -> tuple[str, str] | None:
        return find_gpu_problem()

    def load(self, network: PaletteNetwork | None = None) -> Runner:
        sites = [torch_site(gpu, network, self._choose_type(str(gpu.place))) for gpu in list_gpus()]
        versions = {"torch": str(torch.__version__), "precision": self._precision}
        return load_on_lanes(self.name, network, sites, Sizes(), self._lanes, versions, PlanCache().folder)

    def _choose_type(self, place: str) -> torch.dtype:
        half = choose_precision(self._precision, place) == "f16"
        return torch.float16 if half else torch.float32


def list_gpus() -> list[CudaDevice]:
    """All GPUs that PyTorch sees (CUDA_VISIBLE_DEVICES says which)."""
    return [CudaDevice(index) for index in range(torch.cuda.device_count())]
