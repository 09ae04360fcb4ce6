"""Paint a drawing with the diffusion network: it samples the colors of all regions, from noise or from a painting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from framecolor.colorists.base import Conditioning, SamplingOptions
from framecolor.colorists.palette_order import order_palettes
from framecolor.colorists.region_head import RegionHead
from framecolor.core.histogram import mean_by_label
from framecolor.core.types import Frame, Regions
from framecolor.lineart.regions import fill_lines, outside_regions
from framecolor.lineart.sampling import RegionPoints, sample_points
from framecolor.networks.certainty import Certainty
from framecolor.networks.denoise import Denoiser, guide, sample
from framecolor.networks.diffusion import Diffusion, Scene, Tokens
from framecolor.networks.palette_head import empty_planes
from framecolor.networks.scene import describe_hint, describe_palette, group_paints, mean_of_paints, pool_pixels
from framecolor.networks.view import figure_box, look

_STEPS = 20
# The figure's long side as a share of the network's canvas: the middle of the range in training.
_FIGURE_SHARE = 0.85
# Only this many of the largest regions are sampled; each other region takes the color of the nearest of them.
_MOST_REGIONS = 320
# Confidence of the hints for colors that stay: about the highest that a hint has in training.
_KEPT = 0.95
# With hints, a palette is drawn from this many of the network's that are nearest to them.
_SUITABLE = 24
# A sampled color within this distance of a palette color, in [-1, 1], is replaced by it; that of a large paint by one
# within the second, which no other large paint has.
_SNAP, _REACH = 0.5, 1.5
# Where all colors are invented, regions are joined above these log-odds: below 0, as only one pair in ten has one
# paint, and networks are rarely sure; tuned on 48 drawings of the training set by the adjusted Rand index. Given colors
# are followed worse by so large groups.
_JOINED = -1.6
# How sure the samples are, as a vote among given colors; of no training of its own.
_CERTAINTY = Certainty()


class DiffusionColorist:
    """Uses `Conditioning.hint`, `histogram`, `image` and `mask`, and all options.

    An image is noised up to the strength and denoised from there. Regions that lie mostly outside of the mask keep its
    color and are hints for the others; outside of the mask the image's own pixels are returned. Without a histogram,
    the palette of a training painting is used, chosen by the seed.

    head  knows better which regions share a paint, and votes with the sampled colors if strokes or a palette give
          colors; None: the samples are all
    """

    name = "diffusion"
    head: RegionHead | None = None

    def __init__(self, network: Diffusion) -> None:
        self.network = network
        # The drawing that was painted last, and what the head says of it: variations are of one drawing.
        self._kin: tuple[Regions, NDArray[np.float32]] | None = None

    def paint(
        self, frame: Frame, regions: Regions, conditioning: Conditioning, options: SamplingOptions
    ) -> NDArray[np.float32]:
        """Paint at the drawing's own size, one color in each region (`Colorist.paint`)."""
        image = None if conditioning.image is None else conditioning.image.astype(np.float32) / np.float32(255)
        if image is not None and options.strength == 0:
            return image
        picture = np.ones((*regions.size, 3), np.float32)
        figure = _place_figure(frame, regions, self.network.size_px)
        if figure is not None:
            table = np.ones((regions.count + 1, 3), np.float32)
            given = (conditioning.hint, conditioning.histogram, image if options.strength < 1 else None)
            free = all(one is None for one in given)
            kin = self._find_kin(frame, regions, figure.painted) if free else None
            table[figure.all] = self._paint_regions(figure, regions, conditioning, options, kin)[figure.stands_for]
            picture = table[fill_lines(regions.labels)]
        if self.head is not None:
            picture = self.head.paint(frame, regions, conditioning, options, picture, _CERTAINTY)
        if image is not None and conditioning.mask is not None:
            picture[~conditioning.mask] = image[~conditioning.mask]
        return picture

    def _find_kin(self, frame: Frame, regions: Regions, painted: NDArray[np.intp]) -> NDArray[np.float32] | None:
        """Find the head's log-odds that two painted regions share a paint, [T, T], NaN where it was not asked."""
        if self.head is None:
            return None
        if self._kin is None or self._kin[0] is not regions:
            rows, alike = self.head.liken(frame, regions)
            whole = np.full((regions.count + 1,), -1)
            whole[rows] = np.arange(len(rows))
            place = whole[painted]
            kin = np.where((place >= 0)[:, None] & (place >= 0), alike[np.ix_(place, place)], np.float32(np.nan))
            self._kin = regions, kin
        return self._kin[1]

    def _paint_regions(
        self,
        figure: _Figure,
        regions: Regions,
        conditioning: Conditioning,
        options: SamplingOptions,
        kin: NDArray[np.float32] | None,
    ) -> NDArray[np.float32]:
        """Sample the colors of the painted regions, [T, 3] in [0, 1]."""
        start, keep = _read_image(conditioning, regions, figure)
        scene = _make_scene(figure, regions, conditioning, start, keep)
        noise = torch.randn(1, len(figure.painted), 3, generator=torch.Generator().manual_seed(options.seed))
        invents = start is None or options.strength == 1
        own = invents and conditioning.histogram is None and options.guidance > 0
        alone = own and not (scene.hint[..., 4] > 0).any()
        if own:
            scene = replace(scene, palette=self._draw_palette(scene, options.seed))
        with torch.inference_mode():
            if options.guidance > 0:  # without guidance the lines are ignored, too
                scene = replace(scene, paint=self._find_paints(scene, None if invents else start, keep, kin, alone))
            tokens, untold = self.network.look(scene), self.network.look(scene.untold())
            colors = sample(
                guide(self._bind(tokens), self._bind(untold), options.guidance),
                noise[:, scene.paint[0]],
                options.steps or _STEPS,
                start=start,
                strength=options.strength,
                keep=keep,
                mean=mean_of_paints(scene.same, scene.area),
            )
        if own:
            colors = _snap(colors, scene, alone)
        return ((colors[0].numpy() + 1) / 2).clip(0, 1)

    def _draw_palette(self, scene: Scene, seed: int) -> Tensor:
        """Draw a training painting's palette by the seed, [1, 12, 4]; with hints, one that contains similar colors."""
        palettes = self._palettes
        hinted = scene.hint[0][scene.hint[0, :, 4] > 0][:, :3]
        if len(hinted):
            apart = (palettes[:, :, None, :3] - hinted).abs().amax(3) + 9.0 * (palettes[..., 3:] == 0)
            nearest = apart.amin(1).mean(1).argsort(stable=True)[:_SUITABLE]
            palettes = palettes[nearest.sort().values]
        return palettes[seed % len(palettes)][None]

    @cached_property
    def _palettes(self) -> Tensor:
        """The network's palettes, [N, 12, 4]: consecutive ones differ most."""
        return order_palettes(self.network.palettes)

    def _find_paints(
        self, scene: Scene, start: Tensor | None, keep: Tensor | None, kin: NDArray[np.float32] | None, alone: bool
    ) -> Tensor:
        """Group the regions that share a paint, int64 [1, T]: by the painting to start from, or by lines and hints.

        kin    a second opinion on the lines, [T, T] log-odds, NaN where there is none (`_find_kin`)
        alone  whether nothing but the lines is given
        """
        if start is None:  # no painting, or it is ignored
            alike = self.network.look(scene).alike[0].numpy()
            if alone and kin is not None:
                alike = np.where(np.isnan(kin), alike, (alike + kin) / 2)
            area, hint = scene.area[0].numpy(), scene.hint[0].numpy()
            return torch.from_numpy(group_paints(alike, area, hint, _JOINED if alone else 0.0))[None]
        stays = torch.zeros(1, start.shape[1]) if keep is None else keep.float()
        levels = torch.cat([(start[0] * 127.5).round(), stays[0, :, None]], dim=1)
        return torch.unique(levels, dim=0, return_inverse=True)[1][None]

    def _bind(self, tokens: Tokens) -> Denoiser:
        return lambda noisy, share: self.network(noisy, share, tokens)


def _snap(colors: Tensor, scene: Scene, distinct: bool) -> Tensor:
    """Replace colors [1, T, 3] by near colors of the palette, so that the painting has few paints.

    distinct  the largest paints, as many as the palette has colors, get a color each, those that change least in all
    """
    palette = scene.palette[0][scene.palette[0, :, 3] > 0][:, :3]
    if len(palette) == 0:
        return colors
    paint = scene.paint[0].numpy()
    first, area = np.unique(paint, return_index=True)[1], np.bincount(paint, scene.area[0].numpy())
    apart = (colors[0, first, None] - palette).square().sum(2).sqrt().numpy()
    chosen = np.where(apart.min(axis=1) < _SNAP, apart.argmin(axis=1), -1)
    largest = np.argsort(-area, kind="stable")[: len(palette) if distinct else 0]
    change = np.sqrt(area[largest])[:, None] * np.minimum(apart[largest], _REACH)
    place, color = linear_sum_assignment(change)
    within = apart[largest[place], color] < _REACH
    chosen[largest[place[within]]] = color[within]
    own = torch.from_numpy(chosen)[scene.paint[0]]
    return torch.where((own >= 0)[:, None], palette[own.clamp_min(0)], colors[0])[None]


@dataclass(frozen=True, eq=False)
class _Figure:
    """A drawing's figure on the network's square canvas.

    planes      float32 [7, S, S]
    points      M points of all regions, in the drawing
    row, column the points' positions on the canvas, int64 [M]
    painted     regions that get tokens, ascending
    all         regions of the figure
    stands_for  for each of `all`, the index in `painted` of the region that it takes its color from
    area        share of the canvas that each of `painted` covers
    """

    planes: NDArray[np.float32]
    points: RegionPoints
    row: NDArray[np.int64]
    column: NDArray[np.int64]
    painted: NDArray[np.intp]
    all: NDArray[np.intp]
    stands_for: NDArray[np.intp]
    area: NDArray[np.float32]


def _place_figure(frame: Frame, regions: Regions, size_px: int) -> _Figure | None:
    """Place the figure on the network's canvas; None if there is no region to paint."""
    figure = np.flatnonzero(~outside_regions(regions)[1:]) + 1
    if len(figure) == 0:
        return None
    left, top, right, bottom = figure_box(frame)
    scale = _FIGURE_SHARE * size_px / max(right - left, bottom - top)
    view = look(frame, regions, scale)
    height, width = view.planes.shape[1:]
    up, aside = (size_px - height) // 2, (size_px - width) // 2
    planes = np.broadcast_to(empty_planes(torch.zeros(())).numpy()[0], (view.planes.shape[0], size_px, size_px)).copy()
    planes[:, up : up + height, aside : aside + width] = view.planes
    points = sample_points(regions)
    u, v = view.locate(points.x, points.y)
    largest = figure[np.argsort(-regions.area[figure], kind="stable")[:_MOST_REGIONS]]
    painted = np.sort(largest)
    per_region = np.maximum(points.per_region, 1)
    center = np.stack([np.bincount(points.region, at, regions.count + 1) / per_region for at in (u, v)], axis=1)
    apart = np.square(center[figure][:, None] - center[painted][None]).sum(axis=2)
    return _Figure(
        planes=planes,
        points=points,
        row=np.rint(v).astype(np.int64) + up,
        column=np.rint(u).astype(np.int64) + aside,
        painted=painted,
        all=figure,
        # A painted region takes its own color, even if another's center is as near.
        stands_for=np.where(np.isin(figure, painted), np.searchsorted(painted, figure), apart.argmin(axis=1)),
        area=(regions.area[painted] * (scale / size_px) ** 2).astype(np.float32),
    )


def _read_image(conditioning: Conditioning, regions: Regions, figure: _Figure) -> tuple[Tensor | None, Tensor | None]:
    """Read the colors to start from, [1, T, 3] in [-1, 1], and which of them stay, bool [1, T]; None if not given."""
    if conditioning.image is None:
        return None, None
    points, count = figure.points, regions.count + 1
    mean = mean_by_label(conditioning.image[points.y, points.x], points.region, count)[figure.painted]
    start = torch.from_numpy(mean.astype(np.float32) / np.float32(127.5) - 1)[None]
    if conditioning.mask is None:
        return start, None
    inside = mean_by_label(conditioning.mask[points.y, points.x, None], points.region, count)[figure.painted, 0]
    return start, torch.from_numpy(inside < 0.5)[None]


def _make_scene(
    figure: _Figure, regions: Regions, conditioning: Conditioning, start: Tensor | None, keep: Tensor | None
) -> Scene:
    """Make the network's input from one drawing and its conditioning."""
    place = np.full(regions.count + 1, -1, np.int64)
    place[figure.painted] = np.arange(len(figure.painted))
    own = place[figure.points.region]
    row, column, region = (torch.from_numpy(a[own >= 0]) for a in (figure.row, figure.column, own))
    hint = np.zeros((len(figure.painted), 5), np.float32)
    if conditioning.hint is not None:
        rgb = conditioning.hint.rgb.reshape(-1, 3) / np.float32(255)
        labels = (place + 1)[regions.labels].ravel()
        hint = describe_hint(rgb, conditioning.hint.confidence.ravel(), labels, len(figure.painted))
    if start is not None and keep is not None:
        stays = keep[0].numpy()
        hint[stays, :3], hint[stays, 3:] = start[0].numpy()[stays], _KEPT
    return Scene(
        planes=torch.from_numpy(figure.planes)[None],
        pool=pool_pixels(row, column, region, len(figure.painted), figure.planes.shape[1])[None],
        area=torch.from_numpy(figure.area)[None],
        hint=torch.from_numpy(hint)[None],
        palette=torch.from_numpy(describe_palette(conditioning.histogram))[None],
        paint=torch.arange(len(figure.painted))[None],
        told=torch.ones(1),
    )
