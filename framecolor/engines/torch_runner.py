"""Runs a shot's networks with PyTorch: the reference, the CPU's fallback, and the cuda engine's body."""

from __future__ import annotations

import copy
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from framecolor.engines.torch_matcher import TorchMatcher
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.generator import Generator
from framecolor.networks.palette import PaletteNetwork, pad_planes, without_hint


class TorchRunner(TorchMatcher):
    """A copy of the network on a device, in a dtype, channels last."""

    def __init__(self, network: PaletteNetwork, device: str = "cpu", dtype: torch.dtype = torch.float32) -> None:
        super().__init__(device)
        network = copy.deepcopy(network).eval().to(device, dtype)
        # torch's stubs leave out that a module can be given a memory format alone.
        self._network = network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self._dtype = dtype

    @torch.inference_mode()
    def log_probabilities(self, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        logits = self._network(self._prepare(planes))
        return self._crop(F.log_softmax(logits.float(), dim=1), planes)

    @cached_property
    def _base(self) -> Generator:
        generator = load_generator(base_weights_path()).to(self._device, self._dtype)
        # torch's stubs leave out that a module can be given a memory format alone.
        return generator.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    @torch.inference_mode()
    def look(self, planes: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        features, context = self._base.look(without_hint(self._prepare(planes)))
        return self._crop(features.float(), planes), context[0].float().contiguous().cpu().numpy()

    @torch.inference_mode()
    def color(self, planes: NDArray[np.float32], hint: NDArray[np.float32]) -> NDArray[np.float32]:
        lines = self._prepare(planes)
        pad = (0, lines.shape[3] - hint.shape[2], 0, lines.shape[2] - hint.shape[1])
        colors = F.pad(torch.from_numpy(hint)[None].to(self._device, self._dtype), pad)
        both = torch.cat([lines, colors], 1)
        generator = self._network.generator
        return self._crop(generator.color(generator(both), both)[0].float(), planes)

    def _prepare(self, planes: NDArray[np.float32]) -> torch.Tensor:
        padded = pad_planes(torch.from_numpy(planes)[None], self._network.generator.size_multiple)
        return padded.to(self._device, self._dtype).contiguous(memory_format=torch.channels_last)

    @staticmethod
    def _crop(output: torch.Tensor, planes: NDArray[np.float32]) -> NDArray[np.float32]:
        return output[0, :, : planes.shape[1], : planes.shape[2]].contiguous().cpu().numpy()
