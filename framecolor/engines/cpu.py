"""The cpu engine: OpenVINO on the processor (the matcher: PyTorch)."""

from __future__ import annotations

import os
import threading
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from framecolor.engines.base import Runner
from framecolor.engines.quiet_openvino import ov
from framecolor.engines.torch_matcher import TorchMatcher
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.generator import HINT_PLANES, LINE_PLANES, Generator
from framecolor.networks.palette import PaletteNetwork, pad_planes, without_hint


class CpuEngine:
    """OpenVINO, in bfloat16 where the processor computes in it; runs everywhere."""

    name = "cpu"

    def find_problem(self) -> tuple[str, str] | None:
        return None

    def load(self, network: PaletteNetwork) -> Runner:
        return OpenVinoRunner(network)


class OpenVinoRunner(TorchMatcher):
    """A palette network compiled by OpenVINO, each head when it is first needed."""

    def __init__(self, network: PaletteNetwork) -> None:
        super().__init__()
        self._generator = network.generator
        self._multiple = network.generator.size_multiple
        self._palette = _Compiled(_PalettePass(network).eval(), LINE_PLANES, self._multiple)

    @cached_property
    def _color(self) -> _Compiled:
        return _Compiled(_ColorPass(self._generator).eval(), LINE_PLANES + HINT_PLANES, self._multiple)

    @cached_property
    def _look(self) -> _Compiled:
        return _Compiled(_LookPass(load_generator(base_weights_path())).eval(), LINE_PLANES, self._multiple)

    def look(self, planes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        features, context = self._look(self._pad(planes))
        return self._crop(features, planes), context[0].copy()

    def log_probabilities(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._crop(self._palette(self._pad(planes))[0], planes)

    def color(self, planes: NDArray[np.float32], hint: NDArray[np.float32]) -> NDArray[np.float32]:
        padded = self._pad(planes)
        height, width = planes.shape[1:]
        colors = np.zeros((1, HINT_PLANES, *padded.shape[2:]), np.float32)
        colors[0, :, :height, :width] = hint
        return self._crop(self._color(np.concatenate([padded, colors], axis=1))[0], planes)

    def _pad(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        return pad_planes(torch.from_numpy(planes)[None], self._multiple).numpy()

    @staticmethod
    def _crop(output: NDArray[np.float32], planes: NDArray[np.float32]) -> NDArray[np.float32]:
        return output[0, :, : planes.shape[1], : planes.shape[2]].copy()


class _LookPass(nn.Module):
    """Line planes to features and context."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        return self.generator.look(without_hint(planes))


class _PalettePass(nn.Module):
    """Line planes to palette log-probabilities."""

    def __init__(self, network: PaletteNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, planes: Tensor) -> Tensor:
        return F.log_softmax(self.network(planes), dim=1)


class _ColorPass(nn.Module):
    """Line and hint planes to soft color."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, planes: Tensor) -> Tensor:
        return self.generator.color(self.generator(planes), planes)[0]


class _Compiled:
    """One compiled pass with free height and width; a request of its own for every thread that calls it."""

    def __init__(self, module: nn.Module, channels: int, multiple: int) -> None:
        example = torch.zeros(1, channels, 4 * multiple, 4 * multiple)
        model = ov.convert_model(module, example_input=example, input=[("planes", [1, channels, -1, -1])])
        cores = os.cpu_count() or 1
        # One stream a core: drawings are independent, so that cores work on different ones instead of sharing each.
        settings = {"NUM_STREAMS": str(cores), "INFERENCE_NUM_THREADS": str(cores)}
        self._model = ov.Core().compile_model(model, "CPU", settings)
        self._threads = threading.local()

    def __call__(self, planes: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """All outputs, in the pass's order; they are overwritten by the thread's next call."""
        if not hasattr(self._threads, "request"):
            self._threads.request = self._model.create_infer_request()
        return list(self._threads.request.infer([planes]).values())
