"""Noise in and out of colors: the schedule of the diffusion model and its sampler.

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

# The lesson of nearly clean colors is worth no more than this (in the spirit of min-SNR weighting, Hang et al. 2023).
_MOST_WEIGHT = 6.0

Denoiser = Callable[[Tensor, Tensor], Tensor]


def add_noise(colors: Tensor, noise: Tensor, noise_share: Tensor) -> Tensor:
    """Noisy colors [N, T, 3] at noise shares [N]."""
    keep, swing = _shares(noise_share)
    return keep * colors + swing * noise


def velocity(colors: Tensor, noise: Tensor, noise_share: Tensor) -> Tensor:
    """What the network learns to predict, [N, T, 3]."""
    keep, swing = _shares(noise_share)
    return keep * noise - swing * colors


def clean(noisy: Tensor, predicted: Tensor, noise_share: Tensor) -> Tensor:
    """Colors without noise by a predicted velocity, [N, T, 3]."""
    keep, swing = _shares(noise_share)
    return keep * noisy - swing * predicted


def loss_weight(noise_share: Tensor) -> Tensor:
    """Weight of the squared error of the velocity at noise shares [N]."""
    # In terms of the colors' own error, the velocity's counts 1 / sin^2 times: 1 from noise alone, more and more after.
    return (_MOST_WEIGHT * torch.sin(noise_share * (math.pi / 2)).square()).clamp_max(1)


def guide(told: Denoiser, untold: Denoiser, guidance: float) -> Denoiser:
    """A denoiser that keeps more (above 1) or less (below 1) to what it is told than it learned to."""
    if guidance == 1:
        return told
    if guidance == 0:
        return untold

    def denoise(noisy: Tensor, noise_share: Tensor) -> Tensor:
        free = untold(noisy, noise_share)
        return free + guidance * (told(noisy, noise_share) - free)

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
    """Colors [N, T, 3] in [-1, 1] from noise [N, T, 3]: the same noise gives the same colors.

    denoise   the velocity of noisy colors [N, T, 3] at noise shares [N]
    steps     for the whole way; about steps x strength of them are taken
    start     colors to start from: they are noised up to `strength`, so that 1 forgets them and 0 returns them
    keep      bool [N, T]: regions that stay as in `start`, and are held against the others at each step
    mean      [N, T, T], rows that sum to 1: colors are averaged so at each step, over regions of one paint
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
        # Clamped: guidance asks for more than paint can give, and would pile up over the steps.
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
