"""Style transfer (Gatys et al. 2016, "Image style transfer using convolutional neural networks"): what it learns.

A picture is changed until its features' correlations are those of a reference, while its deep features stay those of
the content. The features are our own (`framecolor.networks.perception`) in place of a VGG net.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from framecolor.networks.perception import Perception

# Counted from the last level, for what the content is held by; the style is compared at all levels.
_CONTENT_LEVELS = (-3, -2)
STYLE_WEIGHT = 5.0
RATE = 0.03
"""Learning rate of Adam that suits a picture in [-1, 1]."""


class StyleLoss:
    """What a picture lacks of one content, and of one reference's style.

    Each level's distance is a share of what it is compared with, so that all levels weigh alike: 1 is as far off as
    nothing at all would be.
    """

    def __init__(
        self, network: Perception, content: Tensor, reference: Tensor, style_weight: float = STYLE_WEIGHT
    ) -> None:
        """content, reference: [1, 3, H, W] in [-1, 1], each of its own size. The network is left as it is."""
        self.network, self.style_weight = network, style_weight
        with torch.no_grad():
            maps = network.features(content)
            self.kept = [maps[level] for level in _CONTENT_LEVELS]
            self.grams = [gram(level) for level in network.features(reference)]

    def compare(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """(content, style): how far a picture of the content's size is from either, 0 for the same."""
        maps = self.network.features(picture)
        content = [_apart(maps[level], kept) for level, kept in zip(_CONTENT_LEVELS, self.kept, strict=True)]
        style = [_apart(gram(level), wanted) for level, wanted in zip(maps, self.grams, strict=True)]
        return torch.stack(content).mean(), torch.stack(style).mean()

    def __call__(self, picture: Tensor) -> Tensor:
        content, style = self.compare(picture)
        return content + self.style_weight * style


class StyledPicture(nn.Module):
    """A picture that is learned itself, starting from the content; calling it gives [1, 3, H, W] in [-1, 1]."""

    def __init__(self, content: Tensor) -> None:
        super().__init__()
        self.picture = nn.Parameter(content.clone())

    def forward(self) -> Tensor:
        # The gradient passes where the color is cut off: else white paper, once too white, could never change again.
        return self.picture + (self.picture.clamp(-1, 1) - self.picture).detach()


def gram(maps: Tensor) -> Tensor:
    """Mean products of channels over a picture, [N, C, C] of maps [N, C, H, W]: what goes with what, wherever it is."""
    flat = maps.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def transfer_style(loss: StyleLoss, content: Tensor, steps: int) -> Tensor:
    """The content in the style of what `loss` was made for, after some steps of Adam, [1, 3, H, W] in [-1, 1].

    The authors take L-BFGS and some hundred steps; there is no chance in it, so the same call gives the same picture.
    """
    with torch.enable_grad():
        styled = StyledPicture(content)
        optimizer = torch.optim.Adam(styled.parameters(), RATE)
        for _ in range(steps):
            optimizer.zero_grad(set_to_none=True)
            loss(styled()).backward()
            optimizer.step()
    return styled().detach()


def _apart(value: Tensor, wanted: Tensor) -> Tensor:
    return (value - wanted).square().sum() / wanted.square().sum().clamp_min(1e-8)
