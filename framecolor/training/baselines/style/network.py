"""Style transfer (Gatys et al. 2016, "Image style transfer using convolutional neural networks"): its loss.

A picture is optimized until the correlations of its features are those of a reference, while its deep features stay
those of the content. The features are our own (`framecolor.networks.perception`) in place of a VGG net.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from framecolor.networks.perception import Perception

# Levels that compare the content, counted from the last; the style is compared at all levels.
_CONTENT_LEVELS = (-3, -2)
STYLE_WEIGHT = 5.0
# Earlier steps from which L-BFGS estimates the curvature.
_HISTORY = 20


class StyleLoss:
    """The distance of a picture from one content, and from one reference's style.

    Each level's distance is relative to the strength of its target, so that all levels have equal weight: 1 is the
    distance of all zeros.
    """

    def __init__(
        self, network: Perception, content: Tensor, reference: Tensor, style_weight: float = STYLE_WEIGHT
    ) -> None:
        """content, reference: [1, 3, H, W] in [-1, 1], each of its own size. The network is not changed."""
        self.network, self.style_weight = network, style_weight
        with torch.no_grad():
            maps = network.features(content)
            self.kept = [maps[level] for level in _CONTENT_LEVELS]
            self.grams = [gram(level) for level in network.features(reference)]

    def compare(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Measure the distances (content, style) of a picture of the content's size, 0 if equal."""
        maps = self.network.features(picture)
        content = [_apart(maps[level], kept) for level, kept in zip(_CONTENT_LEVELS, self.kept, strict=True)]
        style = [_apart(gram(level), wanted) for level, wanted in zip(maps, self.grams, strict=True)]
        return torch.stack(content).mean(), torch.stack(style).mean()

    def __call__(self, picture: Tensor) -> Tensor:
        content, style = self.compare(picture)
        return content + self.style_weight * style


class StyledPicture(nn.Module):
    """A picture that is optimized itself, starting from the content; calling it gives [1, 3, H, W] in [-1, 1]."""

    def __init__(self, content: Tensor) -> None:
        super().__init__()
        self.picture = nn.Parameter(content.clone(memory_format=torch.contiguous_format))

    def forward(self) -> Tensor:
        # The gradient passes through the clamp, or white paper, once beyond white, could never change again.
        return self.picture + (self.picture.clamp(-1, 1) - self.picture).detach()


def gram(maps: Tensor) -> Tensor:
    """Average the products of channels over a picture, [N, C, C] of maps [N, C, H, W]: correlations without places."""
    flat = maps.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def transfer_style(loss: StyleLoss, content: Tensor, steps: int) -> Tensor:
    """Transfer the style of `loss` to the content: [1, 3, H, W] in [-1, 1].

    As by the authors, by L-BFGS from the content; steps: about the number of times that the loss is computed.
    Deterministic: the same call gives the same picture.
    """
    with torch.enable_grad():
        styled = StyledPicture(content)
        optimizer = torch.optim.LBFGS(
            styled.parameters(), max_iter=steps, max_eval=steps, history_size=_HISTORY, line_search_fn="strong_wolfe"
        )

        def measure() -> Tensor:
            optimizer.zero_grad(set_to_none=True)
            value = loss(styled())
            value.backward()
            return value

        optimizer.step(measure)
    return styled().detach()


def _apart(value: Tensor, wanted: Tensor) -> Tensor:
    return (value - wanted).square().sum() / wanted.square().sum().clamp_min(1e-8)
