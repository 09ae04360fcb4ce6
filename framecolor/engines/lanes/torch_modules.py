"""Make modules for lanes of PyTorch's passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from framecolor.engines.lanes.buffers import Shape
from framecolor.engines.lanes.device import Device
from framecolor.engines.lanes.modules import Call, DeviceModules, Module, Workspace
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.generator import CONTEXT_STRIDE, Generator
from framecolor.networks.palette_head import PaletteNetwork
from framecolor.networks.passes import ColorPass, FeaturePass

Pass = TypeVar("Pass", bound=nn.Module)


class FeatureModule:
    """Line planes to features and context by the base weights and, if any, features by the fitted weights.

    Outputs: features [N, H, W, F], context [N, H / 4, W / 4, C], fitted features [N, H, W, F].
    """

    def __init__(self, base: FeaturePass, fitted: FeaturePass | None = None) -> None:
        self._base, self._fitted = base, fitted

    def shapes(self, inputs: Sequence[Shape]) -> list[Shape]:
        shapes = feature_shapes(inputs[0], self._base.generator)
        return shapes if self._fitted is None else [*shapes, shapes[0]]

    def bind(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], workspace: Workspace) -> Call:
        base, fitted = self._base, self._fitted

        def call(stream: int) -> None:
            for output, maps in zip(outputs[:2], base(inputs[0]), strict=True):
                output.copy_(maps)
            if fitted is not None:
                outputs[2].copy_(fitted(inputs[0])[0])

        return call


class ColorModule:
    """Line planes and hint planes to soft color [N, 3, H, W]."""

    def __init__(self, color: ColorPass) -> None:
        self._color = color

    def shapes(self, inputs: Sequence[Shape]) -> list[Shape]:
        batch, _, height, width = inputs[0]
        return [(batch, 3, height, width)]

    def bind(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], workspace: Workspace) -> Call:
        color = self._color

        def call(stream: int) -> None:
            outputs[0].copy_(color(*inputs))

        return call


def feature_shapes(planes: Shape, generator: Generator) -> list[Shape]:
    """Compute the shapes of features and context of planes [N, 7, H, W]."""
    batch, _, height, width = planes
    return [
        (batch, height, width, generator.feature_channels),
        (batch, height // CONTEXT_STRIDE, width // CONTEXT_STRIDE, generator.context_channels),
    ]


def make_torch_modules(device: Device, network: PaletteNetwork | None, dtype: torch.dtype) -> DeviceModules:
    """Make PyTorch's modules of a device: `features`, `color` and, with a network, `fitted-features` of both."""
    passes: dict[str, FeaturePass] = {}

    def prepared(module: Pass) -> Pass:
        # In this order: `to(device)` waits for the copy from the host, but not for a kernel that changes the layout.
        return module.to(memory_format=torch.channels_last).to(device.place)  # pyright: ignore[reportCallIssue]

    def base() -> FeaturePass:
        if "base" not in passes:  # modules are made one at a time
            passes["base"] = prepared(FeaturePass(load_generator(base_weights_path()), dtype))
        return passes["base"]

    def fitted() -> Module:
        assert network is not None, "nothing was fitted"
        return FeatureModule(base(), prepared(FeaturePass(network.generator, dtype)))

    def color() -> Module:
        generator = load_generator(base_weights_path()) if network is None else network.generator
        return ColorModule(prepared(ColorPass(generator, dtype)))

    makers = {"features": lambda: FeatureModule(base()), "fitted-features": fitted, "color": color}
    return DeviceModules(device, makers)
