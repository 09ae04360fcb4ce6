"""Losses of adversaries: what a critic learns from true and painted pictures, and what it tells the one who paints.

Scores are tensors of any shape: one a picture, or one for each patch of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Kind = Literal["bce", "lsgan", "wgan"]


def critic_loss(kind: Kind, real: Tensor, fake: Tensor) -> Tensor:
    """The critic's loss from its scores of true pictures and of painted ones (these without a gradient to the painter).

    bce    cross-entropy of the odds (Goodfellow et al. 2014; deepcolor, pix2pix)
    lsgan  squared distance from 1 and 0 (Mao et al. 2017; CycleGAN)
    wgan   distance of the means (Arjovsky et al. 2017; PaintsTorch); add `gradient_penalty`
    The first two are halved, as is usual, so that the critic learns slower than what it judges.
    """
    if kind == "bce":
        return 0.5 * (F.softplus(-real).mean() + F.softplus(fake).mean())
    if kind == "lsgan":
        return 0.5 * ((real - 1).square().mean() + fake.square().mean())
    return fake.mean() - real.mean()


def painter_loss(kind: Kind, fake: Tensor) -> Tensor:
    """What the painter learns from the critic's scores of its pictures: to be taken for true."""
    if kind == "bce":
        return F.softplus(-fake).mean()
    if kind == "lsgan":
        return (fake - 1).square().mean()
    return -fake.mean()


def gradient_penalty(score: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """How far the critic's slope is from 1 between true and painted pictures (WGAN-GP, Gulrajani et al. 2017).

    score  the critic, as a function of the picture alone
    real, fake  [N, C, H, W], no gradient needed
    share  [N] in [0, 1], how far from `fake` to `real` each picture is looked at: part of the batch, not drawn here, so
           that a resumed training goes on exactly
    """
    mixed = torch.lerp(fake.detach(), real.detach(), share.view(-1, 1, 1, 1)).requires_grad_(True)
    (slope,) = torch.autograd.grad(score(mixed).sum(), mixed, create_graph=True)
    # The root has no slope at 0, where a new critic may be.
    return ((slope.flatten(1).square().sum(dim=1) + 1e-12).sqrt() - 1).square().mean()
