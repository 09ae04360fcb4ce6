"""The cuda engine: PyTorch in half precision on NVIDIA GPUs, on lanes, as CUDA graphs."""

from __future__ import annotations

import torch

from framecolor.engines.base import Runner
from framecolor.engines.lanes.bodies import Sizes, torch_site
from framecolor.engines.lanes.streams import CudaDevice
from framecolor.engines.lanes.tuning import load_on_lanes
from framecolor.engines.plans.cache import PlanCache
from framecolor.networks.palette import PaletteNetwork
from framecolor.settings import LaneCount


class CudaEngine:
    """PyTorch half, channels last, on all GPUs that PyTorch sees.

    lanes  pictures that each GPU works on at once; auto: as many as are best, measured once for each kind of GPU
    """

    name = "cuda"

    def __init__(self, lanes: LaneCount = "auto") -> None:
        self._lanes: LaneCount = lanes

    def find_problem(self) -> tuple[str, str] | None:
        return find_gpu_problem()

    def load(self, network: PaletteNetwork) -> Runner:
        sites = [torch_site(device, network, torch.float16) for device in list_gpus()]
        versions = {"torch": str(torch.__version__)}
        return load_on_lanes(self.name, network, sites, Sizes(), self._lanes, versions, PlanCache().folder)


def find_gpu_problem() -> tuple[str, str] | None:
    """What keeps PyTorch from using an NVIDIA GPU here, and how to mend it."""
    if not torch.backends.cuda.is_built():
        return "this PyTorch is a CPU build", "install a CUDA build of torch or use --engine cpu"
    if not torch.cuda.is_available():
        return "PyTorch finds no NVIDIA GPU", "check the driver with nvidia-smi or use --engine cpu"
    return None


def list_gpus() -> list[CudaDevice]:
    """All GPUs that PyTorch sees (CUDA_VISIBLE_DEVICES says which)."""
    return [CudaDevice(index) for index in range(torch.cuda.device_count())]
