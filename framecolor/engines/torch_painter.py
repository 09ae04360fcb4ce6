"""Matcher and painter in PyTorch, float32, on any device: for the cuda engine, for drawings that tensorrt's engine
files do not take, and as the reference."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from framecolor.engines.base import Rows
from framecolor.engines.tracing import trace_module
from framecolor.lineart.region_crops import Crops
from framecolor.matching.question import Question
from framecolor.networks.checkpoint import load_matcher, load_painter, matcher_weights_path, painter_weights_path
from framecolor.networks.export import NetworkName, make_exportable
from framecolor.networks.matcher import Matcher
from framecolor.networks.painter import Painter

_EXAMPLE = {"regions": 7, "count_a": 7, "count_b": 5, "keys": 2, "colors": 3}


class TorchPainter:
    """The matcher and the painter that ship, on a device. Thread safe; on a GPU each thread has its own stream."""

    def __init__(self, device: str = "cpu") -> None:
        matcher, painter = load_matcher(matcher_weights_path()), load_painter(painter_weights_path())
        self._describe, self._compare, self._decide = (
            _prepare(name, matcher, painter, device) for name in ("describe", "compare", "decide")
        )
        self._device = device
        self._threads = threading.local()

    def describe(self, features: Rows, shape: Rows, contact: Rows, crops: Crops) -> Rows:
        """See `Runner.describe`."""
        inputs = (features, shape, contact, scale_crops(crops))
        with self._own_stream():
            return self._describe(*(self._load(rows) for rows in inputs)).cpu().numpy()

    def compare(
        self,
        a: Rows,
        b: Rows,
        contact_a: Rows,
        contact_b: Rows,
        flow_ab: Rows | None = None,
        flow_ba: Rows | None = None,
    ) -> tuple[Rows, Rows, Rows, Rows]:
        """See `Runner.compare`."""
        ahead = no_flow(a, b) if flow_ab is None else flow_ab
        back = no_flow(b, a) if flow_ba is None else flow_ba
        with self._own_stream():
            scores = self._compare(*(self._load(rows) for rows in (a, b, contact_a, contact_b, ahead, back)))
            score_ab, score_ba, unmatched_a, unmatched_b = (part.cpu().numpy() for part in scores)
        return score_ab, score_ba, unmatched_a, unmatched_b

    def decide(self, question: Question) -> tuple[Rows, Rows]:
        """See `Runner.decide`."""
        with self._own_stream():
            color, unmatched = self._decide(*(self._load(rows) for rows in question.list_values()))
            return color.cpu().numpy(), unmatched.cpu().numpy()

    def _load(self, rows: Rows) -> torch.Tensor:
        return torch.from_numpy(rows).to(self._device)

    @contextmanager
    def _own_stream(self) -> Iterator[None]:
        """Run PyTorch on the thread's own stream, as threads that share one wait for each other."""
        with torch.inference_mode():
            if not self._device.startswith("cuda"):
                yield
                return
            if not hasattr(self._threads, "stream"):
                self._threads.stream = torch.cuda.Stream(self._device)
            with torch.cuda.stream(self._threads.stream):
                yield


def no_flow(source: Rows, target: Rows) -> Rows:
    """Make the shares of regions of one drawing in those of another for unknown flow: float32 zeros."""
    return np.zeros((len(source), len(target)), np.float32)


def scale_crops(crops: Crops) -> Rows:
    """Scale crops, uint8, to [0, 1], float32."""
    return crops.astype(np.float32) / np.float32(255)


def _prepare(name: NetworkName, matcher: Matcher, painter: Painter, device: str) -> nn.Module:
    """Prepare a function of matcher or painter to run on a device."""
    network = make_exportable(name, "float32", matcher=matcher, painter=painter)
    if device != "cpu":
        return network.module.to(device)
    with torch.inference_mode():
        return torch.jit.freeze(trace_module(network.module, network.example(_EXAMPLE)))
