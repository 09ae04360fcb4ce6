"""What is known of one drawing before it is painted: its regions, the network's votes for them, its view for flow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.datatypes import Frame, Regions
from framecolor.digest import digest
from framecolor.engines.base import Runner
from framecolor.hints.flow import LineField, compute_flow, line_field
from framecolor.hints.match import Shapes, colors_around, describe_shapes, match_regions
from framecolor.hints.propagate import Link, Votes, join, link_regions, to_belief, weigh
from framecolor.hints.recognize import to_unit_length
from framecolor.keyframes import Keyframes
from framecolor.lineart.drawing import line_mask, read_drawing
from framecolor.lineart.regions import find_regions, outside_regions
from framecolor.lineart.sampling import RegionPoints, sample_points
from framecolor.networks.view import View, look, pool
from framecolor.runs import Runs
from framecolor.settings import Settings


@dataclass(frozen=True, eq=False)
class Study:
    """One drawing, looked at once; small enough (about half a megabyte at 1080p) to wait for the rest of its chain.

    digest  hash of the drawing's pixels: equal digests are the same drawing (a hold)
    votes   log-probability of each palette color in each region by the drawing alone, float32 [count + 1, P]
    area, outside  pixels of each region and whether it is paper, [count + 1]
    blank   the drawing has no line
    shapes, around  what makes its regions recognizable: their shapes, and the colors around each, [count + 1, P]
    """

    number: int
    digest: str
    points: RegionPoints
    votes: Votes
    field: LineField
    area: NDArray[np.int64]
    outside: NDArray[np.bool_]
    blank: bool
    shapes: Shapes
    around: Votes
    _ink: Runs
    _trace: Runs
    _labels: Runs

    @property
    def count(self) -> int:
        """Number of regions."""
        return self.points.count

    def unpack(self) -> tuple[Frame, Regions]:
        """The drawing and its regions, as they were."""
        ink = self._ink.unpack().view(np.uint8).reshape(*self._ink.shape, 4)
        frame = Frame(self.number, ink, self._trace.unpack().astype(bool))
        return frame, self.regions()

    def regions(self) -> Regions:
        """The drawing's regions, as they were."""
        return Regions(self._labels.unpack().astype(np.int32), self.count)


def study_drawing(
    number: int, rgba: NDArray[np.uint8], keyframes: Keyframes, runner: Runner, settings: Settings
) -> Study:
    """Everything that one drawing (uint8 HxWx4) tells by itself, and by the keys if it is one."""
    frame = read_drawing(number, rgba)
    regions = find_regions(frame, gap_px=settings.gap_px, min_region_px=settings.min_region_px)
    points = sample_points(regions)
    view = look(frame, regions, keyframes.scale)
    lines = line_mask(frame)
    votes = vote(view, points, keyframes, runner)
    shapes = describe_shapes(regions)
    known = keyframes.belief(number)
    return Study(
        number,
        digest(np.ascontiguousarray(rgba).tobytes(), repr(rgba.shape)),
        points,
        votes,
        line_field(lines),
        regions.area,
        outside_regions(regions),
        not lines.any(),
        shapes,
        colors_around(shapes, to_belief(votes) if known is None else known),
        Runs.pack(frame.ink.view(np.uint32)[..., 0]),
        Runs.pack(frame.trace),
        Runs.pack(regions.labels),
    )


def vote(view: View, points: RegionPoints, keyframes: Keyframes, runner: Runner) -> Votes:
    """What the fitted network and the keys' own regions make of each region: log-probabilities [count + 1, P]."""
    network = keyframes.expand(pool(runner.log_probabilities(view.planes), view, points))
    if keyframes.gallery is None:
        return weigh(network, None)
    return weigh(network, keyframes.gallery.vote(to_unit_length(pool(runner.features(view.planes), view, points))))


def link_studies(earlier: Study, later: Study) -> Link:
    """How two neighboring drawings share their regions, by flow and match both ways."""
    return Link(*(join(flow, match) for flow, match in zip(_flow(earlier, later), _match(earlier, later), strict=True)))


def _flow(earlier: Study, later: Study) -> tuple[Votes, Votes]:
    to_earlier, to_later = compute_flow(later.field, earlier.field)
    return (
        link_regions(later.points, earlier.regions(), to_earlier, later.field.size),
        link_regions(earlier.points, later.regions(), to_later, earlier.field.size),
    )


def _match(earlier: Study, later: Study) -> tuple[Votes, Votes]:
    return (
        match_regions(later.shapes, earlier.shapes, later.around, earlier.around),
        match_regions(earlier.shapes, later.shapes, earlier.around, later.around),
    )
