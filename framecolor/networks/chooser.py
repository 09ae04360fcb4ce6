"""The chooser: chooses one of the given colors for each region of a drawing.

Colors are given by strokes, which lie in some of the regions, or by a palette, which has no places. The chooser starts
from two simple answers, the nearest stroke and the flow of strokes through neighbors, and learns which regions share a
paint, though others lie between: both eyes, both boots, all of a coat.

Layers of self-attention compare the regions of the drawing. Then each region is scored against every region with a
stroke and against every color; in a few rounds, regions that share a paint agree on one color.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from framecolor.networks.matcher import SHAPE_TRAITS

CANDIDATE_VALUES = 5
"""Of a color: red, green and blue in [-1, 1], the root of its share (0 if unknown), and 1 (0: padding)."""
_OCTAVES = 4
_KINDS, _KIN = 4, 32
_PAIR_TRAITS, _PAIR_WIDTH = 12 + _KINDS, 32
_VOTE = 64
_NEVER = -1e4
# The least logit of a color by strokes, and the least share of a flow.
_LEAST, _LEAST_FLOW = -30.0, 1e-2
# Affinities are limited to this.
_MOST_ALIKE = 4.0


@dataclass(frozen=True, eq=False)
class Choice:
    """N drawings with T regions and C colors to choose from, padded.

    tokens      [N, T, V], what the networks see of each region (`matching.choices`)
    shape       [N, T, SHAPE_TRAITS]
    contact     [N, T, T], share of a region's outline along another
    apart       [N, T, T], distance over neighbors, in units of the figure's size
    there       [N, T], 1 for a region
    known       [N, T, C], 1 for the color of a region whose color is known
    candidates  [N, C, CANDIDATE_VALUES]; the first is paper
    flow        [N, T, C], share of a region that strokes flow to through neighbors
    near        [N, T, C], distance to the nearest stroke, beyond that of the nearest color
    """

    tokens: Tensor
    shape: Tensor
    contact: Tensor
    apart: Tensor
    there: Tensor
    known: Tensor
    candidates: Tensor
    flow: Tensor
    near: Tensor


class Chooser(nn.Module):
    """The network of the module's text.

    tokens   values of a region's token
    width, layers, heads  of the attention
    rounds   of agreement
    """

    name = "chooser"

    def __init__(self, tokens: int = 256, width: int = 128, layers: int = 4, heads: int = 4, rounds: int = 3) -> None:
        super().__init__()
        self.sizes: dict[str, Any] = {
            "tokens": tokens, "width": width, "layers": layers, "heads": heads, "rounds": rounds,
        }  # fmt: skip
        self.heads, self.rounds, self.width = heads, rounds, width
        self.norm = nn.LayerNorm(tokens)
        self.enter = nn.Linear(tokens + SHAPE_TRAITS + 4 * _OCTAVES, width)
        self.hint = nn.Sequential(nn.Linear(CANDIDATE_VALUES, width), nn.SiLU(), nn.Linear(width, width))
        self.kin = nn.Linear(tokens, _KINDS * _KIN)
        self.pairs = nn.Sequential(
            nn.Linear(_PAIR_TRAITS, _PAIR_WIDTH), nn.SiLU(), nn.Linear(_PAIR_WIDTH, _PAIR_WIDTH), nn.SiLU()
        )
        self.bias = nn.Linear(_PAIR_WIDTH, layers * heads)
        self.layers = nn.ModuleList(_Layer(width, heads) for _ in range(layers))
        self.leave = nn.LayerNorm(width)
        self.ask, self.answer = nn.Linear(width, 2 * _VOTE), nn.Linear(width, 2 * _VOTE)
        self.vote = nn.Linear(_PAIR_WIDTH, 2)
        self.color = nn.Sequential(nn.Linear(CANDIDATE_VALUES, width), nn.SiLU(), nn.Linear(width, width))
        self.fit, self.prior, self.none = nn.Linear(width, width), nn.Linear(width, 1), nn.Linear(width, 1)
        self.simple = nn.Parameter(torch.tensor([1.0, 1.0]))
        self.agree = nn.Parameter(torch.full((rounds,), 0.5))

    def forward(self, choice: Choice) -> tuple[list[Tensor], Tensor]:
        """Compute logits [N, T, C + 1] after each round, the last column for none of the colors, and whether two
        regions share a paint, log-odds [N, T, T]."""
        norm = self.norm(choice.tokens)
        pairs = self.pairs(self._compare(choice, norm))
        x = self._enter(choice, norm)
        bias = self.bias(pairs).permute(0, 3, 1, 2) + (choice.there[:, None, None] - 1) * -_NEVER
        for layer, own in zip(self.layers, bias.split(self.heads, dim=1), strict=True):
            x = layer(x, own)
        x = self.leave(x)
        ask, answer = (part(x).unflatten(-1, (2, -1)).transpose(1, 2) for part in (self.ask, self.answer))
        votes = (ask @ answer.transpose(-1, -2) / math.sqrt(_VOTE)).permute(0, 2, 3, 1) + self.vote(pairs)
        direct, alike = votes.float().unbind(-1)
        alike = (alike + alike.transpose(1, 2)) / 2
        return self._settle(choice, x, direct, alike), alike

    def _enter(self, choice: Choice, norm: Tensor) -> Tensor:
        place = choice.shape[..., :2]
        waves = torch.cat([place * (math.pi * 2**octave) for octave in range(_OCTAVES)], dim=-1)
        x = self.enter(torch.cat([norm, choice.shape, waves.sin(), waves.cos()], dim=-1))
        hinted = choice.known.amax(-1, keepdim=True)
        return x + self.hint(choice.known @ choice.candidates) * hinted

    def _compare(self, choice: Choice, norm: Tensor) -> Tensor:
        """Compare all pairs of regions: [N, T, T, _PAIR_TRAITS]."""
        kin = F.normalize(self.kin(norm).unflatten(-1, (_KINDS, _KIN)).transpose(1, 2), dim=-1)
        kinship = (kin @ kin.transpose(-1, -2)).permute(0, 2, 3, 1)
        shape, contact = choice.shape, choice.contact[..., None]
        offset = shape[:, None, :, :2] - shape[:, :, None, :2]
        mirrored = shape[:, None, :, :1] + shape[:, :, None, :1]
        hinted = choice.known.amax(-1)
        same = choice.known @ choice.known.transpose(1, 2)
        traits = [
            offset,
            offset.abs(),
            offset.square().sum(-1, keepdim=True).add(1e-6).sqrt(),
            mirrored.abs(),
            contact,
            contact.transpose(1, 2),
            (shape[:, None, :, 2:3] - shape[:, :, None, 2:3]).clamp(-4, 4) / 2,
            choice.apart[..., None],
            same[..., None],
            (hinted[:, :, None] * hinted[:, None] - same)[..., None],
            4 * kinship,
        ]
        return torch.cat(traits, dim=-1)

    def _settle(self, choice: Choice, x: Tensor, direct: Tensor, alike: Tensor) -> list[Tensor]:
        """Let strokes and colors vote, then regions that share a paint agree, in rounds."""
        known, colors = choice.known, choice.candidates.shape[1]
        hinted, missing = known.amax(-1), choice.candidates[..., 4][:, None] == 0
        by_region = direct.masked_fill(hinted[:, None] == 0, _NEVER)
        # Each color is voted for by its best strokes; one without a stroke by its looks alone.
        by_color = torch.stack(
            [by_region.masked_fill(known[:, None, :, c] == 0, _NEVER).logsumexp(2) for c in range(colors)], dim=2
        )
        stroked = known.amax(1)[:, None]
        color = self.color(choice.candidates)
        fit = (self.fit(x) @ color.transpose(1, 2)) / math.sqrt(self.width) + self.prior(color)[..., 0][:, None]
        simple = self.simple[0] * (choice.flow + _LEAST_FLOW).log() - self.simple[1] * choice.near
        start = fit.float() + stroked * (by_color.clamp_min(_LEAST) + simple)
        start, none = start.masked_fill(missing, _NEVER), self.none(x).float()
        others = choice.there[:, None] * (1 - torch.eye(x.shape[1], device=x.device))
        affinity = _MOST_ALIKE * torch.tanh(alike / _MOST_ALIKE) * others
        logits = torch.cat([start, none], dim=-1)
        rounds = [logits]
        for weight in self.agree:
            belief = logits.softmax(-1)[..., :-1] * (1 - hinted[..., None]) + known
            said = weight * (affinity @ belief).masked_fill(missing, 0)
            logits = torch.cat([start + said, none], dim=-1)
            rounds.append(logits)
        return rounds


class _Layer(nn.Module):
    """Self-attention with a bias, and a feed-forward layer; both change nothing at first."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm, self.attend, self.out = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)
        last = nn.Linear(2 * width, width)
        self.feed = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.SiLU(), last)
        for linear in (self.out, last):
            nn.init.zeros_(linear.weight)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        q, k, v = self.attend(self.norm(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.feed(x)
