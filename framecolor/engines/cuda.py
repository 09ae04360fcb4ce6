"""The cuda engine: PyTorch in half precision on an NVIDIA GPU."""

from __future__ import annotations

import torch

from framecolor.engines.base import Runner
from framecolor.engines.torch_runner import TorchRunner
from framecolor.networks.palette import PaletteNetwork


class CudaEngine:
    """PyTorch half, channels last."""

    name = "cuda"

    def find_problem(self) -> tuple[str, str] | None:
        if not torch.backends.cuda.is_built():
            return "this PyTorch is a CPU build", "install a CUDA build of torch or use --engine cpu"
        if not torch.cuda.is_available():
            return "PyTorch finds no NVIDIA GPU", "check the driver with nvidia-smi or use --engine cpu"
        return None

    def load(self, network: PaletteNetwork) -> Runner:
        return TorchRunner(network, "cuda", torch.float16)
