"""The matcher in PyTorch, float32, on any device: a drawing has a few hundred regions, so the engines share this one
(tensorrt has it for drawings that its engine files do not take).

OpenVINO would meet a new shape with each drawing, as each has another number of regions.
"""

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
    """The matcher that ships with the package, on a device. Thread safe; on a GPU each thread has its own stream."""

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
        """What PyTorch does inside waits for no other thread: all would share one stream otherwise."""
        with torch.inference_mode():
            if not self._device.startswith("cuda"):
                yield
                return
            if not hasattr(self._threads, "stream"):
                self._threads.stream = torch.cuda.Stream(self._device)
            with torch.cuda.stream(self._threads.stream):
                yield


def no_flow(source: Rows, target: Rows) -> Rows:
    """Shares of the regions of one drawing in those of another where flow is not known: all 0."""
    return np.zeros((len(source), len(target)), np.float32)


def _prepare(name: NetworkName, matcher: Matcher, device: str) -> nn.Module:
    """A half of the matcher, ready to run."""
    network = make_exportable(name, "float32", matcher=matcher)
    if device != "cpu":
        return network.module.to(device)
    with torch.inference_mode():
        return torch.jit.freeze(trace_module(network.module, network.example(_EXAMPLE)))
