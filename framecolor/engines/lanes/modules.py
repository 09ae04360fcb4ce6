"""The modules that lanes run: their interface, those of one device by name, and modules bound to buffers."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor

from framecolor.engines.lanes.buffers import Shape
from framecolor.engines.lanes.device import Device, Graph, Stream, is_out_of_memory

# Lends scratch memory of the lane, uint8 [bytes], which other calls on the lane overwrite.
Workspace = Callable[[int], Tensor]
# Enqueues a bound module on the stream with this handle.
Call = Callable[[int], None]
_LOG = logging.getLogger("framecolor")


class Module(Protocol):
    """A computation from float32 buffers to float32 buffers, whose shapes are fixed when it is bound.

    All lanes of a device share one module.
    """

    def shapes(self, inputs: Sequence[Shape]) -> list[Shape]:
        """Compute the shapes of the outputs from those of the inputs, both with a batch axis first."""
        ...

    def bind(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], workspace: Workspace) -> Call:
        """Bind the module to buffers: return a call that enqueues it on a stream, which is PyTorch's current one.

        Every call reads and writes the same buffers. The call can be captured from the second time on.
        """
        ...


class DeviceModules:
    """A device and its modules by name, each made when it is first needed."""

    def __init__(self, device: Device, makers: Mapping[str, Callable[[], Module]]) -> None:
        self.device = device
        self._makers, self._made = makers, dict[str, Module]()
        self._making = threading.Lock()

    def get(self, name: str) -> Module:
        """Return the module of that name, made if needed."""
        with self._making:
            if name not in self._made:
                self._made[name] = self._makers[name]()
            return self._made[name]


class BoundModule:
    """A module bound to the buffers of one kind of batch: run once, then captured as a graph, then replayed."""

    def __init__(self, device: Device, module: Module, shapes: Sequence[Shape], workspace: Workspace) -> None:
        self.inputs, self.outputs = (
            [device.empty(4 * math.prod(shape)).view(torch.float32).view(shape) for shape in side]
            for side in (shapes, module.shapes(shapes))
        )
        with device.uncaptured():
            self._call = module.bind(self.inputs, self.outputs, workspace)
        self._graph: Graph | None = None
        self._warm, self._capturable = False, True

    def load(self, samples: Sequence[Tensor]) -> None:
        """Fill the inputs; missing samples become zeros, so that nothing is left of an earlier batch."""
        for planes, given in zip(self.inputs, samples, strict=True):
            planes[: len(given)].copy_(given)
            planes[len(given) :].zero_()

    def run(self, stream: Stream) -> None:
        """Enqueue the module."""
        if self._warm and self._graph is None and self._capturable:
            self._capture(stream)
        if self._graph is not None:
            self._graph.replay()
        else:
            stream.enqueue(lambda: self._call(stream.handle))
            self._warm = True

    def _capture(self, stream: Stream) -> None:
        call = self._call  # not self: a reference cycle would keep the buffers alive
        try:
            self._graph = stream.capture(lambda: call(stream.handle))
        except Exception as error:
            if is_out_of_memory(error):
                raise
            self._capturable = False
            _LOG.warning("a CUDA graph could not be captured, which is slower: %s", str(error).split("\n")[0])
