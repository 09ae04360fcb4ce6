"""The memory of batches in flight: each slot of a lane's ring holds one batch, on both sides of the copies."""

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

# Arrays begin at multiples of this many bytes: what the widest vector loads ask for.
_ALIGN_BYTES = 256
# A buffer is made this much larger than what it is needed for, as the next batch is about as large.
_SPARE = 1.25
_FLOAT = np.dtype(np.float32)
_TYPES = {_FLOAT: torch.float32, np.dtype(np.int32): torch.int32}


class Slot:
    """Memory of one batch: what goes to the device, and what comes back."""

    def __init__(self, device: Device) -> None:
        self.inputs, self.results = StagingBuffer(device), StagingBuffer(device)


class StagingBuffer:
    """A pinned buffer on the host and one of its size on the device, with arrays at the same places in both.

    Both grow when they have to; nobody may use the slot then.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._host_side = self._device_side = torch.empty(0, dtype=torch.uint8)
        self._used_bytes = 0

    def fill(self, arrays: Sequence[Sequence[Array]]) -> list[int]:
        """Write groups of arrays to the host's side, those of a group without a gap; where each group begins."""
        begins = self._reserve([sum(array.nbytes for array in group) for group in arrays])
        host = self._host_side.numpy()
        for begin, group in zip(begins, arrays, strict=True):
            at = begin
            for array in group:
                host[at : at + array.nbytes] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
                at += array.nbytes
        return begins

    def reserve(self, shapes: Sequence[Shape]) -> list[int]:
        """Room for float32 arrays; where each begins."""
        return self._reserve([4 * math.prod(shape) for shape in shapes])

    def view(self, begin: int, shape: Shape, dtype: np.dtype = _FLOAT) -> Tensor:
        """An array on the device's side."""
        return self._device_side[begin : begin + 4 * math.prod(shape)].view(_TYPES[dtype]).view(shape)

    def read(self, begin: int, shape: Shape) -> NDArray[np.float32]:
        """A copy of a float32 array on the host's side."""
        host = self._host_side.numpy()[begin : begin + 4 * math.prod(shape)]
        return host.view(np.float32).reshape(shape).copy()

    def sides(self) -> tuple[Tensor, Tensor]:
        """All that is used: (on the host, on the device)."""
        return self._host_side[: self._used_bytes], self._device_side[: self._used_bytes]

    def _reserve(self, sizes_bytes: Sequence[int]) -> list[int]:
        begins, at = [], 0
        for size in sizes_bytes:
            begins.append(at)
            at += -(-size // _ALIGN_BYTES) * _ALIGN_BYTES
        if len(self._host_side) < at:
            self._host_side = self._device_side = torch.empty(0, dtype=torch.uint8)  # the old ones go first
            on_device = self._device.empty(math.ceil(at * _SPARE))
            self._host_side, self._device_side = self._device.pinned(len(on_device)), on_device
        self._used_bytes = at
        return begins
