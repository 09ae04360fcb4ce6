"""A network as a graph of OpenVINO, traced from PyTorch's module."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

    from framecolor.engines.quiet_openvino import ov

# PyTorch traces, and Python keeps warnings quiet, for one thread at a time.
_TRACING = threading.Lock()


@dataclass(frozen=True, eq=False)
class Graph:
    """A network as a graph; facts are what its caller has to know of it, such as the multiple that sizes have to be."""

    model: ov.Model
    facts: dict[str, int]


def trace_graph(module: nn.Module, example: tuple[Tensor, ...], free: tuple[tuple[int, ...], ...]) -> ov.Model:
    """A module of PyTorch as a graph.

    example  inputs to trace it with, whose sizes must not decide what it does; free: axes of each that may be any size
    """
    from framecolor.engines.quiet_openvino import ov
    from framecolor.engines.tracing import trace_module

    shapes = [
        ov.PartialShape([-1 if axis in axes else side for axis, side in enumerate(tensor.shape)])
        for tensor, axes in zip(example, free, strict=True)
    ]
    with _TRACING:
        return ov.convert_model(trace_module(module, example), input=shapes)
