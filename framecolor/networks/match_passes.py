"""The matcher's functions as modules that engines compile, with linear layers in half if asked for."""

from __future__ import annotations

import copy
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from framecolor.networks.matcher import Matcher


class DescribePass(nn.Module):
    """`Matcher.describe`: float32 features, shape and contact in, float32 tokens out."""

    def __init__(self, matcher: Matcher, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.matcher = narrow_products(matcher, dtype)

    def forward(self, features: Tensor, shape: Tensor, contact: Tensor) -> Tensor:
        return self.matcher.describe(features, shape, contact)


class ComparePass(nn.Module):
    """`Matcher.compare`: float32 tokens, contacts and shares by flow in, float32 scores out."""

    def __init__(self, matcher: Matcher, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.matcher = narrow_products(matcher, dtype)

    def forward(
        self, a: Tensor, b: Tensor, contact_a: Tensor, contact_b: Tensor, flow_ab: Tensor, flow_ba: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.matcher.compare(a, b, contact_a, contact_b, flow_ab, flow_ba)


class PaddedDescribePass(nn.Module):
    """`DescribePass` with padding rows, so that engines that prepare each size anew have few sizes."""

    def __init__(self, matcher: Matcher) -> None:
        super().__init__()
        self.matcher = narrow_products(matcher, torch.float32)

    def forward(self, features: Tensor, shape: Tensor, contact: Tensor, present: Tensor) -> Tensor:
        return self.matcher.describe(features, shape, contact, present)


class PaddedComparePass(nn.Module):
    """`ComparePass` with padding rows."""

    def __init__(self, matcher: Matcher) -> None:
        super().__init__()
        self.matcher = narrow_products(matcher, torch.float32)

    def forward(
        self,
        a: Tensor,
        b: Tensor,
        contact_a: Tensor,
        contact_b: Tensor,
        flow_ab: Tensor,
        flow_ba: Tensor,
        present_a: Tensor,
        present_b: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.matcher.compare(a, b, contact_a, contact_b, flow_ab, flow_ba, present_a, present_b)


def narrow_products(matcher: Matcher, dtype: torch.dtype) -> Matcher:
    """Copy the matcher for inference with linear layers that compute in dtype; parameters keep their names.

    Everything else stays float32: norms, attention, and the scores, whose logits of up to 32 are too large for half's
    precision.
    """
    narrowed = copy.deepcopy(matcher).eval().requires_grad_(False)
    if dtype != torch.float32:
        for module in list(narrowed.modules()):
            for name, child in module.named_children():
                if isinstance(child, nn.Linear):
                    setattr(module, name, _NarrowLinear(child, dtype))
    return narrowed


class _NarrowLinear(nn.Module):
    """A linear layer computed in another dtype, float32 in and out."""

    def __init__(self, linear: nn.Linear, dtype: torch.dtype) -> None:
        super().__init__()
        self.weight = nn.Parameter(linear.weight.detach().to(dtype), requires_grad=False)
        self.bias = nn.Parameter(cast(Tensor, linear.bias).detach().to(dtype), requires_grad=False)

    def forward(self, rows: Tensor) -> Tensor:
        return F.linear(rows.to(self.weight.dtype), self.weight, self.bias).float()
