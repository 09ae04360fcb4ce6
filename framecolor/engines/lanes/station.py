"""A body, and a body bound to the buffers of one kind of batch."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from framecolor.engines.lanes.rings import Shape
from framecolor.engines.lanes.shortage import is_out_of_memory
from framecolor.engines.lanes.streams import Device, Graph, Stream

_LOG = logging.getLogger("framecolor")


class Body(Protocol):
    """What a lane computes: float32 buffers to float32 buffers, of shapes that are fixed when it is bound.

    One body serves all lanes of a device.
    """

    def shapes(self, inputs: Sequence[Shape]) -> list[Shape]:
        """Shapes of the outputs for those of the inputs, both with the batch in front."""
        ...

    def bind(
        self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], scratch: Callable[[int], Tensor]
    ) -> Callable[[int], None]:
        """A call that enqueues the body on the stream with this handle, which is PyTorch's current one.

        It reads and writes these very buffers whenever it is called, and can be captured from its second call on.
        `scratch` gives that many bytes of the lane, uint8, which other calls on the lane overwrite.
        """
        ...


class Station:
    """A body bound to buffers of one kind of batch: run once as it is, then captured, then replayed."""

    def __init__(self, device: Device, body: Body, shapes: Sequence[Shape], scratch: Callable[[int], Tensor]) -> None:
        self.inputs, self.outputs = (
            [device.empty(4 * math.prod(shape)).view(torch.float32).view(shape) for shape in side]
            for side in (shapes, body.shapes(shapes))
        )
        with device.uncaptured():
            self._call = body.bind(self.inputs, self.outputs, scratch)
        self._graph: Graph | None = None
        self._warm, self._capturable = False, True

    def load(self, samples: Sequence[Tensor]) -> None:
        """Fill the inputs; where samples are missing they are empty, so that nothing is left of an earlier batch."""
        for planes, given in zip(self.inputs, samples, strict=True):
            planes[: len(given)].copy_(given)
            planes[len(given) :].zero_()

    def run(self, stream: Stream) -> None:
        """Enqueue the body."""
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
