"""Trace a PyTorch module as a graph of OpenVINO."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, nn

    from framecolor.engines.quiet_openvino import ov

# Neither PyTorch's tracing nor Python's suppression of warnings is thread safe.
_TRACING = threading.Lock()


@dataclass(frozen=True, eq=False)
class Graph:
    """A network as a graph, with facts that its caller needs, such as the multiple that its sizes must be."""

    model: ov.Model
    facts: dict[str, int]


def trace_graph(module: nn.Module, example: tuple[Tensor, ...], free: tuple[tuple[int, ...], ...]) -> ov.Model:
    """Trace a PyTorch module as a graph.

    example  inputs to trace with; the module must not branch on their sizes
    free     for each input, the axes that may have any size
    """
    from framecolor.engines.quiet_openvino import ov
    from framecolor.engines.tracing import trace_module

    shapes = [
        ov.PartialShape([-1 if axis in axes else side for axis, side in enumerate(tensor.shape)])
        for tensor, axes in zip(example, free, strict=True)
    ]
    with _TRACING:
        return ov.convert_model(trace_module(module, example), input=shapes)
