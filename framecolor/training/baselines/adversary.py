"""Losses of adversarial training: of a critic, from true and painted pictures, and of the painter.

Scores are tensors of any shape: one per picture, or one per patch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Kind = Literal["bce", "lsgan", "wgan"]


def critic_loss(kind: Kind, real: Tensor, fake: Tensor) -> Tensor:
    """Compute the critic's loss from its scores of true pictures and of painted ones (detached from the painter).

    bce    cross-entropy of the logits (Goodfellow et al. 2014; deepcolor, pix2pix)
    lsgan  squared distance from 1 and 0 (Mao et al. 2017; CycleGAN)
    wgan   difference of the means (Arjovsky et al. 2017; PaintsTorch); add `gradient_penalty`
    The first two are halved, as usual, so that the critic learns more slowly than the painter.
    """
    if kind == "bce":
        return 0.5 * (F.softplus(-real).mean() + F.softplus(fake).mean())
    if kind == "lsgan":
        return 0.5 * ((real - 1).square().mean() + fake.square().mean())
    return fake.mean() - real.mean()


def painter_loss(kind: Kind, fake: Tensor) -> Tensor:
    """Compute the painter's loss from the critic's scores of its pictures: they should be taken for true."""
    if kind == "bce":
        return F.softplus(-fake).mean()
    if kind == "lsgan":
        return (fake - 1).square().mean()
    return -fake.mean()


def gradient_penalty(score: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """Penalize slopes of the critic other than 1 between true and painted pictures (WGAN-GP, Gulrajani et al. 2017).

    score  the critic, as a function of the picture alone
    real, fake  [N, C, H, W], without gradient
    share  [N] in [0, 1], the point from `fake` to `real` at which each slope is measured; part of the batch, so that a
           resumed training is exact
    """
    mixed = torch.lerp(fake.detach(), real.detach(), share.view(-1, 1, 1, 1)).requires_grad_(True)
    (slope,) = torch.autograd.grad(score(mixed).sum(), mixed, create_graph=True)
    # The square root has no gradient at 0, where the slope of a new critic may be.
    return ((slope.flatten(1).square().sum(dim=1) + 1e-12).sqrt() - 1).square().mean()
