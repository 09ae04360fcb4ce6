"""What engines compute on lanes: bodies of PyTorch passes, and the sizes that pictures are padded to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from framecolor.engines.lanes.lane import Site
from framecolor.engines.lanes.rings import Shape
from framecolor.engines.lanes.station import Body
from framecolor.engines.lanes.streams import Device
from framecolor.networks.checkpoint import base_weights_path, load_generator
from framecolor.networks.generator import CONTEXT_STRIDE, Generator
from framecolor.networks.palette_head import PaletteNetwork
from framecolor.networks.passes import ColorPass, FeaturePass

Pass = TypeVar("Pass", bound=nn.Module)

# Pictures of a shot differ by a few pixels: padded to multiples of this they share shapes, and so graphs and batches.
BUCKET_PX = 64


@dataclass(frozen=True)
class Sizes:
    """Sizes of pictures that bodies take, in pixels: from least to most a side, rounded up to multiples of `bucket`.

    least, most  (height, width); most None: any
    most_batch   samples in a batch
    """

    bucket: int = BUCKET_PX
    least: tuple[int, int] = (1, 1)
    most: tuple[int, int] | None = None
    most_batch: int = 1 << 30

    def fit(self, height: int, width: int) -> tuple[int, int] | None:
        """The size that a picture is padded to; None when it is too large."""
        size = tuple(
            -(-max(px, least) // self.bucket) * self.bucket
            for px, least in zip((height, width), self.least, strict=True)
        )
        if self.most is None:
            return size[0], size[1]
        # A most that is no multiple of the bucket still counts.
        fitted = [min(px, most) for px, most in zip(size, self.most, strict=True)]
        return (fitted[0], fitted[1]) if height <= fitted[0] and width <= fitted[1] else None


class FeatureBody:
    """Line planes to features and context of the base weights and, when there are fitted ones, their features.

    Outputs: features [N, H, W, F], context [N, H / 4, W / 4, C], fitted features [N, H, W, F].
    """

    def __init__(self, base: FeaturePass, fitted: FeaturePass | None = None) -> None:
        self._base, self._fitted = base, fitted

    def shapes(self, inputs: Sequence[Shape]) -> list[Shape]:
        return feature_shapes(inputs[0], self._base.generator, self._fitted is not None)

    def bind(
        self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], scratch: Callable[[int], Tensor]
    ) -> Callable[[int], None]:
        base, fitted = self._base, self._fitted

        def call(stream: int) -> None:
            for output, maps in zip(outputs[:2], base(inputs[0]), strict=True):
                output.copy_(maps)
            if fitted is not None:
                outputs[2].copy_(fitted(inputs[0])[0])

        return call


class ColorBody:
    """Line planes and hint planes to soft color [N, 3, H, W]."""

    def __init__(self, color: ColorPass) -> None:
        self._color = color

    def shapes(self, inputs: Sequence[Shape]) -> list[Shape]:
        batch, _, height, width = inputs[0]
        return [(batch, 3, height, width)]

    def bind(
        self, inputs: Sequence[Tensor], outputs: Sequence[Tensor], scratch: Callable[[int], Tensor]
    ) -> Callable[[int], None]:
        color = self._color

        def call(stream: int) -> None:
            outputs[0].copy_(color(*inputs))

        return call


def feature_shapes(planes: Shape, generator: Generator, fitted: bool) -> list[Shape]:
    """Shapes of features and context of planes [N, 7, H, W], and of fitted features."""
    batch, _, height, width = planes
    features = (batch, height, width, generator.feature_channels)
    context = (batch, height // CONTEXT_STRIDE, width // CONTEXT_STRIDE, generator.context_channels)
    return [features, context, features] if fitted else [features, context]


def torch_site(device: Device, network: PaletteNetwork | None, dtype: torch.dtype) -> Site:
    """A device with bodies in PyTorch: look (base weights) and color; with a fitted network also see (both)."""
    passes: dict[str, FeaturePass] = {}

    def prepared(module: Pass) -> Pass:
        # In this order: what comes from the host is there when `to` returns, what a kernel rearranges is not.
        return module.to(memory_format=torch.channels_last).to(device.place)  # pyright: ignore[reportCallIssue]

    def base() -> FeaturePass:
        if "base" not in passes:  # bodies are made one at a time
            passes["base"] = prepared(FeaturePass(load_generator(base_weights_path()), dtype))
        return passes["base"]

    def see() -> Body:
        assert network is not None, "nothing was fitted"
        return FeatureBody(base(), prepared(FeaturePass(network.generator, dtype)))

    def color() -> Body:
        generator = load_generator(base_weights_path()) if network is None else network.generator
        return ColorBody(prepared(ColorPass(generator, dtype)))

    return Site(device, {"look": lambda: FeatureBody(base()), "see": see, "color": color})
