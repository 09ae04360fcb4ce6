"""Losses of the matcher in an episode: each query against all keys, and the two neighbors against each other.

Only images without a hint are matched; see `framecolor.training.episodes` for the content of an episode.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from framecolor.core.constants import SHARPNESS
from framecolor.networks.matcher import Matcher
from framecolor.training.loop import Batch
from framecolor.training.losses import join_by_class, match_loss

# Limits the regions of an image: the cost of a step grows with their square.
MOST_TOKENS = 256


@dataclass(frozen=True, eq=False)
class Tokens:
    """One image's regions: their tokens [N, width], contact [N, N], class [N], and index [N] among all of the image."""

    tokens: Tensor
    contact: Tensor
    classes: Tensor
    rows: Tensor


@dataclass(frozen=True, eq=False)
class Matched:
    """Losses of all compared regions, and how many got the right class of those whose class is in the source."""

    loss: Tensor
    right: float


def describe_images(matcher: Matcher, features: Tensor, context: Tensor, batch: Batch) -> list[Tokens]:
    """Make the tokens of all images without a hint, for the MOST_TOKENS largest sampled regions of each.

    features [N, P, D] and context [N, C, h, w] of those images.
    """
    plain, region = int(batch["plain"]), batch["region"][: int(batch["plain"])]
    around = sample_context(context, batch["pixel"][:plain], batch["planes"].shape[2:])
    look = torch.cat([features, around], 2).flatten(0, 1)
    count = len(batch["region_class"])
    pixels = torch.bincount(region.flatten(), minlength=count)
    pooled = look.new_zeros(count, look.shape[1]).index_add_(0, region.flatten(), look) / pixels.clamp_min(1)[:, None]
    images = []
    for image in range(plain):
        rows = _rows(batch, image, pixels)
        contact = dense_contact(batch["contact"], rows, count)
        # Episodes of the generator have no crops; the recipe `painter` teaches the matcher to use them.
        unseen = pooled.new_zeros(len(rows), matcher.seen)
        tokens = matcher.describe(pooled[rows], batch["shape"][rows], contact, unseen)
        first = int((batch["region_image"] < image).sum())
        images.append(Tokens(tokens, contact, batch["region_class"][rows], rows - first))
    return images


def match_keys(matcher: Matcher, images: list[Tokens], keys: int) -> Matched:
    """Match each query with the regions of all keys at once."""
    losses, right = [], []
    for target in images[keys:]:
        scores, unmatched_scores = [], []
        for source in images[:keys]:
            score, _, unmatched, _ = matcher.compare(
                target.tokens, source.tokens, target.contact, source.contact, *_no_flow(target, source)
            )
            scores.append(score)
            unmatched_scores.append(unmatched)
        classes = torch.cat([source.classes for source in images[:keys]])
        score, unmatched = torch.cat(scores, 1), torch.stack(unmatched_scores).mean(0)
        losses.append(match_loss(score, unmatched, target.classes, classes))
        right.append(_count_right(score, target.classes, classes))
    return Matched(torch.cat(losses).mean(), float(torch.cat(right).float().mean()))


def match_neighbors(matcher: Matcher, images: list[Tokens], batch: Batch, *, with_flow: bool) -> Matched:
    """Match the last image with the one before it, and the reverse, with or without flow."""
    before, after = images[-2:]
    there, back = _no_flow(after, before)
    if with_flow:
        there, back = batch["flow_there"], batch["flow_back"]
        there, back = there[after.rows][:, before.rows], back[before.rows][:, after.rows]
    score, score_back, unmatched_after, unmatched_before = matcher.compare(
        after.tokens, before.tokens, after.contact, before.contact, there, back
    )
    losses = [
        match_loss(score, unmatched_after, after.classes, before.classes),
        match_loss(score_back, unmatched_before, before.classes, after.classes),
    ]
    return Matched(torch.cat(losses).mean(), float(_count_right(score, after.classes, before.classes).float().mean()))


def sample_context(context: Tensor, pixel: Tensor, size: torch.Size) -> Tensor:
    """Sample context [N, C, h, w] at flat pixel positions [N, P] of planes of `size` (H, W): [N, P, C]."""
    height, width = size
    x, y = pixel % width, pixel // width
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1)[:, None]
    read = F.grid_sample(context.float(), grid, padding_mode="border", align_corners=False)
    return read[:, :, 0].transpose(1, 2)


def dense_contact(contact: Tensor, rows: Tensor, count: int) -> Tensor:
    """Convert contact [3, E] of all regions to a matrix [N, N] over those in `rows`."""
    device = contact.device
    place = torch.full((count,), -1, dtype=torch.long, device=device)
    place[rows] = torch.arange(len(rows), device=device)
    region, neighbor = place[contact[0].long()], place[contact[1].long()]
    known = (region >= 0) & (neighbor >= 0)
    dense = torch.zeros(len(rows), len(rows), device=device)
    dense[region[known], neighbor[known]] = contact[2, known]
    return dense


def _rows(batch: Batch, image: int, pixels: Tensor) -> Tensor:
    """Find the regions of an image that become tokens, ascending, as indices over the whole episode."""
    own = torch.nonzero((batch["region_image"] == image) & (pixels > 0))[:, 0]
    largest = pixels[own].argsort(descending=True, stable=True)[:MOST_TOKENS]
    return own[largest.sort().values]


def _no_flow(target: Tokens, source: Tokens) -> tuple[Tensor, Tensor]:
    there = target.tokens.new_zeros(len(target.tokens), len(source.tokens))
    return there, torch.zeros_like(there.T)


def _count_right(score: Tensor, target_class: Tensor, source_class: Tensor) -> Tensor:
    """Return whether each target region whose class is in the source was given that class, bool [A']."""
    score, known = score.detach(), torch.isin(target_class, source_class)
    count = int(max(target_class.max(), source_class.max())) + 1
    joined = join_by_class(SHARPNESS * score, source_class, count)
    return joined.argmax(1)[known] == target_class[known]
