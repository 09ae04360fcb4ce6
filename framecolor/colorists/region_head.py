"""Region-wise color: every region gets one of the colors that strokes, a palette or a painting give.

It is framecolor's own addition to the systems of the literature. A system paints softly, as its authors describe; the
chooser (`framecolor.networks.chooser`) says which of the given colors each region may have. Both vote, each by how sure
it is. Regions with a stroke have its color exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.colorists.flats import mean_color
from framecolor.core.histogram import bin_colors, bin_of, mean_by_label
from framecolor.core.types import Frame, Regions
from framecolor.lineart.region_crops import crop_regions
from framecolor.lineart.region_shapes import describe_shapes, region_traits
from framecolor.lineart.regions import fill_lines, outside_regions
from framecolor.lineart.sampling import sample_points
from framecolor.matching.choices import arrange
from framecolor.networks.certainty import Certainty
from framecolor.networks.checkpoint import (
    base_weights_path,
    chooser_weights_path,
    load_colorist,
    load_generator,
    load_matcher,
    matcher_weights_path,
)
from framecolor.networks.chooser import CANDIDATE_VALUES, Choice, Chooser
from framecolor.networks.chooser_tokens import describe
from framecolor.networks.palette_head import pad_planes
from framecolor.networks.passes import FeaturePass
from framecolor.networks.view import CONTEXT_STRIDE, figure_box, look, pool, working_scale
from framecolor.shot.strokes import read_strokes

# Working pixels of the figure's box in two looks, about as in training and larger, and whether the drawing is mirrored.
# Small regions show in the second; the mean of both gets one region in 200 more right, one in 100 by a palette.
_LOOKS = ((82_000, False), (130_000, True))
# Only this many of the largest regions are asked about; each other one takes the color of the nearest of them.
_MOST_REGIONS = 400
# At most this many colors of a palette are offered; shares below the least are stray pixels.
_MOST_COLORS, _LEAST_SHARE = 24, 0.004
# Colors whose channels differ by at most this are one.
_SAME_LEVELS = 24
# How much the likelihood of a color by a system counts, with strokes and without. Strokes have places, which the
# chooser follows far better than any system's soft color.
_SOFT_WEIGHT = (0.05, 0.2)


@dataclass(frozen=True, eq=False)
class Offer:
    """The colors that regions may have: paper first.

    rgb     uint8 [C, 3]
    share   float32 [C], wanted share of each; 0 if only a stroke gives it
    known   intp [count + 1], the color of each region that is known, -1 for the others
    """

    rgb: NDArray[np.uint8]
    share: NDArray[np.float32]
    known: NDArray[np.intp]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to choose but paper."""
        return len(self.rgb) == 1


class RegionHead:
    """The networks that describe regions, and the chooser."""

    def __init__(self, chooser: Chooser) -> None:
        self.chooser = chooser
        generator = load_generator(base_weights_path())
        self._multiple = generator.size_multiple
        self._look = FeaturePass(generator)
        self._matcher = load_matcher(matcher_weights_path())

    def paint(
        self,
        frame: Frame,
        regions: Regions,
        conditioning: Conditioning,
        options: SamplingOptions,
        soft: NDArray[np.float32] | None = None,
        certainty: Certainty | None = None,
    ) -> NDArray[np.float32]:
        """Paint each region in one of the given colors, float32 HxWx3 in [0, 1].

        soft       a system's soft color, float32 hxwx3 in [0, 1]; returned if no color is given, or if an image is only
                   varied. None: white
        certainty  how sure the system is of it
        """
        if soft is None:
            soft, certainty = np.ones((*regions.size, 3), np.float32), None
        if options.guidance == 0 or (conditioning.image is not None and options.strength < 1):
            return soft
        offer = gather_offer(regions, conditioning)
        if offer.is_empty or regions.count == 0:
            return soft
        color = self.choose(frame, regions, offer, soft, certainty)
        return (color.astype(np.float32) / np.float32(255))[fill_lines(regions.labels)]

    def choose(
        self, frame: Frame, regions: Regions, offer: Offer, soft: NDArray[np.float32], certainty: Certainty | None
    ) -> NDArray[np.uint8]:
        """Choose the color of each region, uint8 [count + 1, 3]."""
        out = np.full((regions.count + 1, 3), 255, np.uint8)
        painted = np.flatnonzero(~outside_regions(regions)[1:]) + 1
        if not len(painted):
            return out
        rows, logits, place = self._rate(frame, regions, offer)
        if certainty is not None:
            own, colors = mean_color(soft, regions)[rows] * 2 - 1, offer.rgb / np.float32(127.5) - 1
            weight = _SOFT_WEIGHT[0 if (offer.known >= 0).any() else 1]
            with torch.inference_mode():
                logits = logits + weight * certainty(torch.from_numpy(own), torch.from_numpy(colors)).numpy()
        chosen = np.where(offer.known[rows] >= 0, offer.known[rows], logits.argmax(axis=1))
        asked = np.isin(rows, painted)
        if asked.any():
            apart = np.square(place[painted][:, None] - place[rows[asked]][None]).sum(axis=2)
            out[painted] = offer.rgb[chosen[asked][apart.argmin(axis=1)]]
        out[rows[asked]] = offer.rgb[chosen[asked]]
        given = np.flatnonzero(offer.known >= 0)
        out[given] = offer.rgb[offer.known[given]]
        return out

    def liken(self, frame: Frame, regions: Regions) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Tell which of the largest regions share a paint, by the lines alone: their numbers [T], log-odds [T, T]."""
        nothing = Offer(np.full((1, 3), 255, np.uint8), np.zeros(1, np.float32), np.full(regions.count + 1, -1))
        return self._ask(frame, regions, nothing)[:2]

    def _rate(
        self, frame: Frame, regions: Regions, offer: Offer
    ) -> tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.float32]]:
        """Rate the colors in the largest regions: their numbers [T], log-probabilities [T, C]; and the place of all."""
        rows, _, logits = self._ask(frame, regions, offer)
        return rows, logits, describe_shapes(regions).traits[:, :2]

    def _ask(
        self, frame: Frame, regions: Regions, offer: Offer
    ) -> tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.float32]]:
        """Ask the chooser in all looks: numbers of the largest regions [T], and the mean log-odds that two share a
        paint [T, T], and log-probabilities of the colors [T, C]."""
        rows = np.sort(1 + np.argsort(-regions.area[1:], kind="stable")[:_MOST_REGIONS])
        asked = [
            self._look_at(frame.mirror(), regions.mirror(), offer, rows, area_px)
            if mirrored
            else self._look_at(frame, regions, offer, rows, area_px)
            for area_px, mirrored in _LOOKS
        ]
        alike, logits = (np.stack(parts).mean(axis=0).astype(np.float32) for parts in zip(*asked, strict=True))
        return rows, alike, logits

    @torch.inference_mode()
    def _look_at(
        self, frame: Frame, regions: Regions, offer: Offer, rows: NDArray[np.intp], area_px: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Ask the chooser in one look, see `_ask`."""
        scale = working_scale([figure_box(frame)], area_px)
        view, points = look(frame, regions, scale), sample_points(regions)
        maps = self._look(pad_planes(torch.from_numpy(view.planes)[None], self._multiple))
        features, context = (m[0].numpy() for m in maps)
        fine = view.cells(points, (features.shape[0], features.shape[1]))
        coarse = view.cells(points, (context.shape[0], context.shape[1]), CONTEXT_STRIDE)
        shapes = describe_shapes(regions)
        traits, contact = region_traits(shapes, outside_regions(regions))[rows - 1], shapes.contact_among(rows)
        crops = crop_regions(frame.solid, frame.trace, regions.labels, rows, scale)
        seen = np.concatenate([pool(features, fine)[rows], pool(context, coarse)[rows]], axis=1)
        candidates = np.ones((len(offer.rgb), CANDIDATE_VALUES), np.float32)
        candidates[:, :3], candidates[:, 3] = offer.rgb / 127.5 - 1, np.sqrt(offer.share)
        tokens = describe(self._matcher, seen, traits, contact, crops)
        arrays = arrange(tokens, traits, contact, offer.known[rows], candidates)
        choice = Choice(**{name: torch.from_numpy(array)[None] for name, array in arrays.items()})
        rounds, alike = self.chooser(choice)
        return alike[0].numpy(), rounds[-1][0, :, :-1].log_softmax(1).numpy()


@cache
def load_region_head(weights: Path | None = None) -> RegionHead | None:
    """Load the region head with these weights, by default the shipped ones; None if none ship. Once per process."""
    path = weights or chooser_weights_path()
    return RegionHead(cast(Chooser, load_colorist(path)[0])) if path.exists() else None


def gather_offer(regions: Regions, conditioning: Conditioning) -> Offer:
    """Gather the given colors: of strokes, of regions outside of the mask, and of histogram or reference."""
    known = np.full(regions.count + 1, -1)
    rgb, share = [np.full(3, 255, np.uint8)], [0.0]

    def add(color: NDArray[np.uint8], near: int) -> int:
        for i, other in enumerate(rgb):
            if np.abs(other.astype(int) - color).max() <= near:
                return i
        rgb.append(color)
        share.append(0.0)
        return len(rgb) - 1

    given = {**_read_kept(regions, conditioning), **_read_strokes(regions, conditioning)}
    paper = outside_regions(regions)
    for region, color in given.items():
        if not paper[region]:  # a dot that lies partly beside the figure does not color the paper
            known[region] = add(color, 0)
    palette, shares = read_palette(conditioning)
    for color, amount in zip(palette, shares, strict=True):
        share[add(color, _SAME_LEVELS)] += amount
    share[0] = 0.0
    return Offer(np.array(rgb, np.uint8), np.array(share, np.float32), known)


def read_palette(conditioning: Conditioning) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Read the colors of a histogram or reference and their shares, the most frequent first; none if neither is given.

    A color is the mean of the reference's pixels in a bin, or the bin's middle.
    """
    histogram = conditioning.histogram
    if histogram is None or histogram.sum() <= 0:
        return np.zeros((0, 3), np.uint8), np.zeros(0, np.float32)
    weight = histogram / histogram.sum()
    bins = np.argsort(-weight, kind="stable")[:_MOST_COLORS]
    bins = bins[weight[bins] >= _LEAST_SHARE]
    colors = bin_colors()[bins]
    if conditioning.reference is not None:
        pixels = conditioning.reference.reshape(-1, 3)
        own = bin_of(pixels)
        for i, each in enumerate(bins):
            found = pixels[own == each]
            colors[i] = np.median(found, axis=0).round() if len(found) else colors[i]
    return colors, weight[bins].astype(np.float32)


def _read_strokes(regions: Regions, conditioning: Conditioning) -> dict[int, NDArray[np.uint8]]:
    hint = conditioning.hint
    if hint is None:
        return {}
    strokes = read_strokes(np.dstack([hint.rgb, np.rint(255 * hint.confidence).astype(np.uint8)]), regions)
    return {int(region): strokes.color[region, :3] for region in np.flatnonzero(strokes.meant)}


def _read_kept(regions: Regions, conditioning: Conditioning) -> dict[int, NDArray[np.uint8]]:
    """Read the colors of regions that lie mostly outside of the mask, from the image to start from."""
    if conditioning.image is None or conditioning.mask is None:
        return {}
    outside = ~conditioning.mask
    shown = np.bincount(regions.labels[outside], minlength=regions.count + 1)
    mean = mean_by_label(conditioning.image[outside], regions.labels[outside], regions.count + 1)
    kept = np.flatnonzero(2 * shown[1:] > regions.area[1:]) + 1
    return {int(region): np.rint(mean[region]).astype(np.uint8) for region in kept}
