"""The painter: decides the colors of all regions of a drawing together, from painted drawings.

The matcher scores pairs of regions, each by itself, and knows no colors. The painter refines the best pairs, in a few
rounds, by what only shows together. In each round every pair gets new evidence. Do the neighbors of both match as well?
Do both lie between the same colors? Did their neighbors move alike? Do other regions claim the same counterpart? A
small network weighs the evidence and corrects the pair's score; the colors that follow are the next round's.

Colors enter only by which regions share one, so that any palette works. In the lineage of relaxation labeling
(Rosenfeld et al. 1976), of learned graph matching (SuperGlue, Sarlin et al. 2020), and, for paint, of BasicPBC (Dai et
al. 2024).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from framecolor.networks.painter_pairs import ABSENT, Pairs, Places

# Of each region, this many pairs are refined, those of the best scores; the others do not count.
_MOST_PAIRS = 64
# A region of unknown color takes the place of one that is known only if it scores higher by this: a shot with many
# corrections has many.
_UNTOLD = 8.0
_LOOKS = 4
_PAIR_EVIDENCE, _ROW_EVIDENCE = 18 + _LOOKS, 6
_LEAST = 1e-4
# Initial reach of nearness, in units of the figure's size, and the least.
_REACH, _LEAST_REACH = 0.15, 0.02
# A region's best score is at least this.
_LEAST_BEST = -60.0


@dataclass(frozen=True, eq=False)
class Drawing:
    """The regions of a drawing, or of several: tensors with the dimensions of a batch, ..., first.

    tokens   [..., N, tokens], by the matcher
    shape    [..., N, SHAPE_TRAITS]
    contact  [..., N, N], share of a region's outline along another
    """

    tokens: Tensor
    shape: Tensor
    contact: Tensor


class Painter(nn.Module):
    """Refines the matcher's scores and decides colors.

    tokens  values of the matcher's token of a region
    width   values of a region's look
    hidden  width of the networks that weigh evidence
    rounds  of refinement
    """

    def __init__(self, tokens: int, width: int = 64, hidden: int = 24, rounds: int = 4) -> None:
        super().__init__()
        self.tokens, self.width, self.hidden, self.rounds = tokens, width, hidden, rounds
        self.looks = nn.Sequential(
            nn.LayerNorm(tokens), nn.Linear(tokens, 2 * width), nn.SiLU(), nn.Linear(2 * width, width)
        )
        self.weigh = nn.ModuleList(_small_network(_PAIR_EVIDENCE, hidden) for _ in range(rounds))
        self.lose = nn.ModuleList(_small_network(_ROW_EVIDENCE, hidden) for _ in range(rounds))
        self.focus = nn.Parameter(torch.full((rounds,), 1.0))
        self.reach = nn.Parameter(torch.full((rounds,), _REACH))

    def decide(
        self, target: Drawing, known: Tensor, memory: Drawing, members: Tensor, score: Tensor, unmatched: Tensor
    ) -> list[tuple[Tensor, Tensor]]:
        """Decide about the colors of a drawing with A regions, from K painted drawings with R regions each.

        target, known  [B, A, ...]; known [B, A, P] is 1 for the color of a region that is known already
        memory         [B, K, R, ...]
        members        [B, K, R, P], 1 for the color of a region, of a palette of P; all 0 if it is not known
        score          [B, A, K, R], the matcher's logits of all pairs; ABSENT for padding, of either side
        unmatched      [B, A], its logits of having no counterpart
        Returns, after each round, logits of colors [B, A, P] and of having no counterpart [B, A].
        """
        pairs = self._choose(target, memory, members, score)
        places = pairs.places
        offered = members.amax((1, 2))
        present = (score.flatten(2).amax(2) > ABSENT / 2).to(score.dtype)
        near_colors = memory.contact @ members
        apart, apart_memory = _square_distances(target.shape), _square_distances(memory.shape)
        present_memory = (score.amax(1) > ABSENT / 2).to(score.dtype)
        given = known.amax(-1, keepdim=True)
        current, rounds = pairs.score, []
        logits = pairs.join(current, offered)
        for i in range(self.rounds):
            color = _share_out(logits, unmatched) * (1 - given) + known
            best = logits.amax(-1).clamp_min(_LEAST_BEST)
            dense = places.spread(current)
            matched = _assign(dense, unmatched, self.focus[i])
            sure = matched.sum(-1)
            near = _nearness(apart, present, self.reach[i])
            near_memory = _nearness(apart_memory, present_memory, self.reach[i])
            evidence = [
                (current - best[..., None]).clamp(-12, 4),
                (current - unmatched[..., None]).clamp(-12, 12),
                (current - places.pick_region(dense.logsumexp(1))).clamp_min(-12),
                places.pick(_support(target.contact, matched, memory.contact)),
                places.pick(_support(near, matched, near_memory)),
                places.pick_key(sure[..., None])[..., 0],
                pairs.agree(target.contact @ color, near_colors, offered),
                pairs.agree(near @ color, near_memory @ members, offered),
                (pairs.members @ color[..., None])[..., 0],
                pairs.told,
                *pairs.stray((target.contact, near), matched, sure),
                pairs.larger,
                pairs.larger.abs(),
                pairs.paper,
                target.shape[..., 2:3].expand_as(current) / 4,
                color.amax(-1, keepdim=True).expand_as(current),
                *(4 * alike for alike in pairs.alike),
                pairs.apart.square().sum(-1).add(1e-6).sqrt().clamp_max(2),
            ]
            # Stacked first and turned then: engines copy whole planes faster than single values.
            current = current + self._weigh(i, torch.stack(evidence, 1).permute(0, 2, 3, 1), pairs.there)
            rows = [
                (best - unmatched).clamp(-12, 12),
                color.amax(-1),
                -(color * (color + _LEAST).log()).sum(-1),
                sure.amax(-1),
                (target.contact @ sure.amax(-1, keepdim=True))[..., 0],
                target.shape[..., 2] / 4,
            ]
            unmatched = unmatched + self.lose[i](torch.stack(rows, -1))[..., 0]
            logits = pairs.join(current, offered)
            rounds.append((logits, unmatched))
        return rounds

    def _weigh(self, i: int, evidence: Tensor, there: Tensor) -> Tensor:
        """Weigh the evidence of pairs [B, A, T, traits] in round i; in training, padding is left out to save time."""
        if not self.training:
            return self.weigh[i](evidence)[..., 0] * there
        real = there > 0
        return torch.zeros_like(there).masked_scatter(real, self.weigh[i](evidence[real])[..., 0])

    def _choose(self, target: Drawing, memory: Drawing, members: Tensor, score: Tensor) -> Pairs:
        """Choose the pairs with the best scores of each region; those that tell no color must be clearly better."""
        _, _, keys, most = score.shape
        flat = score.flatten(2) - _UNTOLD * (1 - members.amax(-1).flatten(1)[:, None])
        widened = torch.cat([flat, torch.full_like(flat[..., :1], ABSENT).expand(-1, -1, _MOST_PAIRS)], 2)
        top, at = widened.topk(_MOST_PAIRS, dim=2)
        there = (top > ABSENT / 2).to(score.dtype)
        at = torch.where(there > 0, at, torch.zeros_like(at))
        places = Places(at, there, keys, most)
        shape = places.pick_region(memory.shape)
        looks = [self._look(drawing).unbind(-2) for drawing in (target, memory)]
        alike = [places.pick(own @ other.flatten(1, 2).transpose(1, 2)) for own, other in zip(*looks, strict=True)]
        chosen = places.pick_region(members) * there[..., None]
        paper, own_paper = shape[..., 5], target.shape[..., None, 5]
        return Pairs(
            score=top + _UNTOLD * (there - chosen.amax(-1)),
            there=there,
            places=places,
            members=chosen,
            place=target.shape[..., :2],
            memory_place=memory.shape[..., :2],
            apart=shape[..., :2] - target.shape[..., None, :2],
            larger=(shape[..., 2] - target.shape[..., None, 2]).clamp(-4, 4),
            paper=paper * (1 - own_paper) + own_paper * (1 - paper),
            alike=alike,
        )

    def _look(self, drawing: Drawing) -> Tensor:
        """Compute the looks of regions, unit vectors [..., N, _LOOKS, width / _LOOKS]."""
        return F.normalize(self.looks(drawing.tokens).unflatten(-1, (_LOOKS, -1)), dim=-1)


def _assign(score: Tensor, unmatched: Tensor, focus: Tensor) -> Tensor:
    """Assign each region to those of each drawing, softly: [B, A, K, R], the rest to none."""
    none = unmatched[:, :, None, None].expand(-1, -1, score.shape[2], 1)
    return (focus * torch.cat([score, none], -1)).softmax(-1)[..., :-1]


def _support(weights: Tensor, matched: Tensor, memory_weights: Tensor) -> Tensor:
    """Measure how far the regions around both match each other, in [0, 1]: [B, A, K, R].

    weights [B, A, A] and memory_weights [B, K, R, R] say which regions are around, and how much.
    """
    around = (weights @ matched.flatten(2)).reshape(matched.shape)
    return (around.transpose(1, 2) @ memory_weights.transpose(2, 3)).transpose(1, 2)


def _share_out(logits: Tensor, unmatched: Tensor) -> Tensor:
    """Compute probabilities of colors [B, A, P] from their logits; the rest is having no counterpart."""
    return torch.cat([logits, unmatched[..., None]], -1).softmax(-1)[..., :-1]


def _square_distances(shape: Tensor) -> Tensor:
    """Compute the squared distances between the places of regions, [..., N, N]."""
    x, y = shape[..., 0], shape[..., 1]
    return (x[..., None] - x[..., None, :]).square() + (y[..., None] - y[..., None, :]).square()


def _nearness(apart: Tensor, present: Tensor, reach: Tensor) -> Tensor:
    """Weigh the other regions of a drawing by their squared distance [..., N, N]; rows sum to 1."""
    near = (-apart / reach.clamp_min(_LEAST_REACH).square()).exp() * present[..., None, :]
    place = torch.arange(near.shape[-1], device=near.device)
    near = near * (place[:, None] != place).to(near.dtype)
    return near / (near.sum(-1, keepdim=True) + 1e-3)


def _small_network(traits: int, hidden: int) -> nn.Sequential:
    """Make a network that changes nothing at first."""
    last = nn.Linear(hidden, 1)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Linear(traits, hidden), nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), last)
