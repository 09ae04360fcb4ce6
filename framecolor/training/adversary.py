"""Losses of adversaries: what a critic pays for its scores, and what a painter pays for not being taken for real.

Scores are logits of any shape, one for each picture or for each patch of it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def bce_critic(real: Tensor, painted: Tensor) -> Tensor:
    """Binary cross-entropy of telling real pictures from painted ones (Goodfellow et al. 2014), a scalar."""
    right = F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
    return (right + F.binary_cross_entropy_with_logits(painted, torch.zeros_like(painted))) / 2


def bce_painter(painted: Tensor) -> Tensor:
    """What a painter pays: the cross-entropy of its pictures being taken for real, a scalar."""
    return F.binary_cross_entropy_with_logits(painted, torch.ones_like(painted))
