"""The generator with a shot's palette head, which predicts one logit per palette color from line planes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from framecolor.lineart.input_planes import EMPTY_PLANES
from framecolor.networks.generator import HINT_PLANES, LINE_PLANES, Generator
from framecolor.networks.samples import IGNORE, KeySample

# The head's regression before a fit: pixels, steps of the solver, weight decay.
_HEAD_PIXELS = 8192
_HEAD_STEPS = 60
_HEAD_DECAY = 1e-3


class PaletteNetwork(nn.Module):
    """A generator and a palette head (1x1 convolution) on its features."""

    def __init__(self, generator: Generator, colors: int) -> None:
        super().__init__()
        self.generator = generator
        self.head = nn.Conv2d(generator.feature_channels, colors, 1)

    def forward(self, planes: Tensor) -> Tensor:
        """Compute logits [N, P, H, W] from line planes [N, 7, H, W]; H and W are multiples of the generator's."""
        return self.head(self.generator(without_hint(planes)))

    @torch.no_grad()
    def vote(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Compute log-probabilities of each color in regions [N, P] from their mean features [N, F], on the CPU.

        As the head is linear, this is the mean of the pixels' log-probabilities, normalized.
        """
        assert self.head.bias is not None
        logits = F.linear(torch.from_numpy(features), self.head.weight[:, :, 0, 0], self.head.bias)
        return F.log_softmax(logits, dim=1).numpy()

    def start_head(self, samples: Sequence[KeySample]) -> None:
        """Fit the head alone to the keys' features by logistic regression, in a fraction of a second. Deterministic.

        The network can then paint before the first step of a fit.
        """
        assert self.head.bias is not None
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        features, target = self._gather(samples)
        solver = torch.optim.LBFGS(self.head.parameters(), max_iter=_HEAD_STEPS, line_search_fn="strong_wolfe")

        def measure() -> Tensor:
            solver.zero_grad()
            logits = F.linear(features, self.head.weight[:, :, 0, 0], self.head.bias)
            loss = F.cross_entropy(logits, target) + _HEAD_DECAY * self.head.weight.square().mean()
            loss.backward()
            return loss

        solver.step(measure)
        solver.zero_grad()

    @torch.no_grad()
    def _gather(self, samples: Sequence[KeySample]) -> tuple[Tensor, Tensor]:
        """Sample features [N, F] and classes [N] at painted pixels of all keys, by their weight."""
        self.eval()
        rng = torch.Generator().manual_seed(0)
        features, classes = [], []
        # A partial key gives pixels in proportion to the weight of its known regions.
        shares = [sample.told_share for sample in samples]
        whole = shares.count(1.0) or len(samples)
        for sample, share in zip(samples, shares, strict=True):
            height, width = sample.target.shape
            planes = pad_planes(torch.from_numpy(sample.planes)[None], self.generator.size_multiple)
            maps = self.generator(without_hint(planes))[0, :, :height, :width].flatten(1).T
            target = torch.from_numpy(sample.target).ravel()
            painted = torch.nonzero(target != IGNORE)[:, 0]
            if not len(painted):
                continue
            weight = torch.from_numpy(sample.weight).ravel()[painted]
            picked = painted[torch.multinomial(weight, max(1, int(_HEAD_PIXELS // whole * share)), True, generator=rng)]
            features.append(maps[picked])
            classes.append(target[picked])
        return torch.cat(features), torch.cat(classes)


def without_hint(planes: Tensor) -> Tensor:
    """Append an empty hint to line planes [N, 7, H, W]: the generator's input [N, 11, H, W]."""
    return torch.cat([planes, planes.new_zeros(planes.shape[0], HINT_PLANES, *planes.shape[2:])], 1)


def empty_planes(like: Tensor) -> Tensor:
    """Make the line planes of empty paper, [1, 7, 1, 1]."""
    return torch.tensor(EMPTY_PLANES, dtype=like.dtype, device=like.device).view(1, LINE_PLANES, 1, 1)


def pad_planes(planes: Tensor, multiple: int) -> Tensor:
    """Pad line planes [N, 7, H, W] with empty paper at the right and bottom, to multiples of a size."""
    pad = (0, -planes.shape[3] % multiple, 0, -planes.shape[2] % multiple)
    empty = empty_planes(planes)
    return F.pad(planes - empty, pad) + empty
