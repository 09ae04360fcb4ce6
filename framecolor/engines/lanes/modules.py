"""What a lane computes: modules, those of one device by name, and a module bound to the buffers of a kind of batch."""

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

# Gives so many bytes of the lane's memory to work in, uint8, which other calls on the lane overwrite.
Workspace = Callable[[int], Tensor]
# Enqueues a bound module on the stream with this handle.
Call = Callable[[int], None]
_LOG = logging.getLogger("framecolor")


class Module(Protocol):
    """A computation from float32 buffers to float32 buffers, of shapes that are fixed when it is bound.

    One module serves all lanes of a device.
    """

    def shapes(self, inputs: Sequence[Shape]) -> list[Shape]:
        """Shapes of the outputs for those of the inputs, both with the batch in front."""
        ...

    def bind(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], workspace: Workspace) -> Call:
        """A call that enqueues the module on a stream, which is PyTorch's current one.

        It reads and writes these very buffers whenever it is called, and can be captured from its second call on.
        """
        ...


class DeviceModules:
    """A device and the modules that can run on it, by name, each made when it is first asked for."""

    def __init__(self, device: Device, makers: Mapping[str, Callable[[], Module]]) -> None:
        self.device = device
        self._makers, self._made = makers, dict[str, Module]()
        self._making = threading.Lock()

    def get(self, name: str) -> Module:
        """The module of that name."""
        with self._making:
            if name not in self._made:
                self._made[name] = self._makers[name]()
            return self._made[name]


class BoundModule:
    """A module bound to buffers of one kind of batch: run once as it is, then captured, then replayed."""

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
        """Fill the inputs; where samples are missing they are empty, so that nothing is left of an earlier batch."""
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
        call = self._call  # not self: a cycle would keep the buffers
        try:
            self._graph = stream.capture(lambda: call(stream.handle))
        except Exception as error:
            if is_out_of_memory(error):
                raise
            self._capturable = False
            _LOG.warning("a CUDA graph could not be captured, which is slower: %s", str(error).split("\n")[0])
