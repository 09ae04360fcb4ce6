"""The functions of matcher and painter as modules that engines compile, with linear layers in half if asked for."""

from __future__ import annotations

import copy
from typing import TypeVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from framecolor.networks.matcher import SHAPE_TRAITS, Matcher
from framecolor.networks.painter import Drawing, Painter

Network = TypeVar("Network", bound=nn.Module)


class DescribePass(nn.Module):
    """The tokens of a drawing's regions [N, T]: those of `Matcher.describe`, and shape.

    Takes the matcher's inputs and crops [N, CROP_SCALES, CROP_PLANES, CROP_PX, CROP_PX] in [0, 1], and with padding
    `present` [N]; float32 in and out.
    """

    def __init__(self, matcher: Matcher, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.matcher = narrow_products(matcher, dtype)

    def forward(
        self, features: Tensor, shape: Tensor, contact: Tensor, crops: Tensor, present: Tensor | None = None
    ) -> Tensor:
        tokens = self.matcher.describe(features, shape, contact, self.matcher.crops(crops), present)
        return torch.cat([tokens, shape], dim=1)


class ComparePass(nn.Module):
    """`Matcher.compare` of tokens by `DescribePass`, with padding if `present_a` and `present_b` are given."""

    def __init__(self, matcher: Matcher, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.matcher = narrow_products(matcher, dtype)

    def forward(
        self,
        a: Tensor,
        b: Tensor,
        contact_a: Tensor,
        contact_b: Tensor,
        flow_ab: Tensor,
        flow_ba: Tensor,
        present_a: Tensor | None = None,
        present_b: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        a, b = a[:, : self.matcher.tokens], b[:, : self.matcher.tokens]
        return self.matcher.compare(a, b, contact_a, contact_b, flow_ab, flow_ba, present_a, present_b)


class DecidePass(nn.Module):
    """`Painter.decide` for one drawing, from tokens by `DescribePass`: see `matching.question.Question`.

    Returns logits of colors [A, P] and of having no counterpart [A]. What is padding has a score of ABSENT.
    """

    def __init__(self, painter: Painter, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.painter = narrow_products(painter, dtype)
        self.parts = [painter.tokens, SHAPE_TRAITS]

    def forward(
        self,
        tokens: Tensor,
        contact: Tensor,
        known: Tensor,
        memory: Tensor,
        memory_contact: Tensor,
        members: Tensor,
        score: Tensor,
        unmatched: Tensor,
    ) -> tuple[Tensor, Tensor]:
        target, source = self._split(tokens, contact), self._split(memory, memory_contact)
        rounds = self.painter.decide(target, known[None], source, members[None], score[None], unmatched[None])
        color, lost = rounds[-1]
        return color[0], lost[0]

    def _split(self, rows: Tensor, contact: Tensor) -> Drawing:
        tokens, shape = rows[None].split(self.parts, dim=-1)
        return Drawing(tokens, shape, contact[None])


def narrow_products(network: Network, dtype: torch.dtype) -> Network:
    """Copy a network for inference with linear layers that compute in dtype; parameters keep their names.

    Everything else stays float32: norms, attention, and the scores, whose logits of up to 32 are too large for half's
    precision.
    """
    narrowed = copy.deepcopy(network).eval().requires_grad_(False)
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
