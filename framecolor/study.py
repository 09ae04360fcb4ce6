"""What is known of one drawing before it is painted: its regions, the network's votes for them, its view for flow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from framecolor.datatypes import Box, Frame, Regions
from framecolor.digest import hash_pixels
from framecolor.engines.base import Runner, Seen
from framecolor.hints.flow import LineField, compute_flow, line_field
from framecolor.hints.match import Match, Rows, Tokens
from framecolor.hints.propagate import Link, Votes, lean, link_regions, weigh
from framecolor.hints.recognize import Recognized
from framecolor.keyframes import Keyframes, describe_regions
from framecolor.lineart.drawing import read_drawing
from framecolor.lineart.regions import find_regions, outside_regions
from framecolor.lineart.sampling import RegionPoints, sample_points
from framecolor.networks.view import look
from framecolor.runs import Runs
from framecolor.settings import Settings


@dataclass(frozen=True, eq=False)
class Study:
    """One drawing, looked at once; small enough (about half a megabyte at 1080p) to wait for the rest of its chain.

    digest  hash of the drawing's pixels: equal digests are the same drawing (a hold)
    votes   log-probability of each palette color in each region by the drawing alone, float32 [count + 1, P]
    nowhere  whether the keys lack a counterpart of each region (`recognize.Recognized`), float32 [count + 1]
    area, outside  pixels of each region and whether it is paper, [count + 1]
    blank   the drawing has no line
    tokens  its regions, as the matcher knows them
    """

    number: int
    digest: str
    points: RegionPoints
    votes: Votes
    nowhere: NDArray[np.float32]
    field: LineField
    area: NDArray[np.int64]
    outside: NDArray[np.bool_]
    blank: bool
    tokens: Tokens
    _part: Box
    _ink: Runs
    _trace: Runs
    _labels: Runs

    @property
    def count(self) -> int:
        """Number of regions."""
        return self.points.count

    def frame(self) -> Frame:
        """The drawing, as it was."""
        part, inked = self.ink()
        ink, trace = np.zeros((*self._size, 4), np.uint8), np.zeros(self._size, bool)
        part.crop(ink)[:], part.crop(trace)[:] = inked, self._trace.unpack().astype(bool)
        return Frame(self.number, ink, trace)

    def ink(self) -> tuple[Box, NDArray[np.uint8]]:
        """The part of the drawing that has ink, and its ink there, uint8 hxwx4."""
        return self._part, self._ink.unpack().view(np.uint8).reshape(*self._ink.shape, 4)

    @property
    def _size(self) -> tuple[int, int]:
        return self._part.height, self._part.width

    def regions(self) -> Regions:
        """The drawing's regions, as they were."""
        return Regions.unpack(self._labels, self.count)


def study_drawing(
    number: int,
    rgba: NDArray[np.uint8],
    keyframes: Keyframes,
    runner: Runner,
    settings: Settings,
    digest: str | None = None,
) -> Study:
    """Everything that one drawing (uint8 HxWx4) tells by itself, and by the keys if it is one.

    digest  hash of its pixels, where that is known already.
    """
    frame = read_drawing(number, rgba)
    regions = find_regions(frame, gap_px=settings.gap_px, min_region_px=settings.min_region_px)
    points = sample_points(regions)
    pending = runner.see(look(frame, regions, keyframes.scale), points, votes=settings.fit != "off")
    field = line_field(frame.lines)
    tokens = describe_regions(regions, pending, runner)
    recognized = vote(number, pending.result(), tokens, keyframes, runner)
    packed = frame.ink.view(np.uint32)[..., 0]
    part = Box.around(((packed > 0) | frame.trace).view(np.uint8))
    return Study(
        number,
        digest or hash_pixels(rgba),
        points,
        recognized.votes,
        recognized.nowhere,
        field,
        regions.area,
        outside_regions(regions),
        not frame.lines.any(),
        tokens,
        part,
        Runs.pack(part.crop(packed)),
        Runs.pack(part.crop(frame.trace)),
        regions.runs,
    )


def vote(number: int, seen: Seen, tokens: Tokens, keyframes: Keyframes, runner: Runner) -> Recognized:
    """What the fitted network and the keys' own regions together make of each region.

    Without a fit the network is not asked: it knows nothing that its features do not tell the matcher better.
    """
    assert keyframes.gallery is not None

    def compare(target: Tokens, source: Tokens) -> tuple[Rows, Rows]:
        score, _, nowhere, _ = runner.compare(target.values, source.values, target.contact, source.contact)
        return score, nowhere

    found = keyframes.gallery.vote(number, tokens, len(seen.look) - 1, compare)
    network = None if seen.votes is None else keyframes.expand(seen.votes)
    votes = lean(weigh(network, found.votes, keyframes.poses), keyframes.lean)
    return Recognized(votes, found.nowhere)


def link_studies(earlier: Study, later: Study, runner: Runner) -> Link:
    """How two neighboring drawings share their regions, by flow and match both ways."""
    to_earlier, to_later = compute_flow(later.field, earlier.field)
    back = link_regions(later.points, earlier.regions(), to_earlier, later.field.size)
    ahead = link_regions(earlier.points, later.regions(), to_later, earlier.field.size)
    old, new = earlier.tokens, later.tokens
    score_back, score_ahead, nowhere_new, nowhere_old = runner.compare(
        new.values,
        old.values,
        new.contact,
        old.contact,
        back[np.ix_(new.rows, old.rows)],
        ahead[np.ix_(old.rows, new.rows)],
    )
    return Link(
        back,
        ahead,
        Match(new.rows, old.rows, score_back.astype(np.float16), nowhere_new),
        Match(old.rows, new.rows, score_ahead.astype(np.float16), nowhere_old),
    )
