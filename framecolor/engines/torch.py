"""Run a shot's networks with plain PyTorch, the reference that every engine is compared with."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from framecolor.engines.base import Done, NetworkOutput, Pending
from framecolor.engines.torch_painter import TorchPainter
from framecolor.lineart.sampling import RegionPoints
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.generator import CONTEXT_STRIDE, HINT_PLANES
from framecolor.networks.palette_head import PaletteNetwork, pad_planes
from framecolor.networks.passes import ColorPass, FeaturePass
from framecolor.networks.view import View, pool


class TorchRunner(TorchPainter):
    """The networks that ship and the one that was fitted to a shot, if any, on a device and in a dtype."""

    def __init__(
        self, network: PaletteNetwork | None = None, device: str = "cpu", dtype: torch.dtype = torch.float32
    ) -> None:
        super().__init__(device)
        self._network, self._dtype = network, dtype
        self._shipped = load_generator(base_weights_path())
        self._multiple = self._shipped.size_multiple

    @cached_property
    def _base(self) -> FeaturePass:
        return FeaturePass(self._shipped, self._dtype).to(self._device)

    @cached_property
    def _fitted(self) -> FeaturePass:
        assert self._network is not None, "nothing was fitted"
        return FeaturePass(self._network.generator, self._dtype).to(self._device)

    @cached_property
    def _color(self) -> ColorPass:
        generator = self._shipped if self._network is None else self._network.generator
        return ColorPass(generator, self._dtype).to(self._device)

    def warm_up(self) -> None:
        """Do nothing: there is nothing to compile."""

    @torch.inference_mode()
    def infer(self, view: View, points: RegionPoints, votes: bool = True) -> Pending:
        planes = self._load_padded(view.planes)
        features, context = (maps[0].cpu().numpy() for maps in self._base(planes))
        fine = view.cells(points, (features.shape[0], features.shape[1]))
        coarse = view.cells(points, (context.shape[0], context.shape[1]), CONTEXT_STRIDE)
        pooled = np.concatenate([pool(features, fine), pool(context, coarse)], axis=1)
        if not votes or self._network is None:
            return Done(NetworkOutput(pooled, None))
        return Done(NetworkOutput(pooled, self._network.vote(pool(self._fitted(planes)[0][0].cpu().numpy(), fine))))

    @torch.inference_mode()
    def color(self, planes: NDArray[np.float32], hint: NDArray[np.float32]) -> NDArray[np.float32]:
        padded = self._load_padded(planes)
        height, width = planes.shape[1:]
        colors = padded.new_zeros((1, HINT_PLANES, *padded.shape[2:]))
        colors[0, :, :height, :width] = self._load(hint)
        return self._color(padded, colors)[0, :, :height, :width].cpu().numpy()

    def _load_padded(self, planes: NDArray[np.float32]) -> torch.Tensor:
        return pad_planes(self._load(planes)[None], self._multiple)
