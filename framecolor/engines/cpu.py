"""The cpu engine: OpenVINO on the processor (the matcher: PyTorch)."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from framecolor.engines.base import Done, Pending, Runner, Seen
from framecolor.engines.quiet_openvino import open_core, ov
from framecolor.engines.torch_matcher import TorchMatcher
from framecolor.engines.tracing import trace_module
from framecolor.errors import EngineError
from framecolor.lineart.sampling import RegionPoints
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.generator import CONTEXT_STRIDE, HINT_PLANES, LINE_PLANES
from framecolor.networks.palette import PaletteNetwork
from framecolor.networks.passes import ColorPass, FeaturePass
from framecolor.networks.view import View, pad_to, pool


class CpuEngine:
    """OpenVINO, in bfloat16 where the processor computes in it; runs everywhere."""

    name = "cpu"

    def find_problem(self) -> tuple[str, str] | None:
        return None

    def load(self, network: PaletteNetwork, precision: str | None = None) -> Runner:
        """See `Engine.load`; precision is one of `precisions`, by default the first. EngineError on another one."""
        known = self.precisions()
        if precision not in (None, *known):
            fix = f"use --precision {' or '.join(known)}"
            raise EngineError("engine cpu", f"this processor does not compute in {precision}", fix)
        return OpenVinoRunner(network, precision or known[0])

    def precisions(self) -> tuple[str, ...]:
        """What this processor computes in, the fastest first."""
        capabilities = open_core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        return ("bf16", "f32") if "BF16" in capabilities else ("f32",)


class OpenVinoRunner(TorchMatcher):
    """A palette network compiled by OpenVINO, each pass when it is first needed."""

    def __init__(self, network: PaletteNetwork, precision: str) -> None:
        super().__init__()
        self._multiple = network.generator.size_multiple
        self._network = network
        self._base = Compiled(lambda: FeaturePass(load_generator(base_weights_path())), (LINE_PLANES,), precision)
        self._fitted = Compiled(lambda: FeaturePass(network.generator), (LINE_PLANES,), precision)
        self._color = Compiled(lambda: ColorPass(network.generator), (LINE_PLANES, HINT_PLANES), precision)

    def see(self, view: View, points: RegionPoints, votes: bool = True) -> Pending:
        planes = self._pad(view.planes)
        features, context = (torch.from_numpy(maps[0]) for maps in self._base(planes))
        fine = view.cells(points, (features.shape[0], features.shape[1]))
        coarse = view.cells(points, (context.shape[0], context.shape[1]), CONTEXT_STRIDE)
        look = np.concatenate([pool(features, fine), pool(context, coarse)], axis=1)
        if not votes:
            return Done(Seen(look, None))
        fitted = pool(torch.from_numpy(self._fitted(planes)[0][0]), fine)
        return Done(Seen(look, self._network.vote(fitted)))

    def color(self, planes: NDArray[np.float32], hint: NDArray[np.float32]) -> NDArray[np.float32]:
        padded = self._pad(planes)
        height, width = planes.shape[1:]
        return self._color(padded, self._pad(hint))[0][0, :, :height, :width].copy()

    def _pad(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        height, width = (-(-px // self._multiple) * self._multiple for px in planes.shape[1:])
        return pad_to(planes, (height, width))[None]


class Compiled:
    """A pass with free height and width, compiled when it is first run; each thread has a request of its own."""

    def __init__(self, build: Callable[[], nn.Module], channels: tuple[int, ...], precision: str) -> None:
        self._build, self._channels, self._precision = build, channels, precision
        self._model: ov.CompiledModel | None = None
        self._compiling = threading.Lock()
        self._threads = threading.local()

    def __call__(self, *inputs: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """All outputs, in the pass's order; they are overwritten by the thread's next call."""
        if not hasattr(self._threads, "request"):
            self._threads.request = self._compile().create_infer_request()
        return list(self._threads.request.infer(inputs, share_inputs=True, share_outputs=True).values())

    def _compile(self) -> ov.CompiledModel:
        with self._compiling:
            if self._model is None:
                cores = os.cpu_count() or 1
                # One stream a core: drawings are independent, so that cores work on different ones.
                settings = {"NUM_STREAMS": str(cores), "INFERENCE_NUM_THREADS": str(cores)}
                settings["INFERENCE_PRECISION_HINT"] = self._precision
                # Its own threads may run on any core: pinned ones of two passes, or of two processes, would share one.
                settings["ENABLE_CPU_PINNING"] = "NO"
                self._model = open_core().compile_model(self._convert(), "CPU", settings)
            return self._model

    def _convert(self) -> ov.Model:
        """The pass as OpenVINO's graph."""
        example = tuple(torch.zeros(1, channels, 32, 32) for channels in self._channels)
        traced = trace_module(self._build(), example)
        return ov.convert_model(traced, input=[ov.PartialShape([1, c, -1, -1]) for c in self._channels])
