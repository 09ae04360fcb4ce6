"""Encodes the crops of regions, in which an eye is more than two pixels wide."""

from __future__ import annotations

from torch import Tensor, nn

from framecolor.lineart.region_crops import CROP_PLANES, CROP_PX, CROP_SCALES


class CropEncoder(nn.Module):
    """A small convolutional network on each crop, then a linear layer over both scales."""

    def __init__(self, width: int, channels: tuple[int, ...] = (16, 32, 64)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for i, o in zip((CROP_PLANES, *channels[:-1]), channels, strict=True):
            layers += [nn.Conv2d(i, o, 3, stride=2, padding=1), nn.GroupNorm(1, o), nn.SiLU()]
        self.layers = nn.Sequential(*layers)
        side = CROP_PX // 2 ** len(channels)
        self.out = nn.Linear(CROP_SCALES * channels[-1] * side * side, width)

    def forward(self, crops: Tensor) -> Tensor:
        """Encode crops [M, CROP_SCALES, CROP_PLANES, CROP_PX, CROP_PX] in [0, 1] as [M, width]."""
        return self.out(self.layers(crops.flatten(0, 1)).flatten(1).unflatten(0, (-1, CROP_SCALES)).flatten(1))
