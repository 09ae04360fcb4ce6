"""Losses of the generator: few-shot painting by prototypes, and the color head.

All work on sampled pixels (see `framecolor.training.episodes`): features [N, P, D], and for each sample its class and
its region. Samples are drawn with probability ~ 1/sqrt(region area), so that plain means weigh small regions up.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from framecolor.core.constants import SHARPNESS
from framecolor.networks.generator import LEAST_CONFIDENCE

# Logits are this times the cosine of a feature and a prototype; fixed, so that palette heads can use the same number.
LOGIT_SCALE = 16.0
# The same between two regions. Higher, so that the nearest key region decides, not the number of regions with a color:
# on hand-drawn clips, the nearest region paints far better than mean features of colors.
REGION_SCALE = 32.0
# A hint's color is right if no channel differs by more than this.
COLOR_TOLERANCE = 0.08
_NEVER = -1e4


@dataclass(frozen=True)
class Votes:
    """Class logits of one image: of its sampled pixels [P, C], and of its regions [R, C] with their classes [R]."""

    pixel_logits: Tensor
    pixel_class: Tensor
    region_logits: Tensor
    region_class: Tensor


def pool_regions(features: Tensor, region: Tensor, count: int) -> Tensor:
    """Average the features of each region: unit vectors [count, D] from features [M, D] and region indices [M]."""
    sums = features.new_zeros(count, features.shape[1]).index_add_(0, region, features)
    return F.normalize(sums, dim=1)


def vote(
    features: Tensor, classes: Tensor, region: Tensor, region_class: Tensor, region_image: Tensor, keys: int
) -> list[Votes | None]:
    """Paint each image from the keys (the first `keys` images) other than itself.

    features [N, P, D] unit length, classes [N, P], region [N, P] (indices over the whole episode), region_class [R],
    region_image [R]. Pixels are compared with one prototype per class (its mean over the keys), regions with
    every key region, joined per class by logsumexp. Classes that are in no key get no logit; an image whose
    classes are in no key gives None. With a single key, that key is compared with itself.
    """
    count = int(max(region_class.max(), classes.max())) + 1
    regions = pool_regions(features.flatten(0, 1), region.flatten(), len(region_class))
    sampled = torch.zeros_like(region_class, dtype=torch.bool)
    sampled[region.flatten()] = True
    votes: list[Votes | None] = []
    for image in range(len(features)):
        sources = [k for k in range(keys) if k != image] or [0]
        known = features[sources].flatten(0, 1)
        sums = known.new_zeros(count, known.shape[1]).index_add_(0, classes[sources].flatten(), known)
        present = sums.abs().sum(1) > 0
        pixels = present[classes[image]]
        among = torch.isin(region_image, region_image.new_tensor(sources)) & sampled
        queried = (region_image == image) & sampled & torch.isin(region_class, region_class[among])
        if not pixels.any() or not queried.any():
            votes.append(None)
            continue
        prototypes = F.normalize(sums, dim=1)
        logits = LOGIT_SCALE * features[image][pixels] @ prototypes.T
        similarity = REGION_SCALE * regions[queried] @ regions[among].T
        votes.append(
            Votes(
                logits.masked_fill(~present, _NEVER),
                classes[image][pixels],
                join_by_class(similarity, region_class[among], count),
                region_class[queried],
            )
        )
    return votes


def join_by_class(similarity: Tensor, classes: Tensor, count: int) -> Tensor:
    """Join [Q, K] over the members of each class by logsumexp: [Q, count]; large negative for empty classes."""
    top = similarity.amax(dim=1, keepdim=True).detach()
    joined = (similarity - top).exp() @ F.one_hot(classes, count).to(similarity.dtype)
    empty = torch.bincount(classes, minlength=count) == 0
    return (joined.clamp_min(1e-30).log() + top).masked_fill(empty, _NEVER)


def match_loss(score: Tensor, unmatched: Tensor, target_class: Tensor, source_class: Tensor) -> Tensor:
    """Compute the cross-entropy of matching, [A]: each target region gets its class by its best match in the source.

    score [A, B] and unmatched [A] are logits (`networks.matcher`); a region whose class is not in the source is
    unmatched. The best match decides, not the number of regions of a class: a soft maximum joins them.
    """
    count = int(max(target_class.max(), source_class.max())) + 1
    joined = join_by_class(SHARPNESS * score, source_class, count) / SHARPNESS
    wanted = torch.where(torch.isin(target_class, source_class), target_class, count)
    return F.cross_entropy(torch.cat([joined, unmatched[:, None]], 1), wanted, reduction="none")


def prototype_loss(
    votes: list[Votes | None], weights: list[float], device: torch.device | None = None
) -> tuple[Tensor, Tensor]:
    """Average the cross-entropy over the images, weighted, of pixels and of regions; 0 on `device` if all are None."""
    total = sum(weight for vote_, weight in zip(votes, weights, strict=True) if vote_)
    pixel = region = torch.zeros((), device=device)
    for vote_, weight in zip(votes, weights, strict=True):
        if vote_:
            pixel = pixel + weight / total * F.cross_entropy(vote_.pixel_logits, vote_.pixel_class)
            region = region + weight / total * F.cross_entropy(vote_.region_logits, vote_.region_class)
    return pixel, region


def color_loss(rgb: Tensor, trust: Tensor, hint: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Compute the L1 of the color head, and the cross-entropy of its trust.

    rgb and truth [M, 3], trust [M], hint [M, 4]. Trust is trained to be the probability that the hint's color is right
    within COLOR_TOLERANCE; pixels without a hint are left out.
    """
    known = hint[:, 3] >= LEAST_CONFIDENCE
    color = F.l1_loss(rgb, truth)
    if not known.any():
        return color, color.new_zeros(())
    hinted = hint[known, :3] / hint[known, 3:]
    right = ((hinted - truth[known]).abs().amax(dim=1) <= COLOR_TOLERANCE).to(trust.dtype)
    return color, F.binary_cross_entropy(trust[known].clamp(1e-4, 1 - 1e-4), right)


def accuracy(votes: list[Votes | None], first_query: int) -> dict[str, float]:
    """Measure the share of right classes over the query images: by pixel prototypes and by region prototypes."""
    queries = [v for v in votes[first_query:] if v]
    if not queries:
        return {}
    pixel = torch.cat([v.pixel_logits.argmax(1) == v.pixel_class for v in queries])
    region = torch.cat([v.region_logits.argmax(1) == v.region_class for v in queries])
    return {"pixel": float(pixel.float().mean()), "region": float(region.float().mean())}
