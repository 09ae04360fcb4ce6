"""The pairs that the painter weighs: the best of each region with those of painted drawings, and where they lie.

Values are picked by `index_select` from one long row or by a product, not by `gather`, which TensorRT limits to as many
as there are to pick from, and which OpenVINO runs slowly.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from framecolor.core.constants import SHARPNESS

ABSENT = -1e4
"""The score of a pair of which one region is not there."""
_LEAST = 1e-4
# Subtracted from logits that do not count.
_NEVER = 1e4


class Places:
    """Where T pairs of each of A regions lie among all with the regions of K painted drawings, up to R each.

    region      int64 [B, A, T]: index of the painted region among all K * R; 0 for padding
    there       [B, A, T]: 1 for a pair, 0 for padding
    keys, most  K and R
    """

    def __init__(self, region: Tensor, there: Tensor, keys: int, most: int) -> None:
        batch, count, pairs = region.shape
        self.keys, self.most = keys, most
        size = keys * most

        def number(n: int) -> Tensor:
            return torch.arange(n, device=region.device)

        self._shape = batch, count, pairs
        self._region = (region + number(batch)[:, None, None] * size).flatten()
        self._pair = (region + number(batch * count).reshape(batch, count, 1) * size).flatten()
        # Each padding has a column of its own after all others.
        self._column = torch.where(there > 0, region, size + number(pairs))
        self._key = ((region // most)[..., None] == number(keys)).to(there.dtype)

    def pick(self, values: Tensor) -> Tensor:
        """Pick the values of the pairs [B, A, T] from those of all, [B, A, K * R] or [B, A, K, R]."""
        return values.flatten().index_select(0, self._pair).reshape(self._shape)

    def pick_region(self, values: Tensor) -> Tensor:
        """Pick the values of the painted regions [B, A, T, ...] from those of all, [B, K, R, ...]."""
        picked = values.flatten(0, 2).index_select(0, self._region)
        return picked.reshape(*self._shape, *values.shape[3:])

    def pick_key(self, values: Tensor) -> Tensor:
        """Pick the values of the painted drawings [B, A, T, n] from [B, A, K, n]."""
        return self._key @ values

    def spread(self, values: Tensor) -> Tensor:
        """Spread values of the pairs [B, A, T] over all, [B, A, K, R]; ABSENT if there is none."""
        batch, count, pairs = self._shape
        size = self.keys * self.most
        empty = torch.full_like(values[..., :1], ABSENT).expand(-1, -1, size + pairs)
        return empty.scatter(2, self._column, values)[..., :size].reshape(batch, count, self.keys, self.most)


@dataclass(frozen=True, eq=False)
class Pairs:
    """T pairs of each of A regions with regions of K painted drawings.

    score, there  [B, A, T]: by the matcher; 1 for a pair, 0 for padding
    members       [B, A, T, P]: the color of the painted region
    place, memory_place  [B, A, 2] and [B, K, R, 2]
    apart         [B, A, T, 2]: from the region's place to that of the painted one
    larger, paper, alike  [B, A, T] each: difference of log areas, whether one of both is paper, cosines of looks
    """

    score: Tensor
    there: Tensor
    places: Places
    members: Tensor
    place: Tensor
    memory_place: Tensor
    apart: Tensor
    larger: Tensor
    paper: Tensor
    alike: list[Tensor]

    @property
    def told(self) -> Tensor:
        """1 where the painted region's color is known, [B, A, T]."""
        return self.members.amax(-1)

    def join(self, score: Tensor, offered: Tensor) -> Tensor:
        """Join scores [B, A, T] over the regions of each color, [B, A, P]: it scores as its best one does."""
        sharp = SHARPNESS * score + (self.told - 1) * _NEVER
        top = sharp.amax(dim=2, keepdim=True)
        joined = ((sharp - top).exp()[..., None, :] @ self.members)[..., 0, :].clamp_min(1e-30).log()
        return (joined + top) / SHARPNESS + (offered[:, None] - 1) * _NEVER

    def agree(self, around: Tensor, near: Tensor, offered: Tensor) -> Tensor:
        """Measure how alike the colors around both are, in [0, 1]: around [B, A, P], near [B, K, R, P].

        Only the colors that are offered count, [B, P], so that others in the palette change nothing.
        """
        roots = near.flatten(1, 2).add(_LEAST).sqrt().transpose(1, 2)
        return self.places.pick((around.add(_LEAST).sqrt() * offered[:, None]) @ roots)

    def stray(self, around: tuple[Tensor, ...], matched: Tensor, sure: Tensor) -> list[Tensor]:
        """Measure how far pairs' displacements are from those of the regions around, by each of the weights `around`.

        around   [B, A, A] each
        matched  [B, A, K, R]; sure [B, A, K] is its sum
        Returns [B, A, T] for each of the weights.
        """
        arrived = (matched.transpose(1, 2) @ self.memory_place).transpose(1, 2)
        moved = (arrived - sure[..., None] * self.place[:, :, None]).flatten(2)
        strays = []
        for weights in around:
            drift = (weights @ moved).reshape(arrived.shape) / ((weights @ sure)[..., None] + 0.05)
            apart = self.apart - self.places.pick_key(drift)
            strays.append(apart.square().sum(-1).add(1e-6).sqrt().clamp_max(2))
        return strays
