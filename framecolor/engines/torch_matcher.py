"""The matcher in PyTorch, float32, on any device: for the cuda engine, for drawings that tensorrt's engine files do not
take, and as the reference."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from framecolor.engines.base import Rows
from framecolor.engines.tracing import trace_module
from framecolor.networks.checkpoint import load_matcher, matcher_weights_path
from framecolor.networks.export import NetworkName, make_exportable
from framecolor.networks.matcher import Matcher

_EXAMPLE = {"regions": 7, "count_a": 7, "count_b": 5}


class TorchMatcher:
    """The matcher that ships, on a device. Thread safe; on a GPU each thread has its own stream."""

    def __init__(self, device: str = "cpu") -> None:
        matcher = load_matcher(matcher_weights_path())
        self._describe = _prepare("describe", matcher, device)
        self._compare = _prepare("compare", matcher, device)
        self._device = device
        self._threads = threading.local()

    def describe(self, features: Rows, shape: Rows, contact: Rows) -> Rows:
        """See `Runner.describe`."""
        with self._own_stream():
            return self._describe(*(self._load(rows) for rows in (features, shape, contact))).cpu().numpy()

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


def _prepare(name: NetworkName, matcher: Matcher, device: str) -> nn.Module:
    """Prepare one half of the matcher to run on a device."""
    network = make_exportable(name, "float32", matcher=matcher)
    if device != "cpu":
        return network.module.to(device)
    with torch.inference_mode():
        return torch.jit.freeze(trace_module(network.module, network.example(_EXAMPLE)))
