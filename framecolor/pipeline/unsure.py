"""Find the regions of a frame that a painter should look at.

Regions that no key shows come first, as their color cannot be known. The others follow by the pixels that are expected
to be wrong, their area times the doubt in them. Slivers come last. The list ends where all that is left out is
expected to be wrong in fewer pixels than anybody sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.config.settings import Settings
from framecolor.core.types import Regions
from framecolor.keys.keyframes import Keyframes
from framecolor.output.frame_entry import MOST_UNSURE, UnsureRegion
from framecolor.pipeline.paint import Choice
from framecolor.pipeline.paper_doubts import find_left, find_paper
from framecolor.propagation.confidence import UNSEEN_ABOVE, measure_unseen
from framecolor.propagation.line_colors import UnsureLine
from framecolor.propagation.smoothing import FramePosterior

# Regions below this confidence are shown to the painter.
UNSURE_BELOW = 0.8
# Large regions are shown below this confidence, if so large a share of the frame is expected to be wrong. In seven
# clips and 17 cases, that lists 8 regions more of 100, and a quarter more of the wrong pixels of the clips.
_LARGE_UNSURE_BELOW, _LARGE_WRONG = 0.95, 1 / 2_000
# Regions of the figure that come out as paper are shown below this confidence: a hole in a cel is worse than a wrong
# color.
_PAPER_UNSURE_BELOW = 0.9
# Confidence of a region that is probably left as paper by mistake.
_LEFT_CONFIDENCE = 0.5
# Share of the frame's pixels that may be expected wrong in all regions that the list leaves out: 20 px in 1080p.
_LEFT_OUT = 1 / 100_000
# Smallest share of the frame that counts as a thing that no key shows: 400 px in 1080p. Smaller regions hardly have a
# shape by which a key could show them; they are listed if their color is unsure.
_SMALLEST_UNSEEN = 1 / 5_000
# A sliver is nowhere wider than 3 px, or than this share of the frame's short side.
_SLIVER_PX, _SLIVER_SHARE = 3, 1 / 270

Mask = NDArray[np.uint8]


def list_unsure(
    item: FramePosterior, choice: Choice, regions: Regions, keyframes: Keyframes, settings: Settings
) -> tuple[UnsureRegion, ...]:
    """List the regions of a drawing to check, as `find_unsure`, and before the slivers the pieces of its lines.

    In a shot without a painted key, no region is named as one that no key shows.
    """
    has_keys = not keyframes.whole.issubset(keyframes.proposed)
    unseen = measure_unseen(item.features.unseen) if has_keys else None
    paper = find_paper(item.features, regions, item.belief, keyframes)
    left = find_left(item.features, choice.drawn, regions, item.belief, paper, keyframes, settings)
    found = find_unsure(regions, item.belief, item.confidence, unseen, paper, left)
    if keyframes.recolors.colors:
        found = [_show(region, keyframes.rows) for region in found]
    lines = choice.lines
    if lines is None or keyframes.lines is None or not lines.unsure:
        return tuple(found)
    colors = np.concatenate([keyframes.lines.own[None], keyframes.line_fills])
    index = {tuple(color): row for row, color in enumerate(keyframes.shown.colors.tolist())}
    rows = [index[tuple(color)] for color in colors.tolist()]
    pieces = sorted((_describe_line(line, rows) for line in lines.unsure), key=lambda piece: -piece.expected_wrong_px)
    first = [region for region in found if not region.sliver]
    return tuple([*first, *pieces, *found[len(first) :]][:MOST_UNSURE])


def _show(region: UnsureRegion, rows: NDArray[np.intp]) -> UnsureRegion:
    """Name the colors of a region as frames show them; rows: `Keyframes.rows`."""
    second = None if region.second is None else int(rows[region.second])
    return replace(region, color=int(rows[region.color]), second=None if second == rows[region.color] else second)


def _describe_line(line: UnsureLine, rows: Sequence[int]) -> UnsureRegion:
    """Describe a piece of a line; rows: place in the manifest's palette of each of its colors."""
    left, top = line.pixels.min(axis=0).tolist()
    x, y = (line.pixels - (left, top)).T
    mask = np.zeros((int(y.max()) + 1, int(x.max()) + 1), np.uint8)
    mask[y, x] = 1
    contours = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(left, top))[0]
    outline = cv2.approxPolyDP(max(contours, key=len), 1.0, closed=True)[:, 0].tolist()
    return UnsureRegion(
        len(line.pixels),
        (left, top, mask.shape[1], mask.shape[0]),
        tuple((x, y) for x, y in outline),
        rows[line.color],
        None if line.second is None else rows[line.second],
        round(line.confidence, 4),
        line=True,
    )


def find_unsure(
    regions: Regions,
    belief: NDArray[np.float32],
    confidence: NDArray[np.float32],
    unseen: NDArray[np.float32] | None = None,
    paper: NDArray[np.bool_] | None = None,
    left: NDArray[np.bool_] | None = None,
) -> list[UnsureRegion]:
    """Find the regions to check, at most MOST_UNSURE: those that no key shows, the other unsure ones, then slivers.

    Each kind is ordered by the wrong pixels that are expected.

    belief      probability of each palette color in each region, float32 [count + 1, P]
    confidence  probability that each region is right, float32 [count + 1]; 1 for what a painter gave
    unseen      probability that no key shows it, float32 [count + 1]; None: the keys show all
    paper       whether it is in the color of paper, though lines enclose it, bool [count + 1]
    left        whether it is so by mistake, probably: also if the key itself has it so, bool [count + 1]

    The color of a region that no key shows is a guess, which neighbors in time may repeat: in the list, it is right
    only if a key shows the region after all.
    """
    pixels = regions.labels.size
    new = np.zeros(regions.count + 1, np.bool_)
    if unseen is not None:
        new = (unseen >= UNSEEN_ABOVE) & (regions.area >= _SMALLEST_UNSEEN * pixels) & (confidence < 1)
        confidence = np.where(new, confidence * (1 - unseen), confidence)
    holes = np.zeros_like(new) if paper is None else paper & (confidence < _PAPER_UNSURE_BELOW)
    left = np.zeros_like(new) if left is None else left
    holes |= left
    confidence = np.where(left, np.minimum(confidence, _LEFT_CONFIDENCE), confidence)
    wrong_px = regions.area * (1 - confidence)
    large = (confidence < _LARGE_UNSURE_BELOW) & (wrong_px >= _LARGE_WRONG * pixels)
    doubtful = 1 + np.flatnonzero(((confidence < UNSURE_BELOW) | large | new | holes)[1:])
    cost = wrong_px[doubtful]
    order = np.lexsort((doubtful, -cost, ~new[doubtful]))
    after = cost[order][::-1].cumsum()[::-1]  # from each region to the end of the list
    matters = new[doubtful[order]] | (after > _LEFT_OUT * pixels)
    chosen = doubtful[order][matters][:MOST_UNSURE].tolist()
    widest = max(_SLIVER_PX, _SLIVER_SHARE * min(regions.size))
    found = [_describe(regions, r, belief[r], float(confidence[r]), bool(new[r]), widest) for r in chosen]
    found = [replace(region, paper=bool(left[r])) for region, r in zip(found, chosen, strict=True)]
    return sorted(found, key=lambda region: (region.sliver, not region.unseen))  # stable: by pixels within a kind


def _describe(
    regions: Regions, region: int, belief: NDArray[np.float32], confidence: float, unseen: bool, widest_px: float
) -> UnsureRegion:
    left, top, width, height = regions.boxes[region].tolist()
    mask = (regions.labels[top : top + height, left : left + width] == region).astype(np.uint8)
    contours = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(left, top))[0]
    outline = cv2.approxPolyDP(max(contours, key=cv2.contourArea), 1.0, closed=True)[:, 0].tolist()
    first, *rest = np.argsort(-belief, kind="stable")[:2].tolist()
    sliver = _is_sliver(mask, widest_px)
    return UnsureRegion(
        int(regions.area[region]),
        (left, top, width, height),
        tuple((x, y) for x, y in outline),
        first,
        rest[0] if rest else None,
        round(confidence, 4),
        unseen and not sliver,
        sliver,
        region=region,
    )


def _is_sliver(mask: Mask, widest_px: float) -> bool:
    """Tell whether a region, uint8 0 or 1, is nowhere wider than `widest_px`."""
    # A row of pixels has depth 1 and width 1, three rows have depth 2.
    depth = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 5).max()
    return bool(2 * depth - 1 <= widest_px)
