"""How sure a system is of its soft color: the likelihood of a region's color, given what the system painted there."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_START = math.log(2.0)
# Precision is limited, so that no system silences all others.
_MOST = math.log(40.0)


class Certainty(nn.Module):
    """A normal distribution around the soft color, of one precision, which is learned."""

    def __init__(self) -> None:
        super().__init__()
        self.log_precision = nn.Parameter(torch.tensor(_START))

    def forward(self, soft: Tensor, colors: Tensor) -> Tensor:
        """Compute log-likelihoods [..., R, C], up to a constant, of colors [..., C, 3] given soft ones [..., R, 3].

        All are in [-1, 1].
        """
        apart = (soft[..., :, None, :] - colors[..., None, :, :]).square().sum(-1)
        return -self.log_precision.clamp_max(_MOST).exp() * apart
