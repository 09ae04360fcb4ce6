"""The memory of batches in flight: each slot of a lane's ring holds one batch, on the host and on the device."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from framecolor.engines.lanes.device import Device

Shape = tuple[int, ...]
Array = NDArray[np.float32] | NDArray[np.int32]

# Arrays begin at multiples of this many bytes, as the widest vector loads need it.
_ALIGN_BYTES = 256
# A buffer is made larger than needed by this factor, as the next batch is about as large.
_SPARE = 1.25
_FLOAT = np.dtype(np.float32)
_TYPES = {_FLOAT: torch.float32, np.dtype(np.int32): torch.int32}


class Slot:
    """Memory of one batch: its inputs on their way to the device, and its results on their way back."""

    def __init__(self, device: Device) -> None:
        self.inputs, self.results = StagingBuffer(device), StagingBuffer(device)


class StagingBuffer:
    """A pinned buffer on the host and one of the same size on the device, with arrays at the same offsets.

    Both grow if needed, which must not happen while a batch uses the slot.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._host_side = self._device_side = torch.empty(0, dtype=torch.uint8)
        self._used_bytes = 0

    def fill(self, arrays: Sequence[Sequence[Array]]) -> list[int]:
        """Write groups of arrays to the host's side, each group without gaps; return where each group begins."""
        begins = self._reserve([sum(array.nbytes for array in group) for group in arrays])
        host = self._host_side.numpy()
        for begin, group in zip(begins, arrays, strict=True):
            at = begin
            for array in group:
                host[at : at + array.nbytes] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
                at += array.nbytes
        return begins

    def reserve(self, shapes: Sequence[Shape]) -> list[int]:
        """Reserve room for float32 arrays; return where each begins."""
        return self._reserve([4 * math.prod(shape) for shape in shapes])

    def view(self, begin: int, shape: Shape, dtype: np.dtype = _FLOAT) -> Tensor:
        """View an array on the device's side."""
        return self._device_side[begin : begin + 4 * math.prod(shape)].view(_TYPES[dtype]).view(shape)

    def read(self, begin: int, shape: Shape) -> NDArray[np.float32]:
        """Copy a float32 array from the host's side."""
        host = self._host_side.numpy()[begin : begin + 4 * math.prod(shape)]
        return host.view(np.float32).reshape(shape).copy()

    def sides(self) -> tuple[Tensor, Tensor]:
        """View the used part of both buffers: (on the host, on the device)."""
        return self._host_side[: self._used_bytes], self._device_side[: self._used_bytes]

    def _reserve(self, sizes_bytes: Sequence[int]) -> list[int]:
        begins, at = [], 0
        for size in sizes_bytes:
            begins.append(at)
            at += -(-size // _ALIGN_BYTES) * _ALIGN_BYTES
        if len(self._host_side) < at:
            self._host_side = self._device_side = torch.empty(0, dtype=torch.uint8)  # frees the old ones first
            on_device = self._device.empty(math.ceil(at * _SPARE))
            self._host_side, self._device_side = self._device.pinned(len(on_device)), on_device
        self._used_bytes = at
        return begins
