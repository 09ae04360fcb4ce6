"""The cpu engine: OpenVINO on the processor."""

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


class OpenVinoRunner:
    """A palette network compiled by OpenVINO, each head when it is first needed."""

    def __init__(self, network: PaletteNetwork) -> None:
        self._generator = network.generator
        self._multiple = network.generator.size_multiple
        self._palette = _Compiled(_PalettePass(network).eval(), LINE_PLANES, self._multiple)

    @cached_property
    def _color(self) -> _Compiled:
        return _Compiled(_ColorPass(self._generator).eval(), LINE_PLANES + HINT_PLANES, self._multiple)

    @cached_property
    def _features(self) -> _Compiled:
        return _Compiled(_FeaturePass(load_generator(base_weights_path())).eval(), LINE_PLANES, self._multiple)

    def features(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._run(self._features, planes)

    def log_probabilities(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._run(self._palette, planes)

    def color(self, planes: NDArray[np.float32], hint: NDArray[np.float32]) -> NDArray[np.float32]:
        padded = pad_planes(torch.from_numpy(planes)[None], self._multiple).numpy()
        height, width = planes.shape[1:]
        colors = np.zeros((1, HINT_PLANES, *padded.shape[2:]), np.float32)
        colors[0, :, :height, :width] = hint
        return self._color(np.concatenate([padded, colors], axis=1))[0, :, :height, :width].copy()

    def _run(self, compiled: _Compiled, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        padded = pad_planes(torch.from_numpy(planes)[None], self._multiple).numpy()
        return compiled(padded)[0, :, : planes.shape[1], : planes.shape[2]].copy()


class _FeaturePass(nn.Module):
    """Line planes to features."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, planes: Tensor) -> Tensor:
        return self.generator(without_hint(planes))


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

    def __call__(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        if not hasattr(self._threads, "request"):
            self._threads.request = self._model.create_infer_request()
        return self._threads.request.infer([planes])[0]
