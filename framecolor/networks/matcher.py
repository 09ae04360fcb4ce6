"""The matcher: finds the same region in another drawing.

A region's token is made of the generator's features pooled over it, of crops of its surroundings at a finer scale
(`lineart.region_crops`), of its position and its shape. Layers of self-attention within a drawing come first, then
layers of cross-attention between two drawings, each followed by self-attention. Pairs are scored by the product of
their tokens plus the cosine of their pooled features. In the lineage of LightGlue (Lindenberger et al. 2023), for
points, and BasicPBC (Dai et al. 2024), for paint.

A drawing's tokens are made once (`describe`) and compared with many drawings (`compare`).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from framecolor.networks.crop_encoder import CropEncoder

# Place x, y, log area share, elongation as a vector (`lineart.region_shapes.Shapes.traits`), and whether it is paper.
SHAPE_TRAITS = 6
_OCTAVES = 4
_PAIR_TRAITS = 5
_PAIR_WIDTH = 16
# Scale of the overlap by flow under a logarithm, so that a tenth already counts.
_FLOW_GAIN = 20.0
# Initial scale of the cosine, and the cosine below which there is no match: the base weights alone match well so.
_LIKENESS, _UNMATCHED = 32.0, 0.8
# How much of its popularity a candidate loses: a region that is like all others is a poor counterpart.
_RIVALRY = 0.5
# Subtracted from the logits of padding rows.
_NEVER = 1e4


class Matcher(nn.Module):
    """Computes tokens of regions, and scores of pairs of them.

    features, context  channels of the generator's features and context; a region's input is both, pooled over it
    seen               values of its crops, another input
    """

    def __init__(
        self,
        features: int,
        context: int,
        width: int = 96,
        heads: int = 4,
        own_layers: int = 2,
        pair_layers: int = 2,
        seen: int = 64,
    ) -> None:
        super().__init__()
        self.features, self.context, self.width, self.heads, self.seen = features, context, width, heads, seen
        region_channels = features + context
        self.own_layers, self.pair_layers = own_layers, pair_layers
        self.crops = CropEncoder(seen)
        self.look_norm = nn.LayerNorm(region_channels)
        self.enter = nn.Linear(region_channels + seen + SHAPE_TRAITS + 4 * _OCTAVES, width)
        self.relate = nn.Sequential(
            nn.Linear(_PAIR_TRAITS, _PAIR_WIDTH), nn.SiLU(), nn.Linear(_PAIR_WIDTH, own_layers * heads)
        )
        self.own = nn.ModuleList(_Attention(width, heads) for _ in range(own_layers))
        self.cross = nn.ModuleList(_Attention(width, heads) for _ in range(pair_layers))
        self.settle = nn.ModuleList(_Attention(width, heads) for _ in range(pair_layers))
        self.by_flow = nn.Parameter(torch.full((pair_layers, heads, 2), 0.5))
        self.by_contact = nn.Parameter(torch.full((pair_layers, heads), 1.0))
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width))
        self.likeness = nn.Parameter(torch.tensor(_LIKENESS))
        self.flow_score = nn.Parameter(torch.tensor([0.5, 0.5]))
        self.rivalry = nn.Parameter(torch.tensor(_RIVALRY))
        to_unmatched = nn.Linear(width, 1)
        nn.init.constant_(to_unmatched.bias, _UNMATCHED * _LIKENESS)
        self.unmatched = nn.Sequential(nn.LayerNorm(width), to_unmatched)

    @property
    def tokens(self) -> int:
        """Values of a token."""
        return self.width + self.features + self.seen

    def describe(
        self, features: Tensor, shape: Tensor, contact: Tensor, seen: Tensor, present: Tensor | None = None
    ) -> Tensor:
        """Compute the tokens [N, tokens] of a drawing's N regions.

        features  [N, F + C], the generator's features and context, pooled
        shape     [N, SHAPE_TRAITS]
        contact   [N, N], share of a region's outline along another
        seen      [N, seen], crops as `crops` encodes them
        present   [N], 1 for a region, 0 for padding, which no region attends to; None: no padding
        """
        place = shape[:, :2]
        waves = torch.cat([place * (math.pi * 2**octave) for octave in range(_OCTAVES)], dim=1)
        tokens = self.enter(torch.cat([self.look_norm(features), shape, waves.sin(), waves.cos(), seen], dim=1))
        apart = place[None] - place[:, None]
        pairs = torch.stack(
            [apart[..., 0], apart[..., 1], apart.square().sum(-1).add(1e-6).sqrt(), contact, contact.T], dim=-1
        )
        bias = self.relate(pairs).permute(2, 0, 1).reshape(self.own_layers, self.heads, *contact.shape)
        for layer, near in zip(self.own, _hide(bias, present), strict=True):
            tokens = layer(tokens, tokens, near)
        return torch.cat([tokens, F.normalize(features[:, : self.features], dim=1), seen], dim=1)

    def compare(
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
        """Score the regions of drawings a and b as logits: pairs [A, B] and [B, A], no counterpart [A] and [B].

        a, b                  tokens [A, tokens] and [B, tokens]
        contact_a, contact_b  [A, A] and [B, B], as in `describe`
        flow_ab, flow_ba      [A, B] and [B, A], share of each region that flow takes to each of the other drawing; all
                              0 if there is no flow
        present_a, present_b  [A] and [B], as in `describe`; scores of padding are meaningless
        """
        parts = [self.width, self.features, self.seen]
        (a, plain_a, _), (b, plain_b, _) = (tokens.split(parts, dim=1) for tokens in (a, b))
        flow_ahead, flow_back = (flow_ab * _FLOW_GAIN).log1p(), (flow_ba * _FLOW_GAIN).log1p().T
        for i, (cross, settle) in enumerate(zip(self.cross, self.settle, strict=True)):
            weight = self.by_flow[i][:, :, None, None]
            near = weight[:, 0] * flow_ahead + weight[:, 1] * flow_back
            a, b = cross(a, b, _hide(near, present_b)), cross(b, a, _hide(near.transpose(1, 2), present_a))
            touch = self.by_contact[i][:, None, None]
            a = settle(a, a, _hide(touch * contact_a, present_a))
            b = settle(b, b, _hide(touch * contact_b, present_b))
        score = self.leave(a) @ self.leave(b).T / math.sqrt(self.width)
        score = score + self.likeness * (plain_a @ plain_b.T)
        score = score + self.flow_score[0] * flow_ahead + self.flow_score[1] * flow_back
        ahead, back = self._among(score, present_a, present_b), self._among(score.T, present_b, present_a)
        return ahead, back, self.unmatched(a)[:, 0], self.unmatched(b)[:, 0]

    def _among(self, score: Tensor, rows: Tensor | None, candidates: Tensor | None) -> Tensor:
        """Lower the scores of candidates that many rows prefer. rows, candidates: which are present; None: all."""
        popular = _hide(score.T, rows).logsumexp(1)
        usual = popular.mean() if candidates is None else (popular * candidates).sum() / candidates.sum()
        return score - self.rivalry * (popular - usual)


def _hide(logits: Tensor, present: Tensor | None) -> Tensor:
    """Lower the logits [..., N] of padding, so that its weight is 0."""
    return logits if present is None else logits + (present - 1) * _NEVER


class _Attention(nn.Module):
    """One layer of attention from one set of tokens to another with a given bias, then a feed-forward layer."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.feed = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, width)
        )

    def forward(self, tokens: Tensor, others: Tensor, bias: Tensor) -> Tensor:
        """Update tokens [N, width] from others [M, width], with a bias [heads, N, M] on the logits."""
        query = self._split(self.query(self.norm(tokens)))
        key, value = (self._split(part) for part in self.key_value(self.norm(others)).chunk(2, dim=1))
        attended = F.scaled_dot_product_attention(query[None], key[None], value[None], attn_mask=bias[None])[0]
        tokens = tokens + self.out(attended.transpose(0, 1).flatten(1))
        return tokens + self.feed(tokens)

    def _split(self, rows: Tensor) -> Tensor:
        return rows.unflatten(1, (self.heads, -1)).transpose(0, 1)
