"""The noise schedule of the diffusion model, and its sampler.

Colors at a noise share t in [0, 1] are cos(pi t / 2) x color + sin(pi t / 2) x noise, the cosine schedule; the network
predicts the velocity cos x noise - sin x color (Salimans & Ho 2022), which is well-behaved from pure noise to none.
Samples are drawn by DDIM (Song et al. 2021) with classifier-free guidance (Ho & Salimans 2022).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

# Limits the weight of nearly clean colors (in the spirit of min-SNR weighting, Hang et al. 2023).
_MOST_WEIGHT = 6.0

Denoiser = Callable[[Tensor, Tensor], Tensor]


def add_noise(colors: Tensor, noise: Tensor, noise_share: Tensor) -> Tensor:
    """Mix colors [N, T, 3] and noise at noise shares [N]."""
    keep, swing = _shares(noise_share)
    return keep * colors + swing * noise


def velocity(colors: Tensor, noise: Tensor, noise_share: Tensor) -> Tensor:
    """Compute the velocity, the network's training target, [N, T, 3]."""
    keep, swing = _shares(noise_share)
    return keep * noise - swing * colors


def clean(noisy: Tensor, predicted: Tensor, noise_share: Tensor) -> Tensor:
    """Compute colors without noise from a predicted velocity, [N, T, 3]."""
    keep, swing = _shares(noise_share)
    return keep * noisy - swing * predicted


def loss_weight(noise_share: Tensor) -> Tensor:
    """Compute the weight of the velocity's squared error at noise shares [N]."""
    # The velocity's squared error is 1 / sin^2 times that of the colors: more and more as the noise falls.
    return (_MOST_WEIGHT * torch.sin(noise_share * (math.pi / 2)).square()).clamp_max(1)


def guide(conditioned: Denoiser, unconditioned: Denoiser, guidance: float) -> Denoiser:
    """Make a denoiser that follows its conditioning more (above 1) or less (below 1) than it was trained to."""
    if guidance == 1:
        return conditioned
    if guidance == 0:
        return unconditioned

    def denoise(noisy: Tensor, noise_share: Tensor) -> Tensor:
        free = unconditioned(noisy, noise_share)
        return free + guidance * (conditioned(noisy, noise_share) - free)

    return denoise


@torch.no_grad()
def sample(
    denoise: Denoiser,
    noise: Tensor,
    steps: int,
    *,
    start: Tensor | None = None,
    strength: float = 1.0,
    keep: Tensor | None = None,
    mean: Tensor | None = None,
) -> Tensor:
    """Sample colors [N, T, 3] in [-1, 1] from noise [N, T, 3]: the same noise gives the same colors.

    denoise   predicts the velocity of noisy colors [N, T, 3] at noise shares [N]
    steps     from pure noise to none; with `start`, about steps x strength are taken
    start     colors to start from, noised up to `strength`: 1 ignores them, 0 returns them
    keep      bool [N, T]: regions that stay as in `start`; the others are sampled to fit them
    mean      [N, T, T], rows sum to 1: averages the colors over regions of one paint at each step
    """
    if start is not None and strength == 0:
        return start
    begin = 1.0 if start is None else strength
    shares = torch.linspace(begin, 0, max(1, math.ceil(steps * begin)) + 1, dtype=torch.float64).tolist()
    colors = noise
    if start is not None and begin < 1:
        colors = add_noise(start, noise, _fill(shares[0], noise))
    for now, after in pairwise(shares):
        share = _fill(now, noise)
        if keep is not None and start is not None:
            colors = torch.where(keep[..., None], add_noise(start, noise, share), colors)
        predicted = denoise(colors, share)
        # Guidance can exceed the range of colors, and the excess would add up over the steps.
        color = clean(colors, predicted, share).clamp(-1, 1)
        if mean is not None:
            color = mean @ color
        rest = (colors - math.cos(math.pi / 2 * now) * color) / math.sin(math.pi / 2 * now)
        colors = add_noise(color, rest, _fill(after, noise))
    if keep is not None and start is not None:
        colors = torch.where(keep[..., None], start, colors)
    return colors


def _fill(share: float, like: Tensor) -> Tensor:
    return torch.full((len(like),), share, dtype=like.dtype, device=like.device)


def _shares(noise_share: Tensor) -> tuple[Tensor, Tensor]:
    angle = noise_share[:, None, None] * (math.pi / 2)
    return angle.cos(), angle.sin()
